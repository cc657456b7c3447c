"""What can go wrong with charges, as who invoices them can act on it."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class SheetsBilled(ExchangeError):
    """Charges are on an invoice already, or are not there."""

    kind, code = Kind.CONFLICT, "charges-billed"
    advice = "Look at what waits for an invoice now: another run took it."
    invoice: str
    count: int

    def __str__(self) -> str:
        return f"{self.count} sheets of charges cannot be on {self.invoice}: another has them."
