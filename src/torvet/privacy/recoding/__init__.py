"""Optimal full-domain recoding: hierarchies, models, the search, and what it did to the data."""
