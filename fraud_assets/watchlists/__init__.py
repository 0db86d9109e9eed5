"""Lists from outside, loaded from files or URLs."""
