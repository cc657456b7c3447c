"""Transfers to those whom the exchange owes. Values, no I/O."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

from torvet.billing.bank.model import PayoutAccount
from torvet.billing.model import AccountKind
from torvet.kit.money import Money

PayoutId = NewType("PayoutId", str)
FileId = NewType("FileId", str)


class Stage(StrEnum):
    """How far a payout has come. From ORDERED on its money has left the party's account here."""

    ORDERED = "ordered"
    """It waits for a payment file, or for an account to be paid to."""
    FILED = "filed"
    """It stands in a payment file; the bank has not told of it yet."""
    PAID = "paid"
    """A statement tells that it left."""
    RETURNED = "returned"
    """It came back, and is owed again."""
    CANCELLED = "cancelled"
    """It was taken out before it could be paid, and is owed again."""


LIVE = frozenset({Stage.ORDERED, Stage.FILED})
"""Stages in which it may still leave, for all that we know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """One transfer. `source` says what for, and is used once; `transfer` is its EndToEndId.

    `account` is the party's account here that it was taken from. `to` is fixed when it is put in
    a file; `put_back` is the transaction that undid it. The lines are those of the statements
    that told that it left and that it came back.
    """

    id: PayoutId
    source: str
    transfer: str
    party: str
    account: AccountKind
    amount: Money
    words: str
    stage: Stage
    transaction: str
    made_at: datetime
    made_by: str
    to: PayoutAccount | None = None
    file: FileId | None = None
    put_back: str | None = None
    line_out: str | None = None
    line_back: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A payment file as it was written; sent again it is the same, byte by byte."""

    id: FileId
    made_at: datetime
    made_by: str
    pay_on: date
    document: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSum:
    """A payment file in one currency: `seen` where the bank has told of all that is in it."""

    id: FileId
    made_at: datetime
    pay_on: date
    transfers: int
    amount: Money
    seen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What a party has on one of its accounts, and how much of it can be paid out.

    `held` belongs to sales that are not paid yet or are disputed. `why` says why nothing is paid
    out now, empty where it is.
    """

    party: str
    account: AccountKind
    balance: Money
    held: Money
    why: str = ""

    @property
    def payable(self) -> Money:
        """What is free to be paid; below zero where more was paid than is due by now."""
        return self.balance - self.held


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run of payouts came to: its file, None where nothing could be paid, and who waits."""

    file: FileId | None
    payouts: tuple[Payout, ...]
    waiting: tuple[Due, ...]


class LineKind(StrEnum):
    """What a line of a payout is."""

    SALE = "sale"
    """What a document says of a contract: the provider's part with its VAT."""
    SHARE = "share"
    """What of that goes to those who share in it; to them it is what they get."""
    OTHER = "other"
    """What else moved the account, such as a transfer of held money that came back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutLine:
    """A part of a payout. All its lines are together its amount, to the øre.

    Below zero it takes back what an earlier payout held: its sale was disputed since, or is not
    paid any more. `invoice` is the id of the buyer's document, `document` the number of the
    self-billed one that says the same to the provider.
    """

    kind: LineKind
    invoice: str
    contract: str
    amount: Money
    document: str | None = None
    dataset: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingSale:
    """A sale whose money stays here for now, and why."""

    contract: str
    dataset: str
    document: str | None
    amount: Money
    why: str
