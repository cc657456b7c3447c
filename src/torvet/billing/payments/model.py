"""Lines of bank statements, card payments, and what a person says of them. Values, no I/O."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

from torvet.kit.money import Money

CardPaymentId = NewType("CardPaymentId", str)


class Stage(StrEnum):
    """What has become of a line."""

    WAITING = "waiting"
    """A person says what it is."""
    BOOKED = "booked"
    """It has its transaction in the books."""
    APART = "apart"
    """It moves no money of the books: the operator's own, or card money that is booked already."""


class Meaning(StrEnum):
    """What a line is."""

    INVOICE = "invoice"
    HELD = "held"
    PAYOUT = "payout"
    RETURN = "return"
    COST = "cost"
    CARD = "card"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a statement, as the bank said it, and what came of it.

    `named` are its references, `words` what was written freely, `other` who is on the other side.
    `about` is what it pays: an invoice's number, a hold's or a payout's id, or a reason.
    """

    key: str
    account: str
    statement: str
    booked_on: date
    amount: Money
    named: tuple[str, ...]
    words: str
    other: str | None
    other_account: str | None
    stage: Stage
    why: str
    meaning: Meaning | None = None
    about: str | None = None
    transaction: str | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaysInvoices:
    """The line pays these invoices, by number or id; the first with all that the others leave.

    Less than is owed leaves the rest open; more is owed back to the buyer.
    """

    invoices: tuple[tuple[str, Money | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fills:
    """The line is money to be held: `hold` is its id or its reference."""

    hold: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IsPayout:
    """The line is a payout that left or, where money came in, that came back."""

    payout: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IsCost:
    """The line is what bank or card provider take, or interest that the bank gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IsCardMoney:
    """The line is the card provider's transfer of payments that are booked already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IsApart:
    """The line is not the exchange's business, for a reason that is kept."""

    reason: str


Decision = PaysInvoices | Fills | IsPayout | IsCost | IsCardMoney | IsApart


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptStatement:
    """A statement that was read; balances as the bank says them."""

    account: str
    id: str
    file: str
    opening: Money | None
    closing: Money | None
    closes_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What reading a file came to. `known` files and lines were read before."""

    file: str
    known: bool
    lines: int
    fresh: int
    booked: int
    waiting: int


class CardStage(StrEnum):
    """How far a payment by card has come."""

    ASKED = "asked"
    """It was asked for, and nobody knows whether the provider heard."""
    OPEN = "open"
    PAID = "paid"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPayment:
    """A payment by card of one invoice."""

    id: CardPaymentId
    party: str
    invoice: str
    amount: Money
    stage: CardStage
    asked_at: datetime
    asked_by: str
    session: str | None = None
    url: str | None = None
    intent: str | None = None
    transaction: str | None = None


class CardRefundStage(StrEnum):
    """How far a refund to a card has come."""

    ASKED = "asked"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRefund:
    """Money that goes back to a card; `put_back` is the transaction that undid it."""

    id: str
    payment: CardPaymentId
    amount: Money
    reason: str
    stage: CardRefundStage
    transaction: str
    asked_at: datetime
    asked_by: str
    refund: str | None = None
    put_back: str | None = None
