"""Money that goes out: what is due to whom, the payment file, and what the bank says of it."""
