"""How Foothold is put to work. Nothing a service imports."""
