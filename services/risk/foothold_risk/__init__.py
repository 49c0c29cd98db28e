"""Foothold's judge: folds facts into households and says who enters, changes and leaves a priority group, and why."""
