"""Cells instead of rows: rules, one set of units per window, secondary suppression, audit."""
