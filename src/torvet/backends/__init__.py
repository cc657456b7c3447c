"""Adapters of the real parts. Only `torvet.exchange` opens them."""
