"""What the interface answers about reuse and reviews."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Self

from pydantic import BaseModel, Field
from sqlalchemy import Connection

from torvet import parties
from torvet.catalogue import Rating
from torvet.contracts import Words, purpose_label
from torvet.metering import Count
from torvet.parties import Party, PartyId, PartyKind

from .model import (
    CRITERIA,
    Benefit,
    BenefitSum,
    Gratitude,
    Review,
    ReviewStage,
    ReviewVersion,
    Shown,
    Side,
    Unit,
    Use,
)
from .reading import DatasetReuse, Reuse, Statement


class WhoSheet(BaseModel):
    """A consumer, as far as it agrees to be told of: its name, its kind, or nothing."""

    name: str | None
    slug: str | None
    kind: PartyKind | None

    @property
    def said(self) -> str:
        """Return what a page calls it."""
        if self.name:
            return self.name
        return _KINDS[self.kind] if self.kind else "Somebody"

    @classmethod
    def of(cls, party: Party | None, shown: Shown) -> Self:
        if party is None or shown is Shown.ANONYMOUS:
            return cls(name=None, slug=None, kind=None)
        if shown is Shown.KIND:
            return cls(name=None, slug=None, kind=party.kind)
        return cls(name=party.name, slug=party.slug, kind=party.kind)


_KINDS = {
    PartyKind.PUBLIC: "A public body",
    PartyKind.PRIVATE: "A company",
    PartyKind.RESEARCH: "A research institution",
    PartyKind.CITIZEN: "A citizen",
}


class _InUnit(BaseModel):
    """Something good, in its unit, with its least and its most."""

    unit: Unit
    unit_words: Words
    low: Decimal
    amount: Decimal
    high: Decimal

    @classmethod
    def of(cls, one: Benefit | BenefitSum) -> Self:
        told = {name: getattr(one, name) for name in cls.model_fields if name != "unit_words"}
        return cls(unit_words=Words.of(one.unit.words()), **told)


class BenefitSheet(_InUnit):
    """A benefit with its least and its most, and how it was found."""

    method: str
    evidence: str


class BenefitSumSheet(_InUnit):
    """Benefits in one unit together."""

    low: Decimal = Field(description="What it is at least: what may be the same counts once.")
    high: Decimal = Field(description="What it is at most: everything counts.")
    uses: int
    overlapping: int = Field(description="Uses that may count the same benefit more than once.")


class UseSheet(BaseModel):
    """A use as others see it; `contract` only where it is told to who stated it."""

    id: str
    dataset: str
    who: WhoSheet
    contract: str | None
    purpose: str
    purpose_words: Words
    title: str
    words: str
    period_start: date
    period_end: date
    benefits: list[BenefitSheet]
    link: str
    counted_with: str | None
    shown: Shown | None = Field(description="Told to who stated it.")
    public: bool
    stated_at: datetime


class UsesSheet(BaseModel):
    """Uses, newest first, and their benefits together."""

    items: list[UseSheet]
    benefits: list[BenefitSumSheet]


class GratitudeSheet(BaseModel):
    """Thanks to a provider."""

    who: WhoSheet
    words: str
    public: bool
    said_at: datetime


class RatingSheet(BaseModel):
    """What reviews say together: never without how many there are."""

    reviews: int
    mean: str = Field(description="Stars of 5, over all criteria, to a tenth.")
    criteria: dict[str, str]

    @classmethod
    def of(cls, rating: Rating | None) -> Self | None:
        if rating is None:
            return None
        return cls(
            reviews=rating.reviews,
            mean=rating.mean,
            criteria={name: rating.mean_of(name) for name in CRITERIA},
        )


class PurposeTally(BaseModel):
    """How many contracts there are for one purpose."""

    purpose: str
    words: Words
    contracts: int


class ReuseSheet(BaseModel):
    """What everybody may know of the reuse of a dataset."""

    contracts: int
    purposes: list[PurposeTally]
    uses: list[UseSheet]
    benefits: list[BenefitSumSheet]
    thanks: list[GratitudeSheet]
    thanked: int
    rating: RatingSheet | None


class UsedSheet(BaseModel):
    """What was delivered."""

    rows: int
    bytes: int
    requests: int

    @classmethod
    def of(cls, count: Count) -> Self:
        return cls(rows=count.rows, bytes=count.bytes, requests=count.requests)


class DatasetReuseSheet(BaseModel):
    """What a provider's year was for one dataset."""

    dataset: str
    title: dict[str, str]
    contracts: int
    consumers: int
    kinds: dict[PartyKind, int] = Field(description="Consumers by what they are.")
    purposes: list[PurposeTally]
    used: UsedSheet
    uses: list[UseSheet]
    benefits: list[BenefitSumSheet]
    thanks: list[GratitudeSheet]
    rating: RatingSheet | None


class StatementSheet(BaseModel):
    """A provider's year: who used what for what, as far as they agree to be told."""

    provider: str
    provider_slug: str
    year: int
    start: datetime
    end: datetime
    made_at: datetime
    contracts: int
    consumers: int
    used: UsedSheet
    benefits: list[BenefitSumSheet]
    named: list[str] = Field(description="Names of those who agree to be named.")
    datasets: list[DatasetReuseSheet]
    notes: list[Words] = Field(description="How to read the numbers.")


class ReviewSheet(BaseModel):
    """A review and the provider's answer. What is hidden has a reason and no words."""

    id: str
    author: WhoSheet
    stage: ReviewStage
    stars: dict[str, int] | None
    words: str | None
    reason: str
    version: int
    answer: str | None
    answer_version: int
    made_at: datetime
    changed_at: datetime
    answered_at: datetime | None

    @classmethod
    def of(cls, review: Review, author: Party | None) -> Self:
        hidden = review.stage is ReviewStage.HIDDEN
        citizen = author is not None and author.kind is PartyKind.CITIZEN
        return cls(
            id=review.id,
            author=WhoSheet.of(author, Shown.KIND if citizen else Shown.NAMED),
            stage=review.stage,
            stars=None if hidden else review.stars.by_criterion(),
            words=None if hidden else review.words,
            reason=review.reason,
            version=review.versions,
            answer=None if hidden else review.answer,
            answer_version=review.answer_versions,
            made_at=review.made_at,
            changed_at=review.changed_at,
            answered_at=review.answered_at,
        )


class ReviewsSheet(BaseModel):
    """The reviews of a dataset, newest first, and what they say together."""

    items: list[ReviewSheet]
    rating: RatingSheet | None
    next: str | None


class ReviewVersionSheet(BaseModel):
    """One version of a review or of its answer."""

    side: Side
    version: int
    stars: dict[str, int] | None
    words: str
    at: datetime

    @classmethod
    def of(cls, one: ReviewVersion) -> Self:
        stars = None if one.stars is None else one.stars.by_criterion()
        return cls(side=one.side, version=one.version, stars=stars, words=one.words, at=one.at)


class ReviewHistorySheet(BaseModel):
    """Every version of a review and of its answer, the oldest first."""

    items: list[ReviewVersionSheet]


NOTES = (
    Words(
        en="A contract counts where it was in force at some time of the year; a use where its "
        "period ends in it; what was read when it was read, in the days of Copenhagen.",
        da="En kontrakt tæller, hvis den gjaldt på et tidspunkt i året; en brug, hvis dens periode "
        "slutter i det; læsninger, når de skete, efter døgn i København.",
    ),
    Words(
        en="Benefits are what consumers state, with their least and their most. Units are never "
        "mixed. What one consumer states for overlapping times may be the same benefit: it counts "
        "once in the least and in the amount, and wholly in the most.",
        da="Gevinster er det, forbrugerne selv oplyser, med mindst og højst. Enheder blandes ikke. "
        "Det, en forbruger oplyser for overlappende tider, kan være den samme gevinst: det tæller "
        "én gang i mindst og i beløbet og fuldt ud i højst.",
    ),
    Words(
        en="Who agreed to it is named; others are told of by their kind, or not at all.",
        da="De, der har sagt ja til det, er nævnt ved navn; andre ved deres art eller slet ikke.",
    ),
)

TAKEN_NOTES = NOTES[:2]
"""What is said of a consumer's own year: there is nobody in it to be named or not."""


def use_sheets(
    uses: Sequence[Use],
    slugs: Mapping[str, str],
    known: Mapping[PartyId, Party] | Mapping[str, Party],
    *,
    own: bool = False,
) -> list[UseSheet]:
    """Return uses as others see them, or with `own` as who stated them does."""
    people: Mapping[str, Party] = {str(one): party for one, party in known.items()}
    return [
        UseSheet(
            id=use.id,
            dataset=slugs.get(use.dataset, use.dataset),
            who=WhoSheet.of(people.get(use.consumer), Shown.NAMED if own else use.shown),
            contract=use.contract if own else None,
            purpose=use.purpose,
            purpose_words=_label(use.purpose),
            title=use.title,
            words=use.words,
            period_start=use.period_start,
            period_end=use.period_end,
            benefits=[BenefitSheet.of(one) for one in use.benefits],
            link=use.link,
            counted_with=use.counted_with if own else None,
            shown=use.shown if own else None,
            public=use.public,
            stated_at=use.stated_at,
        )
        for use in uses
    ]


def gratitude_sheets(
    thanks: Sequence[Gratitude], known: Mapping[PartyId, Party] | Mapping[str, Party]
) -> list[GratitudeSheet]:
    """Return thanks as their provider sees them."""
    people: Mapping[str, Party] = {str(one): party for one, party in known.items()}
    return [
        GratitudeSheet(
            who=WhoSheet.of(people.get(one.consumer), one.shown),
            words=one.words,
            public=one.public,
            said_at=one.said_at,
        )
        for one in thanks
    ]


def reuse_sheet(tx: Connection, reuse: Reuse, slug: str) -> ReuseSheet:
    """Return what everybody may know of the reuse of a dataset."""
    told: list[Use | Gratitude] = [*reuse.uses, *reuse.thanks]
    known = parties.parties_by_id(tx, [one.consumer for one in told])
    slugs = {use.dataset: slug for use in reuse.uses}
    return ReuseSheet(
        contracts=reuse.contracts,
        purposes=tallies(reuse.purposes),
        uses=use_sheets(reuse.uses, slugs, known),
        benefits=[BenefitSumSheet.of(one) for one in reuse.benefits],
        thanks=gratitude_sheets(reuse.thanks, known),
        thanked=reuse.thanked,
        rating=RatingSheet.of(reuse.rating),
    )


def statement_sheet(statement: Statement) -> StatementSheet:
    """Return a provider's year."""
    told: list[Use | Gratitude] = []
    for dataset in statement.datasets:
        told += [*dataset.uses, *dataset.thanks]
    named = {one.consumer for one in told if one.shown is Shown.NAMED}
    return StatementSheet(
        provider=statement.provider.name,
        provider_slug=statement.provider.slug,
        year=statement.year,
        start=statement.start,
        end=statement.end,
        made_at=statement.made_at,
        contracts=statement.contracts,
        consumers=statement.consumers,
        used=UsedSheet.of(statement.used),
        benefits=[BenefitSumSheet.of(one) for one in statement.benefits],
        named=sorted(statement.known[one].name for one in named if one in statement.known),
        datasets=[_dataset_sheet(one, statement) for one in statement.datasets],
        notes=list(NOTES),
    )


def _dataset_sheet(one: DatasetReuse, statement: Statement) -> DatasetReuseSheet:
    return DatasetReuseSheet(
        dataset=one.dataset.slug,
        title=dict(one.dataset.title),
        contracts=one.contracts,
        consumers=one.consumers,
        kinds=one.kinds,
        purposes=tallies(one.purposes),
        used=UsedSheet.of(one.used),
        uses=use_sheets(one.uses, {one.dataset.id: one.dataset.slug}, statement.known),
        benefits=[BenefitSumSheet.of(each) for each in one.benefits],
        thanks=gratitude_sheets(one.thanks, statement.known),
        rating=RatingSheet.of(one.rating),
    )


def tallies(purposes: Mapping[str, int]) -> list[PurposeTally]:
    """Return how many contracts there are for which purpose, in words."""
    return [
        PurposeTally(purpose=code, words=_label(code), contracts=many)
        for code, many in purposes.items()
    ]


def _label(code: str) -> Words:
    return Words.of(purpose_label(code))
