"""Invoices: drafted from charges, checked, written as UBL 2.1 and as a PDF, read back."""
