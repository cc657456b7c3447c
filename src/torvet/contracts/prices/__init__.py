"""Prices: what they are, as JSON, as text, and in words."""
