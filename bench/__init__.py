"""Measurements of the running path."""
