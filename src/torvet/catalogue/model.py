"""What a provider publishes: datasets, their releases, and deliveries on the way to be one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Literal, NewType

from torvet.ingest.model import Column, ReadOptions
from torvet.parties.model import PartyId

DatasetId = NewType("DatasetId", str)
DeliveryId = NewType("DeliveryId", str)

Text = Mapping[str, str]
"""A text in one or more languages: `{"da": "Parkering", "en": "Parking"}`."""

Mode = Literal["append", "replace"]

PREVIEW_ROWS_MAX = 100


class Visibility(StrEnum):
    """Who may know of a dataset."""

    HIDDEN = "hidden"
    """Its provider alone."""
    METADATA = "metadata"
    """Anyone sees that it exists and what it is about; no value of it is shown."""
    CIRCLE = "circle"
    """Its provider and the parties in its circle."""
    PUBLIC = "public"
    """Anyone."""


class Stage(StrEnum):
    """How far a delivery has come."""

    RECEIVED = "received"
    READING = "reading"
    CHECKING = "checking"
    HELD = "held"
    """It waits for its provider: the rows are about people, and no privacy policy lets them go."""
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    FAILED = "failed"
    DROPPED = "dropped"
    """It was held, and its provider does not want it: its rows are gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundingBox:
    """A rectangle in degrees, WGS 84."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a dataset is about, on the map: a name, an address of one (URI), a rectangle."""

    label: str = ""
    uri: str = ""
    bbox: BoundingBox | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The time that a dataset covers; an open end is None."""

    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Whom to ask about a dataset."""

    name: str
    email: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnNote:
    """What a provider says about one column, whichever release it is in."""

    name: str
    title: str | None = None
    unit: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A rule that every row should keep: `occupied <= capacity`, `speed >= 0`."""

    rule: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The values that anyone who sees the dataset may see, in preview and profile alike.

    `columns` None means all of them. With `rows` 0 no value is shown at all.
    """

    columns: tuple[str, ...] | None = None
    rows: int = 10

    def shows(self, column: str) -> bool:
        """Say whether values of `column` may be shown."""
        return self.rows > 0 and (self.columns is None or column in self.columns)


NO_PREVIEW = Preview(columns=(), rows=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What a provider publishes: its description, and the rules under which it is seen."""

    id: DatasetId
    slug: str
    provider: PartyId
    title: Text
    description: Text = field(default_factory=dict)
    keywords: tuple[str, ...] = ()
    theme: str = ""
    licence: str = ""
    place: Place | None = None
    period: Period | None = None
    frequency: str = ""
    contact: Contact | None = None
    attribution: str = ""
    visibility: Visibility = Visibility.HIDDEN
    circle: tuple[PartyId, ...] = ()
    key: tuple[str, ...] = ()
    columns: tuple[ColumnNote, ...] = ()
    checks: tuple[Check, ...] = ()
    preview: Preview = field(default_factory=Preview)
    applicable_legislation: tuple[str, ...] = ()
    hvd_category: str = ""
    version: int = 1
    created_at: datetime
    modified_at: datetime
    withdrawn_at: datetime | None = None

    @property
    def table(self) -> str:
        """Return the name of the Delta table that holds its releases."""
        return f"releases/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One immutable version of a dataset's table; `number` is its Delta version."""

    dataset: DatasetId
    number: int
    mode: Mode
    delivery: DeliveryId
    sources: tuple[str, ...]
    rows: int
    bytes: int
    columns: tuple[Column, ...]
    published_at: datetime
    note: str = ""
    quality: int | None = None
    """The overall score of its quality report, 0 to 100."""

    @property
    def table(self) -> str:
        """Return the name of the Delta table that holds it."""
        return f"releases/{self.dataset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a delivery failed: a code for programs, words and advice for people."""

    code: str
    error: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One file on its way to become a release."""

    id: DeliveryId
    dataset: DatasetId
    party: PartyId
    account: str
    upload: str
    file_name: str
    sha256: str | None = None
    mode: Mode
    stage: Stage
    step: str = ""
    progress: float = 0.0
    failure: Failure | None = None
    release: int | None = None
    """The number of its release: reserved before it is visible, so that it is made once."""
    source: str
    """The id of the source table that it becomes: chosen first, so that it is made once."""
    rejected: int = 0
    schema: tuple[Column, ...] | None = None
    options: ReadOptions = field(default_factory=ReadOptions)
    note: str = ""
    received_at: datetime
    touched_at: datetime
    finished_at: datetime | None = None

    @property
    def ended(self) -> bool:
        """Say whether it is a release, or never will be."""
        return self.stage in {Stage.PUBLISHED, Stage.FAILED, Stage.DROPPED}

    @property
    def error(self) -> str | None:
        """Return in words why it failed, or None where it did not."""
        return self.failure.error if self.failure else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """How many reviews there are, and their stars by criterion, added up."""

    reviews: int
    stars: Mapping[str, int]

    @property
    def mean_tenths(self) -> int:
        """Tenths of a star, over all criteria and reviews; never shown without the count."""
        given = self.reviews * len(self.stars)
        if not given:
            return 0
        exact = Fraction(10 * sum(self.stars.values()), given)
        return int(exact + Fraction(1, 2))

    @property
    def mean(self) -> str:
        """The mean as it is shown: `4.3`."""
        return f"{self.mean_tenths // 10}.{self.mean_tenths % 10}"

    def mean_of(self, criterion: str) -> str:
        """The mean of one criterion: `3.7`."""
        own = Rating(reviews=self.reviews, stars={criterion: self.stars[criterion]})
        return own.mean
