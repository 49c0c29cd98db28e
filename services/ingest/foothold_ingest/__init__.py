"""Foothold's front door, which checks every event strictly.

Each is given an identity and written to the one ordered log per household.
"""
