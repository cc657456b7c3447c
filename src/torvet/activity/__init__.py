"""Everything that the exchange holds about a party, for that party to take home."""

from .service import take_home

__all__ = ["take_home"]
