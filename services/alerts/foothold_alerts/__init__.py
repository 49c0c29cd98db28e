"""Foothold's desk: one case per episode, temporary relief with its deadline, and the caseworkers' inbox."""
