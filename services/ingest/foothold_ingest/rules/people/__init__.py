"""Names, numbers and places of people."""
