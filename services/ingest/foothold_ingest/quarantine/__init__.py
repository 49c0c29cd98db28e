"""What could not be taken: kept, shown, tried again."""
