"""Areas: whom an incident may have hit, and when an area is sliding back."""
