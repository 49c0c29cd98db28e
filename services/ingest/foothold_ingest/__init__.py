"""Foothold's front door: every event is checked strictly, given an identity and written to the one ordered log per household."""
