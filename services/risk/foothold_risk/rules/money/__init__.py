"""What the facts come to: figures month by month, where each comes from, and where they lead."""
