"""Money that is held for a party until what it is for has happened. Values, no I/O."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from torvet.billing.model import TransactionId
from torvet.kit.money import Currency, Money

HoldId = NewType("HoldId", str)


class Purpose(StrEnum):
    """What money is held for: the use of a prepaid contract, or a pledge that is binding."""

    PREPAID = "prepaid"
    PLEDGE = "pledge"


class Move(StrEnum):
    """What happened to what is held. The first and the last add to it, the others take of it."""

    HELD = "held"
    """It came in by the bank."""
    RELEASED = "released"
    """It paid an invoice."""
    GIVEN_BACK = "given-back"
    """It left by the bank."""
    PUT_BACK = "put-back"
    """An invoice that it had paid was credited."""

    @property
    def adds(self) -> bool:
        return self in {Move.HELD, Move.PUT_BACK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What is held of one party for one thing.

    `subject` is the id of the contract or pledge; `reference` is what the party writes on its
    transfer. All of a party's holds in a currency are together its escrow account in the books.
    """

    id: HoldId
    party: str
    currency: Currency
    purpose: Purpose
    subject: str
    reference: str
    rest: Money
    opened_at: datetime
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One movement of a hold, and the transaction of the books that it is."""

    key: str
    hold: HoldId
    at: datetime
    move: Move
    amount: Money
    """Above zero, whichever way it goes."""
    transaction: TransactionId
    invoice: str | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What came into a hold by the bank, what of it paid invoices, and what was given back.

    What is left is the first less the two others; what was put back was not used.
    """

    paid_in: Money
    used: Money
    returned: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldStatement:
    """A hold with everything that moved on it, the oldest first."""

    hold: Hold
    moves: tuple[Moved, ...]
