"""Areas that slide back, and what struck them."""
