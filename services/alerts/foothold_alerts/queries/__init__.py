"""What pages ask of the database: inbox, lists, projects, counts."""
