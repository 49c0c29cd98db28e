"""What risk says: judged, put into words in both languages, and shaped as messages. Pure."""
