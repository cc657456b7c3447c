"""The market square with a bank, of the tests of payments."""

from ..payments.conftest import bank, market

__all__ = ["bank", "market"]
