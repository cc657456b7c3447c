"""The nodes of an export, batch by batch: a slow reader holds no transaction."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from sqlalchemy import Connection

from torvet.catalogue import store
from torvet.catalogue.model import Dataset, Rating
from torvet.catalogue.ratings import ratings_of
from torvet.catalogue.search import release_lines
from torvet.catalogue.search import store as search_store
from torvet.catalogue.search.model import ReleaseLine
from torvet.catalogue.search.service import reader_of
from torvet.catalogue.service import visible_dataset
from torvet.parties import Caller, Party, PartyId, parties_by_id
from torvet.ports.parts import Parts

from .nodes import RELEASES_MAX, Exchange, Node, dataset_nodes, exchange_nodes, party_node
from .ratings import rating_nodes

DATASETS_AT_ONCE = 250


def exchange_of(parts: Parts) -> Exchange:
    """Return the exchange as its catalogue presents it."""
    settings = parts.settings
    return Exchange(url=settings.url.rstrip("/"), name=settings.name, place=settings.place)


def catalogue_batches(parts: Parts, caller: Caller) -> Iterator[Iterator[Node]]:
    """Give the whole catalogue that `caller` may know of, DATASETS_AT_ONCE at a time.

    A dataset that is published meanwhile may be left out; one that is there at the beginning
    and at the end is in.
    """
    exchange, reader = exchange_of(parts), reader_of(caller)
    named: set[str] = set()
    yield exchange_nodes(exchange)
    last = ""
    while True:
        with parts.db.begin() as tx:
            ids = search_store.ids_after(tx, reader, last, limit=DATASETS_AT_ONCE)
            found = store.datasets_by_id(tx, ids)
            held = _held(tx, [found[each] for each in ids if each in found])
        if not ids:
            return
        yield _nodes(exchange, held, named)
        last = ids[-1]


def dataset_batch(parts: Parts, caller: Caller, slug: str) -> Iterator[Node]:
    """Give one dataset with its catalogue; raise DatasetNotFound where it is not to be seen."""
    exchange = exchange_of(parts)
    with parts.db.begin() as tx:
        held = _held(tx, [visible_dataset(tx, slug, caller)])
    return chain(exchange_nodes(exchange), _nodes(exchange, held, set()))


class _Held(NamedTuple):
    datasets: Sequence[Dataset]
    releases: Mapping[str, list[ReleaseLine]]
    providers: Mapping[PartyId, Party]
    ratings: Mapping[str, Rating]


def _held(tx: Connection, datasets: Sequence[Dataset]) -> _Held:
    ids = [dataset.id for dataset in datasets]
    return _Held(
        datasets,
        release_lines.last_releases(tx, ids, limit=RELEASES_MAX),
        parties_by_id(tx, {dataset.provider for dataset in datasets}),
        ratings_of(tx, ids),
    )


def _nodes(exchange: Exchange, held: _Held, named: set[str]) -> Iterator[Node]:
    """Describe datasets and those of their providers that are not `named` yet, one by one.

    A node is gone when it is written: keeping all of a batch would have Python look through
    them for cycles, again and again.
    """
    for id_, party in held.providers.items():
        if id_ not in named:
            yield party_node(exchange, party)
    named.update(held.providers)
    for dataset in held.datasets:
        if provider := held.providers.get(dataset.provider):
            yield from dataset_nodes(exchange, dataset, held.releases.get(dataset.id, ()), provider)
            if rating := held.ratings.get(dataset.id):
                yield from rating_nodes(exchange.dataset(dataset.slug), rating)
