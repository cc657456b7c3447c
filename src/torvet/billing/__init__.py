"""Prices, books, invoices: what is owed, and what was paid."""
