"""What Foothold says: transitions, views, areas, disputes, relief."""
