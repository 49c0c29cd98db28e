"""Where events and questions come in: HTTP, topics and uploads."""
