"""What people may do with a case, who may, and what comes of it."""
