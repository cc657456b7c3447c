"""Ways to be paid: how a payer is asked, how money goes back, what the other side tells of it.

Two adapters: a transfer by the bank, which tells in files, and a card provider over HTTP.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from torvet.kit.errors import ExchangeError, Kind
from torvet.kit.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A payment that is asked for. `id` is used once: asked for again, it is the same one.

    `reference` is what a transfer names; `account` and `payee` are where it goes. `back_to` is
    the page that a payer comes back to.
    """

    id: str
    amount: Money
    words: str
    reference: str
    payee: str
    account: str
    back_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How the payer pays: on a page at `url`, or by a transfer that says `instructions`.

    `session` is the other side's own name of it, None where it has none. `stage` tells whether it
    is paid already, which one that was asked for before may be.
    """

    session: str | None
    url: str | None
    instructions: str | None


class PaymentStage(StrEnum):
    """How far a payment has come on the other side."""

    OPEN = "open"
    PAID = "paid"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSeen:
    """A payment as the other side knows it: `id` is ours, `intent` what a refund names."""

    id: str
    session: str
    stage: PaymentStage
    intent: str | None
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveBack:
    """Money that goes back to who paid. `id` is used once; `intent` is the payment's."""

    id: str
    intent: str
    amount: Money


class RefundStage(StrEnum):
    """How far a refund has come on the other side."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSeen:
    """A refund as the other side knows it: `id` is ours, empty where it was not ours to ask."""

    id: str
    refund: str
    intent: str
    stage: RefundStage
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """Money that a payer's bank took back (or gave again, `returned`), whatever we say."""

    dispute: str
    intent: str
    amount: Money
    returned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CardEvent:
    """What the card provider tells, as it was signed. `about` is None where it is of no concern."""

    id: str
    kind: str
    made_at: datetime
    about: PaymentSeen | RefundSeen | TakenBack | None


class Payments(Protocol):
    """One way to be paid."""

    def ask(self, wanted: Wanted) -> Asked:
        """Ask for a payment; asked again with the same id it is the same payment."""

    def give_back(self, refund: GiveBack) -> RefundSeen:
        """Send money back; asked again with the same id it is sent once."""


class CardPayments(Payments, Protocol):
    """Payments by card, of which the provider tells by webhooks and when it is asked.

    Every call raises PaymentsAway where the provider does not answer, and PaymentsRefused where
    it says no. After PaymentsAway nobody knows what has happened: ask again, with the same id.
    """

    def look(self, session: str) -> PaymentSeen:
        """Return a payment as it is now."""

    def look_refund(self, refund: str) -> RefundSeen:
        """Return a refund as it is now."""

    def read_event(self, body: bytes, signature: str, now: datetime) -> CardEvent:
        """Return what a webhook says; raise EventForged where the provider did not sign it now."""

    def understand(self, body: bytes) -> CardEvent:
        """Return what an event says that was found to be signed before."""


class BankTransfers(Payments, Protocol):
    """Transfers by the bank, which takes payment files and leaves statements."""

    @property
    def connected(self) -> bool:
        """Whether files come and go by themselves; else a person carries them."""

    def send(self, name: str, document: bytes) -> None:
        """Leave a payment file for the bank, whole or not at all; the same one once."""

    def arrived(self) -> Iterator[tuple[str, bytes]]:
        """Give the statements that the bank left, in the order of their names."""

    def taken(self, name: str, *, readable: bool) -> None:
        """Put a statement away that was read, or that cannot be."""


@dataclass(eq=False)
class PaymentsAway(ExchangeError):
    """The card provider does not answer, or only says that it cannot now."""

    kind, code = Kind.UNAVAILABLE, "payments-away"
    advice = "Try again in a minute: what was asked for before is not asked for twice."
    why: str

    def __str__(self) -> str:
        return f"The card provider cannot be reached: {self.why}."


@dataclass(eq=False)
class PaymentsRefused(ExchangeError):
    """The card provider says no."""

    kind, code = Kind.CONFLICT, "payments-refused"
    advice = "Read what it says; the operator finds the request in the provider's own log."
    said: str

    def __str__(self) -> str:
        return f"The card provider refuses: {self.said}."


@dataclass(eq=False)
class EventForged(ExchangeError):
    """A webhook that the card provider did not sign, or signed at another time."""

    kind, code = Kind.INVALID, "event-forged"
    advice = "Give the exchange the secret of this webhook (`card_webhook_secret`), and its clock."
    why: str

    def __str__(self) -> str:
        return f"The event is not taken for the card provider's: {self.why}."


@dataclass(eq=False)
class CardsUnavailable(ExchangeError):
    """This exchange takes no cards."""

    kind, code = Kind.REFUSED, "cards-unavailable"
    advice = "Pay by bank transfer, or ask the operator to set `card_endpoint` and its keys."

    def __str__(self) -> str:
        return "This exchange takes no cards."
