"""Terms, prices, levels and orders as they are entered on pages."""
