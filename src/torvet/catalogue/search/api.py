"""Search over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from torvet.catalogue.vocabulary import (
    FILE_TYPES,
    FREQUENCIES,
    KINDS,
    PLACES,
    THEMES,
    Term,
    licence,
)
from torvet.parties import Caller, PartyNotFound, party_by_slug
from torvet.parties.signin import TheCaller
from torvet.ports.parts import Parts
from torvet.privacy import treatments_of
from torvet.web.parts import TheParts
from torvet.web.problems import problems_of

from .model import PAGE_MAX, PAGE_SIZE_MAX, QUERY_CHARACTERS_MAX, VALUES_MAX, Found, Hit, Sort, Wish
from .service import find_or_guess, reader_of
from .text import place_code, place_named

router = APIRouter(prefix="/api", tags=["catalogue"])

EXCERPT_CHARACTERS_MAX = 320
VALUE_CHARACTERS_MAX = 300

Value = Annotated[str, Field(max_length=VALUE_CHARACTERS_MAX)]
Values = Annotated[list[Value], Field(max_length=VALUES_MAX)]


class Search(BaseModel):
    """What to search for. A filter may be given several times: any of its values will do."""

    model_config = ConfigDict(extra="ignore")

    q: str = Field(
        default="",
        max_length=QUERY_CHARACTERS_MAX,
        description='Words in Danish or English. `"exact words"`, `either or other`, `-without`.',
    )
    theme: Values = Field(default=[], description="European data theme, such as `TRAN`.")
    licence: Values = Field(default=[], description="Address of a licence, or its CKAN code.")
    provider: Values = Field(default=[], description="Short name of a provider.")
    format: Values = Field(default=[], description="A format it can be read in, such as `parquet`.")
    frequency: Values = Field(default=[], description="European frequency code, such as `DAILY`.")
    place: Values = Field(
        default=[],
        description="A municipality, region or country, by code or name; what is within counts.",
    )
    kind: Values = Field(
        default=[], description="Kind of provider: `public`, `private`, `research`."
    )
    tag: Values = Field(default=[], description="A keyword, as it is written.")
    sort: Sort = Field(
        default=Sort.RELEVANCE, description="Without words, relevance is newest first."
    )
    page: int = Field(default=1, ge=1, le=PAGE_MAX)
    page_size: int = Field(default=20, ge=1, le=PAGE_SIZE_MAX)
    facets: bool = Field(default=True, description="Whether to count by each filter.")


class ProviderOut(BaseModel):
    """Who publishes a dataset."""

    slug: str
    name: str
    kind: str


class ReleaseOut(BaseModel):
    """The newest release of a dataset."""

    number: int
    rows: int
    bytes: int = Field(description="Size of its files, in bytes.")
    published_at: datetime
    quality: int | None = Field(description="Quality score, 0 to 100.")
    treatment: str = Field(
        description="What was done with the rows: as-is, anonymise, aggregate or answers; or empty."
    )


class RatingOut(BaseModel):
    """What those think of a dataset who read it under a contract."""

    reviews: int
    mean: str = Field(description="Stars of 5, to a tenth.")


class ItemOut(BaseModel):
    """One dataset that was found."""

    id: str
    slug: str
    title: dict[str, str]
    excerpt: dict[str, str] = Field(description="How its description begins.")
    provider: ProviderOut
    theme: str
    keywords: list[str]
    licence: str
    frequency: str
    place: str
    visibility: str
    formats: list[str]
    release: ReleaseOut | None
    rating: RatingOut | None = Field(description="Null where nobody reviewed it.")
    created_at: datetime
    modified_at: datetime


class FacetOut(BaseModel):
    """One value to narrow the search by, and how many datasets it would leave."""

    value: str
    label: dict[str, str]
    count: int


class FoundOut(BaseModel):
    """One page of datasets."""

    items: list[ItemOut]
    total: int
    approximate: bool = Field(
        description="Whether `total` and all counts are estimates from a sample."
    )
    searched_instead: str = Field(
        description="The words that were searched for, where nothing fits those that were given."
    )
    page: int
    page_size: int
    facets: dict[str, list[FacetOut]]


@router.get("/datasets", response_model=FoundOut, responses=problems_of(401, 404, 422, 429, 503))
def search_datasets(
    search: Annotated[Search, Query()], caller: TheCaller, parts: TheParts
) -> Response:
    """Search the datasets that you may know of, with counts to narrow the search by."""
    answer = found_by(search, caller, parts)
    # Written at once: the frame would take a page with all its counts apart again first.
    return Response(answer.model_dump_json(), media_type="application/json")


def found_by(search: Search, caller: Caller, parts: Parts) -> FoundOut:
    """Return one page of what `caller` finds, for programs and for pages alike."""
    with parts.db.begin() as tx:
        wish = _wish(tx, search)
        found = find_or_guess(tx, reader_of(caller), wish)
        newest = {str(hit.dataset.id): hit.release.number for hit in found.hits if hit.release}
        treatments = treatments_of(tx, newest)
    return FoundOut(
        items=[_item(hit, treatments.get(hit.dataset.id, "")) for hit in found.hits],
        total=found.counts.total,
        approximate=found.counts.approximate,
        searched_instead=found.instead,
        page=search.page,
        page_size=search.page_size,
        facets=facets_out(found),
    )


def _wish(tx: Connection, search: Search) -> Wish:
    return Wish(
        q=search.q,
        theme=tuple(search.theme),
        licence=tuple(_licence_uri(name) for name in search.licence),
        provider=provider_ids(tx, search.provider),
        format=tuple(search.format),
        frequency=tuple(search.frequency),
        place=tuple(place_named(name) for name in search.place),
        kind=tuple(search.kind),
        tag=tuple(search.tag),
        sort=search.sort,
        offset=(search.page - 1) * search.page_size,
        limit=search.page_size,
        facets=search.facets,
    )


def provider_ids(tx: Connection, slugs: list[str]) -> tuple[str, ...]:
    """Return the ids of providers by their short names; one that is unknown provides nothing."""
    ids = []
    for slug in slugs:
        try:
            ids.append(str(party_by_slug(tx, slug).id) if "\0" not in slug else slug)
        except PartyNotFound:
            ids.append(slug)
    return tuple(ids)


def _licence_uri(name: str) -> str:
    known = licence(name)
    return known.uri if known else name


def _item(hit: Hit, treatment: str) -> ItemOut:
    dataset, release = hit.dataset, hit.release
    return ItemOut(
        id=dataset.id,
        slug=dataset.slug,
        title=dict(dataset.title),
        excerpt={language: excerpt(text) for language, text in dataset.description.items()},
        provider=ProviderOut(
            slug=hit.provider.slug, name=hit.provider.name, kind=hit.provider.kind.value
        ),
        theme=dataset.theme,
        keywords=list(dataset.keywords),
        licence=dataset.licence,
        frequency=dataset.frequency,
        place=place_code(dataset.place),
        visibility=dataset.visibility.value,
        formats=formats_of(hit),
        release=ReleaseOut(
            number=release.number,
            rows=release.rows,
            bytes=release.bytes,
            published_at=release.published_at,
            quality=release.quality,
            treatment=treatment,
        )
        if release
        else None,
        rating=None
        if hit.rating is None
        else RatingOut(reviews=hit.rating.reviews, mean=hit.rating.mean),
        created_at=dataset.created_at,
        modified_at=dataset.modified_at,
    )


def formats_of(hit: Hit) -> list[str]:
    """Return the formats in which a dataset can be read: none before its first release."""
    return list(FILE_TYPES) if hit.release else []


def excerpt(text: str) -> str:
    """Return how `text` begins, cut between words."""
    if len(text) <= EXCERPT_CHARACTERS_MAX:
        return text
    return text[:EXCERPT_CHARACTERS_MAX].rsplit(" ", 1)[0] + " …"


def facets_out(found: Found) -> dict[str, list[FacetOut]]:
    """Return the counts of a search with the words that people know its values by."""
    return {
        name: [
            FacetOut(value=value, label=label, count=count)
            for held, count in values.items()
            for value, label in [_shown(found, name, held)]
        ]
        for name, values in found.counts.facets.items()
    }


def _shown(found: Found, facet: str, value: str) -> tuple[str, dict[str, str]]:
    if facet == "provider":
        party = found.providers.get(value)
        return (party.slug, {"da": party.name, "en": party.name}) if party else (value, {})
    terms: dict[str, Term | None] = {
        "theme": THEMES.get(value),
        "licence": licence(value),
        "format": FILE_TYPES.get(value),
        "frequency": FREQUENCIES.get(value),
        "place": PLACES.get(value),
        "kind": KINDS.get(value),
    }
    term = terms[facet]
    return value, {"da": term.da, "en": term.en} if term else {"da": value, "en": value}
