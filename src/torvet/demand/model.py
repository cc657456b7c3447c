"""Data that is wanted: requests, who joins, what is pledged, what is answered. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

from torvet.contracts.clauses import Clause
from torvet.contracts.levels.model import NO_LEVELS, ServiceLevels
from torvet.contracts.orders import NO_ORDER, Order
from torvet.contracts.prices.model import NOTHING, OneOff, Tariff
from torvet.contracts.sentences import Sentence
from torvet.kit.money import Currency, Money
from torvet.parties.model import PartyId

RequestId = NewType("RequestId", str)
PledgeId = NewType("PledgeId", str)
AnswerId = NewType("AnswerId", str)


class Stage(StrEnum):
    """How far a request has come. It only ever goes on, whatever a clock says."""

    OPEN = "open"
    BOUND = "bound"
    PROMISED = "promised"
    FULFILLED = "fulfilled"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"

    def words(self) -> Sentence:
        return _STAGES[self]


_STAGES = {
    Stage.OPEN: Sentence(da="åben", en="open"),
    Stage.BOUND: Sentence(da="målet er nået, tilsagn er bindende", en="reached, pledges bind"),
    Stage.PROMISED: Sentence(da="lovet af en udbyder", en="promised by a provider"),
    Stage.FULFILLED: Sentence(da="opfyldt", en="fulfilled"),
    Stage.LAPSED: Sentence(da="udløbet, tilsagn er frigivet", en="lapsed, pledges are free"),
    Stage.WITHDRAWN: Sentence(da="trukket tilbage", en="withdrawn"),
    Stage.FAILED: Sentence(da="ikke leveret, tilsagn er frigivet", en="failed, pledges are free"),
}

LIVE = frozenset({Stage.OPEN, Stage.BOUND, Stage.PROMISED})
"""Stages in which something can still come of a request."""


class PledgeKind(StrEnum):
    """How a pledge is paid: held in escrow from the start, or invoiced on delivery."""

    PREPAID = "prepaid"
    PROMISE = "promise"


class PledgeStage(StrEnum):
    """What became of a pledge. Those of one request turn `bound`, `paid` or `freed` together.

    A prepaid one is `waiting` until its money is there, and counts from then on.
    """

    WAITING = "waiting"
    MADE = "made"
    BOUND = "bound"
    TAKEN_BACK = "taken-back"
    FREED = "freed"
    PAID = "paid"


STANDING = frozenset({PledgeStage.MADE, PledgeStage.BOUND})
"""Stages in which a pledge counts."""
ALIVE = STANDING | {PledgeStage.WAITING}
"""Stages in which a pledge may still come to something."""


class AnswerStage(StrEnum):
    """What became of a provider's answer."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    DELIVERED = "delivered"
    FAILED = "failed"


class Vote(StrEnum):
    """What the owner or a pledger says of an answer."""

    YES = "yes"
    NO = "no"


class Sort(StrEnum):
    """In which order requests are listed."""

    MONEY = "money"
    NUMBER = "number"
    NEWEST = "newest"
    DEADLINE = "deadline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is wanted, as its owner wrote it. It never changes: who pledged read this."""

    title: Mapping[str, str]
    description: Mapping[str, str]
    purpose: str
    theme: str
    place: str = ""
    period_start: date | None = None
    period_end: date | None = None
    columns: tuple[str, ...] = ()
    """Columns that a delivery has to have."""
    goal: Money | None = None
    """The sum at which all pledges bind; without one no money is pledged."""
    budget: Money | None = None
    """The most that an answer may cost; without one, what is pledged."""
    deadline: datetime
    """Until just before this instant it can be joined, pledged to and taken back."""
    deliver_by: datetime
    """The last instant for a delivery; later than that every pledge is free."""
    circle: tuple[PartyId, ...] | None = None
    """The parties that see it; None is everybody."""

    @property
    def currency(self) -> Currency:
        """Return the currency that is pledged."""
        return Currency.DKK if self.goal is None else self.goal.currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A data request and what came of it so far."""

    id: RequestId
    owner: PartyId
    wanted: Wanted
    stage: Stage
    joined: int
    """How many parties joined, its owner among them."""
    pledged: Money
    """The sum of the pledges that stand."""
    made_at: datetime
    made_by: str | None
    touched_at: datetime
    """The latest moment that anything was done to it: time does not run back behind it."""
    bound_at: datetime | None = None
    closed_at: datetime | None = None
    answer: AnswerId | None = None
    dataset: str | None = None
    reason: str = ""
    version: int = 1

    def is_for(self, party: PartyId | None) -> bool:
        """Say whether `party` may see the request."""
        circle = self.wanted.circle
        return circle is None or party == self.owner or party in circle


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """A party that wants the same, and what for."""

    party: PartyId
    use: str
    purpose: str
    joined_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pledge:
    """Money that a party gives if enough is given together, and if the data comes."""

    id: PledgeId
    request: RequestId
    party: PartyId
    amount: Money
    kind: PledgeKind
    purpose: str
    order: Order = NO_ORDER
    stage: PledgeStage
    share: Money | None = None
    """Its part of the price, once an answer was accepted; without VAT."""
    contract: str | None = None
    hold: str | None = None
    """The money that is held for it, where it is prepaid."""
    settled: bool = False
    """Whether all money that was held has gone where it belongs."""
    made_at: datetime
    made_by: str | None
    closed_at: datetime | None = None

    @property
    def stands(self) -> bool:
        return self.stage in STANDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a provider would deliver, at which price and terms, and by when."""

    id: AnswerId
    request: RequestId
    provider: PartyId
    dataset: str | None
    """The id of a dataset that is there; None is one that is planned."""
    words: str
    price: Money
    """For all pledgers together, without VAT."""
    clauses: tuple[Clause, ...]
    levels: ServiceLevels = NO_LEVELS
    """What every contract that comes of it promises."""
    deliver_by: datetime
    stage: AnswerStage
    votes: Mapping[PartyId, Vote]
    made_at: datetime
    made_by: str | None
    closed_at: datetime | None = None

    @property
    def tariff(self) -> Tariff:
        """Return what all pledgers together pay, once."""
        return paid_once(self.price)


def paid_once(price: Money) -> Tariff:
    """Return the tariff of what is paid once, and of nothing where nothing is."""
    return Tariff(rates=(OneOff(price),)) if price else NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeDemand:
    """What is wanted within one theme and not yet delivered."""

    theme: str
    requests: int
    parties: int
    pledged: tuple[Money, ...]
    """In each currency that is pledged in."""
    goals: tuple[Money, ...]
