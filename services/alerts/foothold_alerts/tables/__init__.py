"""The database's tables, and rows as typed values."""
