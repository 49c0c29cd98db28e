"""Files agencies upload: kept whole until they are worked through, read in a process of their own, judged row by row like every event."""
