"""The catalogue in the shapes of CKAN's API, version 3, and CKAN's questions in our words. Pure.

A provider is an organisation, a theme a group, a keyword a tag; the newest release in each
format is a resource.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from torvet.catalogue.dcat.nodes import Exchange
from torvet.catalogue.model import Visibility
from torvet.catalogue.search.model import Hit, Sort
from torvet.catalogue.search.text import title_of
from torvet.catalogue.vocabulary import (
    FILE_TYPES,
    LICENCES,
    THEMES,
    FileType,
    Licence,
    Term,
    licence,
)
from torvet.parties.model import Party

RESOURCE_MARK = "."
"""Stands between dataset and format in the id of a resource; an id holds none."""

SORTS = {
    "id": Sort.ID,
    "name": Sort.ID,
    "title": Sort.TITLE,
    "title_string": Sort.TITLE,
    "metadata_modified": Sort.NEWEST,
    "metadata_created": Sort.NEWEST,
    "score": Sort.RELEVANCE,
    "relevance": Sort.RELEVANCE,
    "views_recent": Sort.NEWEST,
}
FACETS = {
    "organization": "provider",
    "groups": "theme",
    "tags": "tag",
    "res_format": "format",
    "license_id": "licence",
}
ALWAYS_TRUE = {
    "state": {"active"},
    "type": {"dataset"},
    "dataset_type": {"dataset"},
    "entity_type": {"package"},
    "private": {"false"},
    "capacity": {"public"},
    "site_id": None,
}
"""Fields of CKAN that say the same of every dataset here; None where any value will do."""

_CLAUSE = re.compile(
    r"(?P<sign>[+-]?)(?P<field>[a-z_]+):"
    r'(?:"(?P<quoted>[^"]*)"|\[(?P<range>[^\]]*)\]|\((?P<group>[^)]*)\)|(?P<plain>\S+))'
)
_RANGE = re.compile(r"\s*(?P<start>\S+)\s+TO\s+(?P<end>\S+)\s*", re.IGNORECASE)
_VALUE = re.compile(r'"([^"]*)"|(\S+)')
_ALL = {"", "*:*", "*"}
_WORD_FIELDS = {"title", "notes", "text", "author", "maintainer", "extras"}


class QueryUnclear(ValueError):
    """A search in CKAN's language that is not understood; the words say why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What a search in CKAN's language asks for, field by field."""

    words: tuple[str, ...] = ()
    organization: tuple[str, ...] = ()
    without_organization: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()
    res_format: tuple[str, ...] = ()
    license_id: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    modified_from: datetime | None = None
    modified_to: datetime | None = None
    nothing: bool = False
    """Whether no dataset here can fit."""


_FIELDS = {
    "organization": "organization",
    "owner_org": "organization",
    "groups": "groups",
    "tags": "tags",
    "res_format": "res_format",
    "license_id": "license_id",
    "name": "name",
    "id": "name",
}
_NEGATIVE = {"organization": "without_organization", "tags": "without_tags"}


def narrowed(query: str, held: Narrowing | None = None) -> Narrowing:
    """Read `q` or `fq`: fields, ranges of `metadata_modified`, and words; add it to `held`.

    Raises QueryUnclear where it names a field that is not known, or excludes by one that
    cannot be excluded by.
    """
    found = held or Narrowing()
    if query.strip() in _ALL:
        return found
    for clause in _CLAUSE.finditer(query):
        found = _with_clause(found, clause)
    words = re.sub(r"\b(?:AND|OR)\b|[*()]", " ", _CLAUSE.sub(" ", query)).split()
    return replace(found, words=(*found.words, *words))


def _with_clause(found: Narrowing, clause: re.Match[str]) -> Narrowing:
    name, negative = clause["field"], clause["sign"] == "-"
    values = tuple(_values(clause))
    if name == "metadata_modified" and clause["range"] is not None and not negative:
        return _with_range(found, clause["range"])
    if name in ALWAYS_TRUE:
        true = ALWAYS_TRUE[name]
        fits = true is None or any(value.lower() in true for value in values)
        return replace(found, nothing=found.nothing or fits is negative)
    if name in _WORD_FIELDS and not negative:
        return replace(found, words=(*found.words, *(value.strip("*") for value in values)))
    into = (_NEGATIVE if negative else _FIELDS).get(_FIELDS.get(name, name) if negative else name)
    if into is None:
        raise QueryUnclear(
            f"{clause.group(0)!r} is not understood: {name!r} cannot be asked for so"
        )
    values = tuple(value for value in values if value != "*")
    if not values:
        return found
    before = getattr(found, into)
    # Two clauses on one field: what fits both is what they have in common.
    both = (
        tuple(v for v in before if v in values) if before and not negative else (*before, *values)
    )
    changed: dict[str, Any] = {into: both, "nothing": found.nothing or not both}
    return replace(found, **changed)


def _values(clause: re.Match[str]) -> Iterator[str]:
    if clause["quoted"] is not None:
        yield clause["quoted"]
    elif clause["group"] is not None:
        for quoted, plain in _VALUE.findall(clause["group"]):
            if plain not in {"OR", "AND"}:
                yield quoted or plain
    elif clause["plain"] is not None:
        yield clause["plain"].strip('"')


def _with_range(found: Narrowing, written: str) -> Narrowing:
    ends = _RANGE.fullmatch(written)
    if ends is None:
        raise QueryUnclear(f"[{written}] is no range: write [2026-01-01T00:00:00Z TO *]")
    return replace(found, modified_from=_moment(ends["start"]), modified_to=_moment(ends["end"]))


def _moment(written: str) -> datetime | None:
    if written in {"*", "NOW"}:
        return None
    try:
        at = datetime.fromisoformat(written)
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        raise QueryUnclear(f"{written!r} is no moment: write 2026-01-01T00:00:00Z") from wrong


def sorting(written: str) -> Sort:
    """Read CKAN's `sort`, of which the first field counts; raise QueryUnclear for another."""
    first = written.partition(",")[0].split()
    if not first:
        return Sort.RELEVANCE
    sort = SORTS.get(first[0])
    if sort is None:
        raise QueryUnclear(f"{first[0]!r} cannot be sorted by: {', '.join(SORTS)} can")
    rising = len(first) > 1 and first[1].lower() == "asc"
    return Sort.OLDEST if sort is Sort.NEWEST and rising else sort


def moment(at: datetime) -> str:
    """Write an instant as CKAN does: in UTC, naming no zone."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def package(exchange: Exchange, hit: Hit) -> dict[str, Any]:
    """Return a dataset as a CKAN package."""
    dataset, release = hit.dataset, hit.release
    terms = licence(dataset.licence)
    resources = [resource(exchange, hit, kind) for kind in FILE_TYPES.values()] if release else []
    contact = dataset.contact
    return {
        "id": dataset.id,
        "name": dataset.slug,
        "title": title_of(dataset),
        "title_translated": dict(dataset.title),
        "notes": dataset.description.get("da") or next(iter(dataset.description.values()), ""),
        "notes_translated": dict(dataset.description),
        "url": exchange.dataset(dataset.slug),
        "author": dataset.attribution or hit.provider.name,
        "author_email": None,
        "maintainer": contact.name if contact else None,
        "maintainer_email": (contact.email or None) if contact else None,
        "license_id": terms.code if terms else "notspecified",
        "license_title": terms.en if terms else dataset.licence or "License not specified",
        "license_url": terms.uri if terms else dataset.licence or None,
        "isopen": bool(terms and terms.is_open),
        "private": dataset.visibility in {Visibility.HIDDEN, Visibility.CIRCLE},
        "state": "active",
        "type": "dataset",
        "version": str(release.number) if release else None,
        "creator_user_id": None,
        "metadata_created": moment(dataset.created_at),
        "metadata_modified": moment(dataset.modified_at),
        "owner_org": hit.provider.id,
        "organization": organization(hit.provider),
        "groups": [group(THEMES[dataset.theme])] if dataset.theme in THEMES else [],
        "tags": [tag(keyword) for keyword in dict.fromkeys(dataset.keywords)],
        "num_tags": len(dict.fromkeys(dataset.keywords)),
        "resources": resources,
        "num_resources": len(resources),
        "extras": extras(exchange, hit),
        "relationships_as_subject": [],
        "relationships_as_object": [],
    }


def extras(exchange: Exchange, hit: Hit) -> list[dict[str, str]]:
    """Return what CKAN has no field for, by names that its DCAT extension knows."""
    dataset = hit.dataset
    period, spot = dataset.period, dataset.place
    said = {
        "identifier": str(dataset.id),
        "uri": exchange.dataset(dataset.slug),
        "frequency": dataset.frequency,
        "theme": THEMES[dataset.theme].uri if dataset.theme in THEMES else "",
        "issued": moment(dataset.created_at),
        "modified": moment(dataset.modified_at),
        "publisher_name": hit.provider.name,
        "temporal_start": period.start.isoformat() if period and period.start else "",
        "temporal_end": period.end.isoformat() if period and period.end else "",
        "spatial_text": spot.label if spot else "",
        "spatial_uri": spot.uri if spot else "",
        "quality": ""
        if hit.release is None or hit.release.quality is None
        else str(hit.release.quality),
    }
    return [{"key": key, "value": value} for key, value in said.items() if value]


def resource(exchange: Exchange, hit: Hit, kind: FileType) -> dict[str, Any]:
    """Return the newest release in one format as a CKAN resource."""
    release = hit.release
    assert release is not None, "a dataset without a release has no resources"
    return {
        "id": f"{hit.dataset.id}{RESOURCE_MARK}{kind.code}",
        "package_id": hit.dataset.id,
        "name": f"{kind.en}, release {release.number}",
        "description": f"{release.rows:,} rows; accept an offer on the dataset's page to read.",
        "format": kind.en.upper(),
        "mimetype": kind.media_type,
        "url": exchange.dataset(hit.dataset.slug),
        "url_type": None,
        "size": release.bytes if kind.code == "parquet" else None,
        "hash": "",
        "created": moment(release.published_at),
        "last_modified": moment(release.published_at),
        "metadata_modified": moment(release.published_at),
        "position": list(FILE_TYPES).index(kind.code),
        "state": "active",
        "resource_type": None,
        "datastore_active": False,
    }


def organization(party: Party) -> dict[str, Any]:
    """Return a provider as a CKAN organisation."""
    return {
        "id": party.id,
        "name": party.slug,
        "title": party.name,
        "display_name": party.name,
        "type": "organization",
        "description": "",
        "image_url": "",
        "image_display_url": "",
        "created": moment(party.registered_at),
        "is_organization": True,
        "approval_status": "approved",
        "state": "active",
    }


def group(theme: Term) -> dict[str, Any]:
    """Return a theme as a CKAN group."""
    return {
        "id": theme.code,
        "name": theme.code.lower(),
        "title": theme.en,
        "title_translated": {"da": theme.da, "en": theme.en},
        "display_name": theme.en,
        "type": "group",
        "description": theme.uri,
        "image_url": "",
        "image_display_url": "",
        "is_organization": False,
        "state": "active",
    }


def tag(keyword: str) -> dict[str, Any]:
    """Return a keyword as a CKAN tag."""
    return {
        "id": keyword,
        "name": keyword,
        "display_name": keyword,
        "state": "active",
        "vocabulary_id": None,
    }


def terms_of(known: Licence) -> dict[str, Any]:
    """Return a licence as CKAN lists it."""
    return {
        "id": known.code,
        "title": known.en,
        "url": known.uri,
        "status": "active",
        "family": "",
        "maintainer": "",
        "domain_content": False,
        "domain_data": True,
        "domain_software": False,
        "is_generic": False,
        "od_conformance": "approved" if known.is_open else "rejected",
        "osd_conformance": "not reviewed",
    }


def group_code(name: str) -> str:
    """Return the theme that a group's id or name stands for, else the name."""
    return name.upper() if name.upper() in THEMES else name


def licence_uri(code: str) -> str:
    """Return the address of the licence that CKAN calls `code`, else `code`."""
    known = licence(code)
    return known.uri if known else code


def format_code(name: str) -> str:
    """Return the format that CKAN calls `name` (`CSV`), else the name."""
    return name.lower() if name.lower() in FILE_TYPES else name


def facet_names(facet: str, value: str, providers: Mapping[str, Party]) -> tuple[str, str]:
    """Return the name and the title of one value of a facet, as CKAN has them."""
    match facet:
        case "organization":
            party = providers.get(value)
            return (party.slug, party.name) if party else (value, value)
        case "groups":
            return value.lower(), THEMES[value].en if value in THEMES else value
        case "license_id":
            known = LICENCES.get(value)
            return (known.code, known.en) if known else (value, value)
        case "res_format":
            return value.upper(), value.upper()
        case _:
            return value, value
