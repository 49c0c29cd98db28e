"""The caseworkers' pages: rendered on the server, Chinese first and English beside it."""
