"""Foothold's desk: one case per episode, temporary relief, and the inbox.

Relief has its deadline, and the inbox is the caseworkers'.
"""
