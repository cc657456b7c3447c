"""Documents that were issued, and the sales behind them. Values, no I/O."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

from torvet.kit.money import Money

from .errors import Fault
from .model import Kind

InvoiceId = NewType("InvoiceId", str)

SALES, CREDIT_NOTES, SELF_BILLS, SELF_BILLED_CREDIT_NOTES = "F-", "K-", "A-", "AK-"
"""The four series of numbers, by their prefix."""

SERIES = {
    Kind.INVOICE: SALES,
    Kind.CREDIT_NOTE: CREDIT_NOTES,
    Kind.SELF_BILLED_INVOICE: SELF_BILLS,
    Kind.SELF_BILLED_CREDIT_NOTE: SELF_BILLED_CREDIT_NOTES,
}


class Status(StrEnum):
    """How far an invoice has come. A credit note is CREDITED from the beginning."""

    OPEN = "open"
    PAID = "paid"
    CREDITED = "credited"


class Standing(StrEnum):
    """What is looked for among documents: something is owed, all is paid, or too much."""

    OPEN = "open"
    PAID = "paid"
    OVERPAID = "overpaid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What came in for a document, below zero what went back; `kind` is that of the posting."""

    at: datetime
    amount: Money
    kind: str
    transaction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedInvoice:
    """A document as it was issued, and what has happened to it since.

    `party_from` sells and `party_to` buys; either is HOUSE where it is the exchange. `paid` is what
    came in for an invoice, and what went out for a self-billed one. `credited` is what credit notes
    took back, VAT included. `transaction` is that of the books, empty where the document was posted
    with the sales that it is for.
    """

    id: InvoiceId
    number: str
    kind: Kind
    party_from: str
    party_to: str
    net: Money
    vat: Money
    issued_on: date
    issued_at: datetime
    due_on: date | None
    reference: str
    rules: str
    language: str
    preceding: InvoiceId | None
    transaction: str
    digest: bytes
    paid: Money
    credited: Money
    credited_net: Money

    @property
    def gross(self) -> Money:
        """What it comes to with VAT."""
        return self.net + self.vat

    @property
    def owed(self) -> Money:
        """What is left to pay; below zero where too much was paid. Nothing of a credit note."""
        if self.kind.gives_back:
            return Money.zero(self.net.currency)
        return self.gross - self.credited - self.paid

    @property
    def status(self) -> Status:
        """Credited where nothing is left of it, paid where nothing is left to pay."""
        if self.kind.gives_back or self.credited_net == self.net:
            return Status.CREDITED
        return Status.OPEN if self.owed.minor > 0 else Status.PAID


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """What a document says of one contract; `net` is `fee` and `share`, a credit note's below zero.

    `share` is the provider's part without VAT, and `share_vat` the VAT on it. `self_bill` is the
    document that tells the provider, None where nothing is left for it. `sale` is the invoice that
    all of it began with.
    """

    invoice: InvoiceId
    sale: InvoiceId
    self_bill: InvoiceId | None
    contract: str
    dataset: str
    provider: str
    consumer: str
    net: Money
    fee: Money
    share: Money
    share_vat: Money

    @property
    def payable(self) -> Money:
        """What the provider is owed of it, VAT included."""
        return self.share + self.share_vat


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Charges that cannot be invoiced yet: whose, how much, and all reasons why.

    `party` is who can mend it: the consumer, the provider, or HOUSE for the operator.
    """

    party: str
    consumer: str
    contracts: tuple[str, ...]
    amount: Money
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A month whose run is over: how many invoices it issued, and what had to wait then."""

    month: str
    ended_at: datetime
    issued: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """What a run has issued, and what has to wait."""

    invoices: tuple[InvoiceId, ...]
    self_bills: tuple[InvoiceId, ...]
    waiting: tuple[Waiting, ...]
