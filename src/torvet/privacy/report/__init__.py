"""A report on one anonymisation, for people: what it costs at which k, and what became of rows."""
