"""What agencies and people say, as it is sent and as it stands in the log."""
