"""What Foothold's services say to one another.

Models, codec and topic cards only: no clients, settings, logging or helpers.
"""
