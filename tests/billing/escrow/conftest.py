"""The square of the invoices' tests, with contracts that are paid before they are used."""

from billing.invoices.conftest import square

__all__ = ["square"]
