"""The broker: topics from their cards."""
