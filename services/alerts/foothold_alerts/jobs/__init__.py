"""Work that waits for its hour: deadlines, notices, words to risk."""
