"""From a file's rows to events."""
