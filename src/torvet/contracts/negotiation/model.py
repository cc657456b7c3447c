"""A negotiation and its rounds, as values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from torvet.contracts.model import ContractId, Offer, OfferId
from torvet.contracts.orders import Order
from torvet.contracts.sentences import Sentence
from torvet.parties.model import PartyId

NegotiationId = NewType("NegotiationId", str)


class Side(StrEnum):
    """Who speaks."""

    CONSUMER = "consumer"
    PROVIDER = "provider"

    @property
    def other(self) -> "Side":
        return Side.PROVIDER if self is Side.CONSUMER else Side.CONSUMER


class NegotiationStage(StrEnum):
    """How far two parties have come."""

    OPEN = "open"
    AGREED = "agreed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one side proposed: whole terms, never a part, and some words with them."""

    number: int
    side: Side
    terms: Offer
    words: str
    at: datetime
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiation:
    """What two parties say to each other about an offer; the newest round is what is on the table.

    `purpose` and `order` are the consumer's, as in an acceptance.
    """

    id: NegotiationId
    start: OfferId
    dataset: str
    provider: PartyId
    consumer: PartyId
    purpose: str
    order: Order
    stage: NegotiationStage
    rounds: int
    last_side: Side
    opened_at: datetime
    ended_at: datetime | None = None
    contract: ContractId | None = None
    reason: str = ""

    @property
    def turn(self) -> Side | None:
        """Return who may agree to what is on the table, None where it is over."""
        return self.last_side.other if self.stage is NegotiationStage.OPEN else None

    def side_of(self, party: PartyId | None) -> Side | None:
        """Return which side `party` is, None where it is neither."""
        sides = {self.consumer: Side.CONSUMER, self.provider: Side.PROVIDER}
        return None if party is None else sides.get(party)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that two sets of terms say otherwise; None is where one says nothing of it."""

    about: str
    before: Sentence | None
    after: Sentence | None
