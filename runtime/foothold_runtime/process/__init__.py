"""A process from its first line to its last: command line, life, and why it cannot go on."""
