"""What holds for all households: feeds, incidents, and what made risk look."""
