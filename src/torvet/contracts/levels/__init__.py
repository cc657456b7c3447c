"""Service levels: what is promised, as JSON and in words."""
