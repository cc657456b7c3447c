"""CKAN's actions: each takes what it was asked with and returns what CKAN would."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from torvet import __version__
from torvet.catalogue.dcat.nodes import Exchange
from torvet.catalogue.search import store as search_store
from torvet.catalogue.search.model import FACETS, Counts, Found, Hit, Sort, Wish
from torvet.catalogue.search.service import find
from torvet.catalogue.search.text import taken_apart
from torvet.catalogue.vocabulary import FILE_TYPES, LICENCES, THEMES
from torvet.parties import Party, PartyKind, PartyNotFound, parties_by_id, party_by_slug
from torvet.parties import party as party_of

from . import packages as ckan
from .arguments import Arguments, CkanError, Fault, not_found

ROWS_MAX = 1000
ROWS_DEFAULT = 10
START_MAX = 1_000_000
LIST_MAX = 100_000
SHOWN_PACKAGES_MAX = 10
CKAN_VERSION = "2.11.0"
"""The version whose answers these resemble: clients choose their calls by it."""
PROVIDERS_MAX = 5000
NOTHING = Found(hits=(), counts=Counts(total=0), providers={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call: what it came with, who asks (None: anyone), and where."""

    tx: Connection
    exchange: Exchange
    reader: str | None
    arguments: Arguments


Action = Callable[[Asked], Any]


def package_search(asked: Asked) -> dict[str, Any]:
    """Search for datasets with `q`, `fq`, `rows`, `start`, `sort`, `facet.field`."""
    a = asked.arguments
    fields = [name for name in a.texts("facet.field") if name in ckan.FACETS]
    fields = fields if a.flag("facet", default=True) else []
    limit = min(a.number("rows", ROWS_DEFAULT, START_MAX), ROWS_MAX)
    wish, nothing = _wish(asked, limit)
    found = NOTHING if nothing else find(asked.tx, asked.reader, wish)
    counted = {} if nothing else _facets(asked, wish, fields)
    return {
        "count": found.counts.total,
        "sort": a.text("sort") or "score desc, metadata_modified desc",
        "results": [ckan.package(asked.exchange, hit) for hit in found.hits],
        "facets": {
            name: {item["name"]: item["count"] for item in items} for name, items in counted.items()
        },
        "search_facets": {name: {"title": name, "items": items} for name, items in counted.items()},
    }


def _wish(asked: Asked, limit: int) -> tuple[Wish, bool]:
    a = asked.arguments
    try:
        held = ckan.narrowed(a.text("q"))
        for clause in [*a.texts("fq"), *a.texts("fq_list")]:
            held = ckan.narrowed(clause, held)
        sort = ckan.sorting(a.text("sort"))
    except ckan.QueryUnclear as unclear:
        raise CkanError(Fault.QUERY, str(unclear)) from unclear
    named = search_store.ids_named(asked.tx, held.name) if held.name else {}
    wish = Wish(
        q=" ".join(held.words),
        theme=tuple(map(ckan.group_code, held.groups)),
        licence=tuple(map(ckan.licence_uri, held.license_id)),
        provider=_party_ids(asked.tx, held.organization),
        without_provider=_party_ids(asked.tx, held.without_organization),
        format=tuple(map(ckan.format_code, held.res_format)),
        tag=held.tags,
        without_tag=held.without_tags,
        dataset=tuple(named.get(name, name) for name in held.name),
        modified_from=held.modified_from,
        modified_to=held.modified_to,
        sort=sort,
        offset=a.number("start", 0, START_MAX),
        limit=limit,
        facets=False,
        exact=True,
    )
    return wish, held.nothing


def _party_ids(tx: Connection, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(found.id) if (found := _party(tx, name)) else name for name in names)


def _facets(asked: Asked, wish: Wish, fields: list[str]) -> dict[str, list[dict[str, Any]]]:
    if not fields:
        return {}
    limit = asked.arguments.number("facet.limit", 50, ROWS_MAX) or ROWS_MAX
    query = search_store.understand(asked.tx, taken_apart(wish.q))
    if query is None:
        return {name: [] for name in fields}
    chosen = search_store.conditions(wish, asked.reader)
    ours = [ckan.FACETS[name] for name in fields if ckan.FACETS[name] in FACETS]
    counts = search_store.counts(asked.tx, query, chosen, facets=bool(ours), exact=False).facets
    if "tags" in fields:
        counts = {**counts, "tag": search_store.tag_counts(asked.tx, query, chosen, limit=limit)}
    providers = parties_by_id(asked.tx, list(counts.get("provider", {}))[:PROVIDERS_MAX])
    return {
        name: _facet_items(name, counts.get(ckan.FACETS[name], {}), dict(providers), limit)
        for name in fields
    }


def _facet_items(
    name: str, counts: Mapping[str, int], providers: Mapping[Any, Party], limit: int
) -> list[dict[str, Any]]:
    most = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:limit]
    items = []
    for value, count in most:
        short, title = ckan.facet_names(name, value, providers)
        items.append({"name": short, "display_name": title, "count": count})
    return items


def package_show(asked: Asked) -> dict[str, Any]:
    """Show one dataset by `id`, which may be its name."""
    return ckan.package(asked.exchange, _hit(asked, asked.arguments.needed("id", "name_or_id")))


def _hit(asked: Asked, name: str) -> Hit:
    id_ = search_store.ids_named(asked.tx, [name]).get(name)
    if id_ is None:
        raise not_found()
    wish = Wish(dataset=(id_,), limit=1, facets=False, sort=Sort.ID)
    found = find(asked.tx, asked.reader, wish)
    if not found.hits:
        raise not_found()
    return found.hits[0]


def package_list(asked: Asked) -> list[str]:
    """List the names of all datasets."""
    a = asked.arguments
    return search_store.slugs(
        asked.tx,
        asked.reader,
        limit=a.number("limit", LIST_MAX, LIST_MAX),
        offset=a.number("offset", 0, START_MAX),
    )


def current_package_list_with_resources(asked: Asked) -> list[dict[str, Any]]:
    """List datasets with their resources, last changed first."""
    a = asked.arguments
    offset = a.number("offset", 0, START_MAX) or a.number("page", 0, START_MAX)
    limit = min(a.number("limit", ROWS_MAX, START_MAX), ROWS_MAX)
    wish = Wish(sort=Sort.NEWEST, limit=limit, offset=offset, facets=False)
    found = find(asked.tx, asked.reader, wish)
    return [ckan.package(asked.exchange, hit) for hit in found.hits]


def package_autocomplete(asked: Asked) -> list[dict[str, Any]]:
    """Complete the beginning of a title or name."""
    a = asked.arguments
    limit = a.number("limit", ROWS_DEFAULT, 100)
    found = find(asked.tx, asked.reader, Wish(q=a.text("q"), limit=limit, facets=False))
    return [
        {
            "name": hit.dataset.slug,
            "title": ckan.package(asked.exchange, hit)["title"],
            "match_field": "title",
            "match_displayed": hit.dataset.slug,
        }
        for hit in found.hits
    ]


def resource_show(asked: Asked) -> dict[str, Any]:
    """Show one resource by `id`."""
    name, _, code = asked.arguments.needed("id").partition(ckan.RESOURCE_MARK)
    if code not in FILE_TYPES:
        raise not_found()
    hit = _hit(asked, name)
    if hit.release is None:
        raise not_found()
    return ckan.resource(asked.exchange, hit, FILE_TYPES[code])


def organization_list(asked: Asked) -> list[Any]:
    """List the providers that have datasets; with `all_fields`, as organisations."""
    a = asked.arguments
    counted = dict(search_store.datasets_by(asked.tx, "provider", asked.reader, limit=LIST_MAX))
    ids = list(counted)[:PROVIDERS_MAX]
    parties = sorted(parties_by_id(asked.tx, ids).values(), key=lambda party: party.slug)
    chosen = set(a.texts("organizations"))
    parties = [party for party in parties if not chosen or party.slug in chosen]
    shown = parties[a.number("offset", 0, START_MAX) :][: a.number("limit", LIST_MAX, LIST_MAX)]
    if not a.flag("all_fields"):
        return [party.slug for party in shown]
    return [{**ckan.organization(p), "package_count": counted[p.id]} for p in shown]


def organization_show(asked: Asked) -> dict[str, Any]:
    """Show one provider by `id`, which may be its name, with `include_datasets`."""
    party = _party(asked.tx, asked.arguments.needed("id"))
    if party is None:
        raise not_found()
    packages = _packages(asked, Wish(provider=(str(party.id),), sort=Sort.NEWEST))
    if party.kind is PartyKind.CITIZEN and not packages["package_count"]:
        raise not_found()
    return {**ckan.organization(party), **packages, "extras": [], "users": []}


def group_list(asked: Asked) -> list[Any]:
    """List the themes; with `all_fields`, as groups."""
    a = asked.arguments
    chosen = set(a.texts("groups"))
    themes = [term for code, term in THEMES.items() if not chosen or code.lower() in chosen]
    shown = themes[a.number("offset", 0, START_MAX) :][: a.number("limit", LIST_MAX, LIST_MAX)]
    if not a.flag("all_fields"):
        return [term.code.lower() for term in shown]
    counted = dict(search_store.datasets_by(asked.tx, "theme", asked.reader, limit=LIST_MAX))
    return [{**ckan.group(term), "package_count": counted.get(term.code, 0)} for term in shown]


def group_show(asked: Asked) -> dict[str, Any]:
    """Show one theme by `id`, which may be its name, with `include_datasets`."""
    theme = THEMES.get(ckan.group_code(asked.arguments.needed("id")))
    if theme is None:
        raise not_found()
    return {**ckan.group(theme), **_packages(asked, Wish(theme=(theme.code,), sort=Sort.NEWEST))}


def _packages(asked: Asked, wish: Wish) -> dict[str, Any]:
    shown = SHOWN_PACKAGES_MAX if asked.arguments.flag("include_datasets") else 0
    found = find(asked.tx, asked.reader, replace(wish, limit=shown, facets=False, exact=True))
    packages = [ckan.package(asked.exchange, hit) for hit in found.hits]
    return {"package_count": found.counts.total} | ({"packages": packages} if shown else {})


def tag_list(asked: Asked) -> list[Any]:
    """List the keywords, with `query` those that begin so."""
    a = asked.arguments
    beginning = a.text("query")
    names = search_store.all_tags(asked.tx, asked.reader, beginning=beginning, limit=LIST_MAX)
    return [ckan.tag(name) for name in names] if a.flag("all_fields") else names


def tag_show(asked: Asked) -> dict[str, Any]:
    """Show one keyword by `id`, with `include_datasets`."""
    name = asked.arguments.needed("id")
    found = _packages(asked, Wish(tag=(name,), sort=Sort.NEWEST))
    if not found["package_count"]:
        raise not_found()
    return {**ckan.tag(name), **found}


def tag_autocomplete(asked: Asked) -> list[str]:
    """Complete the beginning of a keyword."""
    a = asked.arguments
    beginning, limit = a.text("query") or a.text("q"), a.number("limit", ROWS_DEFAULT, 100)
    return search_store.all_tags(asked.tx, asked.reader, beginning=beginning, limit=limit)


def license_list(_asked: Asked) -> list[dict[str, Any]]:
    """List the licences that are known by name."""
    return [ckan.terms_of(known) for known in LICENCES.values()]


def recently_changed(asked: Asked) -> list[dict[str, Any]]:
    """List the datasets that changed last, as activities."""
    limit = asked.arguments.number("limit", 31, 100)
    found = find(asked.tx, asked.reader, Wish(sort=Sort.NEWEST, limit=limit, facets=False))
    return [
        {
            "id": f"{hit.dataset.id}:{hit.dataset.version}",
            "timestamp": ckan.moment(hit.dataset.modified_at),
            "object_id": hit.dataset.id,
            "activity_type": "changed package",
            "user_id": hit.provider.id,
            "data": {"package": {"id": hit.dataset.id, "name": hit.dataset.slug}},
        }
        for hit in found.hits
    ]


def organization_list_for_user(asked: Asked) -> list[dict[str, Any]]:
    """List the organisation that the token acts for."""
    return [ckan.organization(party_of(asked.tx, asked.reader))] if asked.reader else []


def status_show(asked: Asked) -> dict[str, Any]:
    """Tell what this is."""
    return {
        "site_title": asked.exchange.name,
        "site_description": "A city data exchange, answering as CKAN does.",
        "site_url": asked.exchange.url,
        "ckan_version": CKAN_VERSION,
        "torvet_version": __version__,
        "error_emails_to": None,
        "locale_default": "da",
        "extensions": [],
    }


def site_read(_asked: Asked) -> bool:
    """Tell that the catalogue may be read."""
    return True


def vocabulary_list(_asked: Asked) -> list[Any]:
    """List the vocabularies of tags: there are none."""
    return []


def help_show(asked: Asked) -> str:
    """Explain the action `name`."""
    action = ACTIONS.get(asked.arguments.needed("name"))
    if action is None:
        raise not_found()
    return action.__doc__ or ""


def _party(tx: Connection, name: str) -> Party | None:
    if "\0" in name:
        return None
    found = parties_by_id(tx, [name])
    if found:
        return next(iter(found.values()))
    try:
        return party_by_slug(tx, name)
    except PartyNotFound:
        return None


ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        action.__name__: action
        for action in (
            package_search, package_show, package_list, package_autocomplete,
            current_package_list_with_resources, resource_show, organization_list,
            organization_show, organization_list_for_user, group_list, group_show, tag_list,
            tag_show, tag_autocomplete, license_list, status_show, site_read, vocabulary_list,
            help_show,
        )
    }
    | {
        "dataset_search": package_search,
        "dataset_show": package_show,
        "recently_changed_packages_activity_list": recently_changed,
        "licence_list": license_list,
    }
)  # fmt: skip
