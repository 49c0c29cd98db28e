"""Foothold seen from outside: replays real households through the public door and watches what comes of it. Imports no service."""
