"""Foothold seen from outside.

It replays real households through the public door and watches what comes of it. It imports no
service.
"""
