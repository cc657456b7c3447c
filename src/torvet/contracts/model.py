"""What two parties have agreed. Nothing here knows where it is kept or who asks for it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from torvet.kit import filters
from torvet.kit.canonical import canonical
from torvet.kit.filters import Filter
from torvet.parties.model import PartyId

from .clauses import Clause, Columns, RowFilter, Validity
from .levels.model import NO_LEVELS, ServiceLevels
from .orders import NO_ORDER, Order
from .prices.model import FREE, NOTHING, Price, Tariff
from .sentences import Sentence

OfferId = NewType("OfferId", str)
ContractId = NewType("ContractId", str)

IDENTITY = "all"
"""The key of the projection that leaves nothing out."""

_KEY_LENGTH = 20


class Approval(StrEnum):
    """How a consumer comes from an offer to a contract."""

    AT_ONCE = "at-once"
    ON_REQUEST = "on-request"


class OfferStage(StrEnum):
    """Whether an offer can be accepted."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"
    PROPOSED = "proposed"
    """Terms of a round of a negotiation, which its two parties alone see."""


class Stage(StrEnum):
    """How far a contract has come. Only an agreed one allows anything."""

    REQUESTED = "requested"
    AGREED = "agreed"
    REFUSED = "refused"
    REVOKED = "revoked"
    ENDED = "ended"

    def words(self) -> Sentence:
        return _STAGES[self]


_STAGES = {
    Stage.REQUESTED: Sentence(da="afventer udbyderens svar", en="waiting for the provider"),
    Stage.AGREED: Sentence(da="indgået", en="agreed"),
    Stage.REFUSED: Sentence(da="afvist", en="refused"),
    Stage.REVOKED: Sentence(da="tilbagekaldt", en="revoked"),
    Stage.ENDED: Sentence(da="ophørt", en="ended"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Terms under which a provider makes a dataset available. They never change; see `digest`."""

    id: OfferId
    dataset: str
    provider: PartyId
    title: str
    clauses: tuple[Clause, ...]
    approval: Approval
    audience: tuple[PartyId, ...] | None
    """The parties that may accept; None is everyone who sees the dataset."""
    price: Price = FREE
    levels: ServiceLevels = NO_LEVELS
    stage: OfferStage = OfferStage.OPEN
    made_at: datetime
    made_by: str | None
    digest: str
    """SHA-256 of the terms, so that a buyer can say what was seen."""
    version: int = 1

    @property
    def projection(self) -> "Projection":
        """Return the part of every release that this offer shows."""
        return projection_of_clauses(self.clauses)

    def is_for(self, party: PartyId | None) -> bool:
        """Say whether `party` may accept the offer, as far as its audience goes."""
        return self.audience is None or party in self.audience


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """An offer that a consumer accepted, or asked to; its terms are its own copy."""

    id: ContractId
    offer: OfferId
    dataset: str
    provider: PartyId
    consumer: PartyId
    purpose: str
    note: str
    clauses: tuple[Clause, ...]
    stage: Stage
    share: str
    tariff: Tariff = NOTHING
    levels: ServiceLevels = NO_LEVELS
    order: Order = NO_ORDER
    requested_at: datetime
    requested_by: str | None
    agreed_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str = ""
    version: int = 1

    @property
    def projection(self) -> "Projection":
        """Return the part of every release that this contract shows."""
        return projection_of(self)

    @property
    def ends_at(self) -> datetime | None:
        """Return the first instant at which validity is over, or None where it never is."""
        return end_of(self.clauses)

    def concerns(self, party: PartyId | None) -> bool:
        """Say whether `party` is one of the two whose contract this is."""
        return party is not None and party in {self.provider, self.consumer}


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """The columns and rows of a release that someone may read; equal ones share a table."""

    columns: tuple[str, ...] | None = None
    """Sorted names, or None for all columns."""
    filter: Filter | None = None

    @property
    def key(self) -> str:
        """Return `all`, or a short digest that names this projection wherever it is asked for."""
        if self.columns is None and self.filter is None:
            return IDENTITY
        shown = {
            "columns": self.columns,
            "filter": None if self.filter is None else filters.to_json(self.filter),
        }
        return hashlib.sha256(canonical(shown)).hexdigest()[:_KEY_LENGTH]

    def shows(self, column: str) -> bool:
        """Say whether any value of `column` is in it."""
        return self.columns is None or column in self.columns


def projection_of(contract: Contract) -> Projection:
    """Return what `contract` shows of a release: each clause can only leave out more."""
    return projection_of_clauses(contract.clauses)


def projection_of_clauses(clauses: tuple[Clause, ...]) -> Projection:
    """Return the columns that every clause names, and the rows that pass every filter."""
    columns: frozenset[str] | None = None
    conditions: list[Filter] = []
    for clause in clauses:
        match clause:
            case Columns(names):
                columns = frozenset(names) if columns is None else columns & frozenset(names)
            case RowFilter(condition):
                conditions.append(condition)
            case _:
                continue
    return Projection(
        columns=None if columns is None else tuple(sorted(columns)), filter=_all_of(conditions)
    )


def _all_of(conditions: list[Filter]) -> Filter | None:
    if not conditions:
        return None
    return conditions[0] if len(conditions) == 1 else filters.And(tuple(conditions))


def end_of(clauses: tuple[Clause, ...]) -> datetime | None:
    """Return the earliest end among the validity clauses."""
    ends = [c.end for c in clauses if isinstance(c, Validity) and c.end is not None]
    return min(ends, default=None)
