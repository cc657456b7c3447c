"""Streams about people: pseudonyms that change, coarser time and place, and what is refused."""
