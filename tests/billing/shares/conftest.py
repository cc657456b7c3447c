"""The market square with a bank, of the tests of payments."""

from billing.payments.conftest import bank, market

__all__ = ["bank", "market"]
