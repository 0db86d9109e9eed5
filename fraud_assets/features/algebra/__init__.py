"""Arithmetic over events as arrays: compiled loops, windows, the recent events, statistics. No payment, no label."""
