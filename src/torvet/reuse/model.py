"""What data was used for, what it was good for, and what its readers think of it. No I/O."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from torvet.contracts.sentences import Sentence
from torvet.parties.model import PartyId

UseId = NewType("UseId", str)
ThanksId = NewType("ThanksId", str)
ReviewId = NewType("ReviewId", str)


class Unit(StrEnum):
    """What a benefit is counted in. No two are ever added up."""

    KG_CO2E = "kg-co2e"
    HOURS = "hours"
    KWH = "kwh"
    DKK = "dkk"
    EUR = "eur"
    PEOPLE = "people"

    def words(self) -> Sentence:
        return _UNITS[self]


_UNITS = {
    Unit.KG_CO2E: Sentence(en="kg CO₂e not emitted", da="kg CO₂e ikke udledt"),
    Unit.HOURS: Sentence(en="hours saved", da="timer sparet"),
    Unit.KWH: Sentence(en="kWh saved", da="kWh sparet"),
    Unit.DKK: Sentence(en="kroner saved or earned", da="kroner sparet eller tjent"),
    Unit.EUR: Sentence(en="euro saved or earned", da="euro sparet eller tjent"),
    Unit.PEOPLE: Sentence(en="people helped", da="mennesker hjulpet"),
}


class Shown(StrEnum):
    """As whom a consumer stands in its provider's statement and before everybody."""

    NAMED = "named"
    KIND = "kind"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit:
    """What a use was good for: a best amount between a least and a most, and how it was found."""

    unit: Unit
    low: Decimal
    amount: Decimal
    high: Decimal
    method: str
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One use of one dataset under one contract, as its consumer states it."""

    id: UseId
    contract: str
    dataset: str
    provider: PartyId
    consumer: PartyId
    purpose: str
    title: str
    words: str
    period_start: date
    period_end: date
    benefits: tuple[Benefit, ...]
    link: str = ""
    counted_with: UseId | None = None
    """Another use of the consumer that counts the same benefit, wholly or in part."""
    shown: Shown
    public: bool
    stated_at: datetime
    stated_by: str | None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitSum:
    """Benefits in one unit together: no more is claimed than what they say for certain.

    `overlapping` of the `uses` may count the same benefit more than once: they count once in `low`
    and in `amount`, and each for itself in `high`.
    """

    unit: Unit
    low: Decimal
    amount: Decimal
    high: Decimal
    uses: int
    overlapping: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gratitude:
    """Thanks from a consumer to a provider."""

    id: ThanksId
    contract: str
    dataset: str
    provider: PartyId
    consumer: PartyId
    words: str
    shown: Shown
    public: bool
    said_at: datetime
    said_by: str | None


STARS_MAX = 5
CRITERIA = ("quality", "freshness", "documentation", "support")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stars:
    """One to five for each criterion."""

    quality: int
    freshness: int
    documentation: int
    support: int

    def by_criterion(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in CRITERIA}


class ReviewStage(StrEnum):
    """Whether a review is read by others."""

    SHOWN = "shown"
    WITHDRAWN = "withdrawn"
    HIDDEN = "hidden"


class Side(StrEnum):
    """Who wrote a version: the review's author, or the provider who answers."""

    AUTHOR = "author"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a party that read the data under a contract thinks of it, and the provider's answer."""

    id: ReviewId
    contract: str
    dataset: str
    provider: PartyId
    author: PartyId
    stage: ReviewStage
    stars: Stars
    words: str
    answer: str | None = None
    versions: int = 1
    answer_versions: int = 0
    reason: str = ""
    """Why the operator hid it."""
    made_at: datetime
    changed_at: datetime
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewVersion:
    """One version of a review or of its answer."""

    side: Side
    version: int
    stars: Stars | None
    words: str
    at: datetime
