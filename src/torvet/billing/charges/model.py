"""What a contract was charged, as it stands in the books of charges. Values, no I/O."""

from dataclasses import dataclass
from datetime import date, datetime

from torvet.billing.charging import ChargeKey
from torvet.kit.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was charged under one key so far, in all its portions."""

    counted: int
    amount: Money
    portions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """What one derivation adds to the charge of `key`; below zero it takes back."""

    key: ChargeKey
    number: int
    counted: int
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """One portion of a charge as it stands; never changed, and invoiced with its sheet."""

    sheet: int
    key: ChargeKey
    portion: int
    counted: int
    """Rows, bytes, requests or answers, where it is for use."""
    amount: Money
    dataset: str
    provider: str
    consumer: str
    derived_at: datetime
    invoice: str | None = None

    @property
    def contract(self) -> str:
        return self.key.contract

    @property
    def id(self) -> str:
        """Return its name, such as `ct_…:use:row:2026-06-01T12Z#0`."""
        return f"{self.key}#{self.portion}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What one derivation added to one month of one contract: it is invoiced as a whole."""

    id: int
    contract: str
    month: date
    dataset: str
    provider: str
    consumer: str
    amount: Money
    charges: int
    derived_at: datetime
    invoice: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLine:
    """The charges of one sheet for one cause and meter, together: what an invoice says of them."""

    sheet: Sheet
    cause: str
    meter: str
    first_begin: datetime
    last_begin: datetime
    counted: int
    amount: Money
