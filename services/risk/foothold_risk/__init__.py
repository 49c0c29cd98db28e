"""Foothold's judge, which folds facts into households.

It says who enters, changes and leaves a priority group, and why.
"""
