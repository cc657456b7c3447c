"""Finding datasets: the index is kept in the transaction of the deed that changes them."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

from torvet.catalogue import store
from torvet.catalogue.model import Dataset, Release
from torvet.catalogue.ratings import ratings_of
from torvet.parties import Caller, Party, Role, parties_by_id
from torvet.parties import party as party_of
from torvet.ports.parts import Parts

from . import release_lines, spelling, spelling_store
from . import store as search_store
from .model import Counts, Found, Hit, Wish, foremost
from .text import document_of, taken_apart

NOTHING = Counts(total=0)
GUESSED_WORDS_MAX = 6
GUESSES_MAX = 3
"""So many words are tried in the place of one that nothing is called."""


def reindex(tx: Connection, dataset: Dataset, release: Release | None = None) -> None:
    """Bring the index up to date with `dataset`, whose newest release is `release`.

    Where `release` is None the newest one is looked up. A withdrawn dataset is found no more.
    """
    if dataset.withdrawn_at is not None:
        search_store.remove(tx, dataset.id)
        return
    newest = release or store.newest_release(tx, dataset.id)
    document = document_of(dataset, newest, party_of(tx, dataset.provider))
    search_store.write(tx, document)
    spelling_store.learn(tx, spelling.words_of(document.head))


def search(parts: Parts, caller: Caller, wish: Wish) -> Found:
    """Return one page of the datasets that fit `wish` and that `caller` may know of."""
    with parts.db.begin() as tx:
        return find_or_guess(tx, reader_of(caller), wish)


def find_or_guess(tx: Connection, reader: str | None, wish: Wish) -> Found:
    """Search as `find` does; where nothing fits, for words that were nearly typed.

    A word is guessed only where it finds something that `reader` may know of.
    """
    found = find(tx, reader, wish)
    typed = spelling.typed(wish.q)[:GUESSED_WORDS_MAX]
    if found.counts.total or not typed:
        return found
    near = spelling_store.near(tx, typed, GUESSES_MAX)
    for turn in range(max(map(len, near.values()), default=0)):
        instead = {word: others[min(turn, len(others) - 1)] for word, others in near.items()}
        guessed = spelling.respelt(wish.q, instead)
        other = find(tx, reader, replace(wish, q=guessed))
        if other.counts.total:
            return replace(other, instead=guessed)
    return found


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
    ratings = ratings_of(tx, ids)
    wanted = {*named, *(dataset.provider for dataset in datasets.values())}
    providers = parties_by_id(tx, wanted)
    hits = tuple(
        Hit(
            dataset=datasets[each],
            release=releases.get(each),
            provider=providers[datasets[each].provider],
            rating=ratings.get(each),
        )
        for each in ids
        if each in datasets and datasets[each].provider in providers
    )
    return hits, {str(id_): party for id_, party in providers.items()}
