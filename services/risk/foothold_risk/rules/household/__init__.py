"""What a household's facts say: named, versioned and folded."""
