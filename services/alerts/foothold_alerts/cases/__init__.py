"""Cases, moved by transitions and people: measures, relief, what is to settle."""
