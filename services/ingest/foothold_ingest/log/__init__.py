"""The log: writing to it, and finding in it."""
