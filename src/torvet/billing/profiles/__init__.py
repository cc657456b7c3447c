"""Whom invoices are written to and money is paid to: the billing details of parties."""
