"""What is searched for, and what is found."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from torvet.catalogue.model import Dataset, Rating
from torvet.parties.model import Party

QUERY_CHARACTERS_MAX = 200
VALUES_MAX = 50
PAGE_SIZE_MAX = 100
PAGE_MAX = 1000
FACET_VALUES_MAX = 50


class Sort(StrEnum):
    """In which order datasets are listed."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"
    TITLE = "title"
    ID = "id"


FACETS = ("theme", "licence", "provider", "format", "frequency", "place", "kind")
"""What a search can be narrowed by; the counts of a search are by these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What someone searches for.

    Each filter is a choice of values, any of which will do; filters together narrow. Of
    `provider` and `dataset` the values are ids; a `place` includes all that lies within it.
    `exact` asks for a total that is counted whatever it costs, `facets` for counts by each
    filter.
    """

    q: str = ""
    theme: tuple[str, ...] = ()
    licence: tuple[str, ...] = ()
    provider: tuple[str, ...] = ()
    format: tuple[str, ...] = ()
    frequency: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    dataset: tuple[str, ...] = ()
    without_tag: tuple[str, ...] = ()
    without_provider: tuple[str, ...] = ()
    modified_from: datetime | None = None
    modified_to: datetime | None = None
    sort: Sort = Sort.RELEVANCE
    offset: int = 0
    limit: int = 20
    facets: bool = True
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many datasets were found, and how many of them by value of each facet.

    Where `approximate`, all numbers are scaled up from a sample of the catalogue.
    """

    total: int
    approximate: bool = False
    facets: dict[str, dict[str, int]] = field(default_factory=dict)


def foremost(counts: Counts) -> Counts:
    """Return `counts` with the FACET_VALUES_MAX most frequent values of each facet, in order."""
    facets = {
        name: dict(sorted(held.items(), key=lambda each: (-each[1], each[0]))[:FACET_VALUES_MAX])
        for name, held in counts.facets.items()
    }
    return replace(counts, facets=facets)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseLine:
    """A release as lists show it: without its columns, which may be many."""

    number: int
    rows: int
    bytes: int
    published_at: datetime
    note: str
    quality: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One dataset that was found, with its newest release, if any."""

    dataset: Dataset
    release: ReleaseLine | None
    provider: Party
    rating: Rating | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page of what was found, best first."""

    hits: tuple[Hit, ...]
    counts: Counts
    providers: dict[str, Party]
    """The parties that the facet `provider` names."""
    instead: str = ""
    """The words that were searched for, where nothing fits those that were given."""
