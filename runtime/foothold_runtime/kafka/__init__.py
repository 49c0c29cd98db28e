"""Topics read and written: members of groups, batches, limits, and what must hold of a topic."""
