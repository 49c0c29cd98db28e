"""Money that helps: what it is for, how much is allowed, and what is to settle."""
