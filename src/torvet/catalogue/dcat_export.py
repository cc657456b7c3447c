"""The nodes of an export, batch by batch: a slow reader holds no transaction."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from torvet.parties import Caller, parties_by_id
from torvet.ports.parts import Parts

from . import search_store, store
from .dcat import RELEASES_MAX, Exchange, Node, dataset_nodes, exchange_nodes, party_node
from .model import Dataset
from .search import reader_of
from .service import visible_dataset

DATASETS_AT_ONCE = 250


def exchange_of(parts: Parts) -> Exchange:
    """Return the exchange as its catalogue presents it."""
    settings = parts.settings
    return Exchange(url=settings.url.rstrip("/"), name=settings.name, place=settings.place)


def catalogue_batches(parts: Parts, caller: Caller) -> Iterator[list[Node]]:
    """Give the whole catalogue that `caller` may know of, DATASETS_AT_ONCE at a time.

    A dataset that is published meanwhile may be left out; one that is there at the beginning
    and at the end is in.
    """
    exchange, reader = exchange_of(parts), reader_of(caller)
    named: set[str] = set()
    yield list(exchange_nodes(exchange))
    last = ""
    while True:
        with parts.db.begin() as tx:
            ids = search_store.ids_after(tx, reader, last, limit=DATASETS_AT_ONCE)
            found = store.datasets_by_id(tx, ids)
            batch = _nodes(tx, exchange, [found[each] for each in ids if each in found], named)
        if not ids:
            return
        yield batch
        last = ids[-1]


def dataset_batch(parts: Parts, caller: Caller, slug: str) -> list[Node]:
    """Give one dataset with its catalogue; raise DatasetNotFound where it is not to be seen."""
    exchange = exchange_of(parts)
    with parts.db.begin() as tx:
        dataset = visible_dataset(tx, slug, caller)
        return [*exchange_nodes(exchange), *_nodes(tx, exchange, [dataset], set())]


def _nodes(
    tx: Connection, exchange: Exchange, datasets: Sequence[Dataset], named: set[str]
) -> list[Node]:
    """Describe `datasets` and those of their providers that are not `named` yet."""
    ids = [dataset.id for dataset in datasets]
    releases = search_store.last_releases(tx, ids, limit=RELEASES_MAX)
    providers = parties_by_id(tx, {dataset.provider for dataset in datasets})
    nodes = [party_node(exchange, party) for id_, party in providers.items() if id_ not in named]
    named.update(providers)
    for dataset in datasets:
        if provider := providers.get(dataset.provider):
            last = releases.get(dataset.id, [])
            nodes.extend(dataset_nodes(exchange, dataset, last, provider))
    return nodes
