"""Offers and contracts as ODRL policies, written and read."""
