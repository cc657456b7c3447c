"""Finding datasets: the index is kept in the transaction of the deed that changes them."""

from collections.abc import Iterable

from sqlalchemy import Connection

from torvet.parties import Caller, Party, Role, parties_by_id
from torvet.parties import party as party_of
from torvet.ports.parts import Parts

from . import release_lines, search_store, store
from .model import Dataset, Release
from .search_model import Counts, Found, Hit, Wish, foremost
from .search_text import document_of, taken_apart

NOTHING = Counts(total=0)


def reindex(tx: Connection, dataset: Dataset, release: Release | None = None) -> None:
    """Bring the index up to date with `dataset`, whose newest release is `release`.

    Where `release` is None the newest one is looked up. A withdrawn dataset is found no more.
    """
    if dataset.withdrawn_at is not None:
        search_store.remove(tx, dataset.id)
        return
    newest = release or store.newest_release(tx, dataset.id)
    search_store.write(tx, document_of(dataset, newest, party_of(tx, dataset.provider)))


def search(parts: Parts, caller: Caller, wish: Wish) -> Found:
    """Return one page of the datasets that fit `wish` and that `caller` may know of."""
    with parts.db.begin() as tx:
        return find(tx, reader_of(caller), wish)


def find(tx: Connection, reader: str | None, wish: Wish) -> Found:
    """Search in a transaction, as the party `reader`, or as anyone where it is None."""
    query = search_store.understand(tx, taken_apart(wish.q))
    if query is None:
        return Found(hits=(), counts=NOTHING, providers={})
    chosen = search_store.conditions(wish, reader)
    query = search_store.settled(tx, query, chosen)
    counted = search_store.counts(tx, query, chosen, facets=wish.facets, exact=wish.exact)
    counts = foremost(counted)
    ids = search_store.page(tx, wish, query, chosen, counts.total)
    hits, providers = _shown(tx, ids, counts.facets.get("provider", ()))
    return Found(hits=hits, counts=counts, providers=providers)


def reader_of(caller: Caller) -> str | None:
    """Return the party whose hidden datasets `caller` may know of, or None."""
    return caller.party if caller.may(Role.READER) else None


def hits_of(tx: Connection, ids: list[str]) -> tuple[Hit, ...]:
    """Return the datasets of `ids` in that order, each with its newest release and provider."""
    return _shown(tx, ids, ())[0]


def _shown(
    tx: Connection, ids: list[str], named: Iterable[str]
) -> tuple[tuple[Hit, ...], dict[str, Party]]:
    """Return the datasets of `ids`, and the parties that provide them or are `named`."""
    datasets = store.datasets_by_id(tx, ids)
    releases = release_lines.newest_releases(tx, ids)
    wanted = {*named, *(dataset.provider for dataset in datasets.values())}
    providers = parties_by_id(tx, wanted)
    hits = tuple(
        Hit(
            dataset=datasets[each],
            release=releases.get(each),
            provider=providers[datasets[each].provider],
        )
        for each in ids
        if each in datasets and datasets[each].provider in providers
    )
    return hits, {str(id_): party for id_, party in providers.items()}
