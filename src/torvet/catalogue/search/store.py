"""The search index as rows. Each function takes the transaction that it runs in.

A search costs no more the larger the catalogue grows. Some datasets, chosen by a hash of
their id, carry the mark of a sample among their words; where a search finds many, its counts
are made from a sample and scaled up (docs/decisions/0060).
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    any_,
    bindparam,
    cast,
    delete,
    func,
    literal,
    not_,
    or_,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, TSVECTOR, Insert, insert
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.types import Text

from torvet.catalogue.tables import datasets

from .model import FACETS, Counts, Sort, Wish
from .tables import search_documents as documents
from .text import CONFIGURATIONS, Document, Words, all_of, any_of, clean_values, loosened

SAMPLES = (64, 16)
"""One in so many datasets is in a sample; each sample is within the next."""
SAMPLED_ENOUGH = 250
"""Found so many in the first sample, its estimate is good to about 6 %."""
SAMPLED_SOME = 16
"""Found so many in the first sample, the next one is good to about 12 %, or better."""
COUNTED_MAX = 5000
RANKED_MAX = 100
"""Of so many is the order known; beyond, newer ones come first."""
READ_MAX = 100
"""Of so many all words are read to rank them, of more only those of the head."""
SORTED_MAX = 2500
"""So many are read and put in order; of more, the order is followed until a page is full."""
HEADS_SORTED_MAX = 30_000
"""The same where only those with the words in their head are read: about one in ten."""
TIME_MS_MAX = 5000

_COLUMNS = {
    "theme": documents.c.theme,
    "licence": documents.c.licence,
    "provider": documents.c.provider,
    "format": documents.c.formats,
    "frequency": documents.c.frequency,
    "place": documents.c.place,
    "kind": documents.c.kind,
}


def marks_of(dataset_id: str) -> list[str]:
    """Return the sample marks of a dataset; no word of a text begins with `§`."""
    chance = zlib.crc32(dataset_id.encode())
    return [f"§{one_in}" for one_in in SAMPLES if chance % one_in == 0]


def write(tx: Connection, *written: Document) -> None:
    """Write documents in the place of what the index held of their datasets."""
    tx.execute(_WRITE, [_row(document) for document in written])


def _vector(weights: str) -> ColumnElement[Any]:
    vector: ColumnElement[Any] = cast(literal(""), TSVECTOR)
    for weight in weights:
        for language, configuration in CONFIGURATIONS.items():
            words = bindparam(f"text_{weight}_{language}", type_=Text)
            found = func.to_tsvector(text(f"'{configuration}'::regconfig"), words)
            vector = vector.op("||")(func.setweight(found, text(f"'{weight}'")))
    return vector


def _write_statement() -> Insert:
    beginnings = func.array_to_tsvector(bindparam("beginnings", type_=ARRAY(Text)))
    marks = func.array_to_tsvector(bindparam("marks", type_=ARRAY(Text)))
    plain = (c for c in documents.c if c.name not in {"head_words", "words"})
    new = insert(documents).values(
        head_words=_vector("AB"),
        words=_vector("ABCD").op("||")(beginnings).op("||")(marks),
        **{column.name: bindparam(column.name, type_=column.type) for column in plain},
    )
    changed = {name: new.excluded[name] for name in documents.c.keys() if name != "dataset"}  # noqa: SIM118 - no mapping
    return new.on_conflict_do_update(index_elements=[documents.c.dataset], set_=changed)


_WRITE = _write_statement()


def _row(document: Document) -> dict[str, Any]:
    dataset = document.dataset
    texts = {f"text_{w}_{lang}": words for (lang, w), words in document.texts.items()}
    return {
        **texts,
        "beginnings": document.beginnings,
        "marks": marks_of(dataset.id),
        "dataset": dataset.id,
        "provider": dataset.provider,
        "kind": document.kind,
        "open": document.open,
        "readers": list(document.readers),
        "theme": dataset.theme,
        "licence": dataset.licence,
        "frequency": dataset.frequency,
        "place": document.place,
        "places": list(document.places),
        "formats": list(document.formats),
        "tags": list(dataset.keywords),
        "sort_title": document.sort_title,
        "created_at": dataset.created_at,
        "modified_at": dataset.modified_at,
    }


def remove(tx: Connection, dataset_id: str) -> None:
    """Remove a dataset from the index; do nothing where it is not in it."""
    tx.execute(delete(documents).where(documents.c.dataset == dataset_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What was typed as PostgreSQL understands it: as tsqueries, written out.

    `loose` finds longer words too, `exact` only those that were typed; neither finds anything
    that is `excluded`. Where nothing was typed all are empty.
    """

    loose: str
    exact: str
    excluded: str
    ids: tuple[str, ...] | None = None
    """All that it finds, where that is known already."""

    def within(self, words: ColumnElement[Any], mark: str = "") -> ColumnElement[bool]:
        """Return the condition that `words` fit the query, and bear the sample mark if given."""
        if self.ids is not None:
            return documents.c.dataset == any_(cast(list(self.ids), ARRAY(Text)))
        barred = f"!({self.excluded})" if self.excluded else ""
        asked = all_of(self.loose, barred, f"'{mark}'" if mark else "")
        return words.op("@@")(cast(asked, TSQUERY)) if asked else true()

    @property
    def exactly_in_head(self) -> ColumnElement[bool]:
        """Return the condition that all words stand in the head of a document, as typed."""
        return documents.c.head_words.op("@@")(cast(self.exact, TSQUERY))

    @property
    def rank(self) -> ColumnElement[float]:
        """Return how well a document fits: words as they were typed count twice."""
        loosely = func.ts_rank(documents.c.words, cast(self.loose, TSQUERY), 1)
        exactly = func.ts_rank(documents.c.words, cast(self.exact, TSQUERY), 1)
        return loosely + 2 * exactly

    @property
    def head_rank(self) -> ColumnElement[float]:
        """Return how well the head of a document fits, which costs less to find out."""
        return func.ts_rank(documents.c.head_words, cast(self.exact, TSQUERY), 1)


def understand(tx: Connection, words: Words) -> Query | None:
    """Return `words` as a query, or None where there is no word in them.

    It also prepares the transaction: a plan made for any query fits none, and nobody waits
    longer than TIME_MS_MAX.
    """
    typed = {"wanted": words.wanted, "excluded": words.excluded}
    row = tx.execute(_UNDERSTAND, typed).one()
    asked = any_of(row[2 : 2 + len(CONFIGURATIONS)])
    barred = any_of(row[2 + len(CONFIGURATIONS) :])
    if words and not (asked or barred):
        return None
    return Query(loose=loosened(asked), exact=asked, excluded=barred)


def _tsquery(configuration: str, words: str) -> ColumnElement[Any]:
    typed = bindparam(words, type_=Text)
    asked = func.websearch_to_tsquery(text(f"'{configuration}'::regconfig"), typed)
    return cast(asked, Text)


_UNDERSTAND = select(
    func.set_config("plan_cache_mode", "force_custom_plan", True),
    func.set_config("statement_timeout", str(TIME_MS_MAX), True),
    *(_tsquery(c, words) for words in ("wanted", "excluded") for c in CONFIGURATIONS.values()),
)


def settled(tx: Connection, query: Query, chosen: Sequence[ColumnElement[bool]]) -> Query:
    """Return a query for phrases as the ids that it finds, where they are COUNTED_MAX at most.

    Only the words themselves know their places, so to check a phrase means to read them all:
    that is done once, not for the counts and then for the page.
    """
    if not _PHRASE.search(query.loose):
        return query
    fitting = select(documents.c.dataset).where(*chosen, query.within(documents.c.words))
    ids = tx.execute(fitting.limit(COUNTED_MAX + 1)).scalars().all()
    return replace(query, ids=tuple(ids)) if len(ids) <= COUNTED_MAX else query


_PHRASE = re.compile(r"' <(?:-|\d+)> ")


def conditions(wish: Wish, party: str | None) -> list[ColumnElement[bool]]:
    """Return what a document has to fit beside its words: that `party` may know of it first."""
    chosen: list[ColumnElement[bool]] = [seen_by(party)]
    chosen.extend(
        _COLUMNS[name].in_(clean_values(values))
        for name in ("theme", "licence", "provider", "frequency", "kind")
        if (values := getattr(wish, name))
    )
    for column, values in (
        (documents.c.formats, wish.format),
        (documents.c.places, wish.place),
        (documents.c.tags, wish.tag),
    ):
        if values:
            chosen.append(column.overlap(cast(list(clean_values(values)), ARRAY(Text))))
    if wish.dataset:
        chosen.append(documents.c.dataset.in_(clean_values(wish.dataset)))
    if wish.without_tag:
        barred = cast(list(clean_values(wish.without_tag)), ARRAY(Text))
        chosen.append(not_(documents.c.tags.overlap(barred)))
    if wish.without_provider:
        chosen.append(documents.c.provider.not_in(clean_values(wish.without_provider)))
    if wish.modified_from:
        chosen.append(documents.c.modified_at >= wish.modified_from)
    if wish.modified_to:
        chosen.append(documents.c.modified_at <= wish.modified_to)
    return chosen


def seen_by(party: str | None) -> ColumnElement[bool]:
    """Return the condition that `party` (None: anyone) may know of a document."""
    if party is None:
        return documents.c.open
    return or_(documents.c.open, documents.c.readers.contains(cast([party], ARRAY(Text))))


def counts(
    tx: Connection,
    query: Query,
    chosen: Sequence[ColumnElement[bool]],
    *,
    facets: bool,
    exact: bool,
) -> Counts:
    """Count what fits: all of it where it is little or `exact`, else a sample of it."""
    names = FACETS if facets else ()
    words = documents.c.words
    if exact or query.ids is not None:
        return _counted(tx, [*chosen, query.within(words)], names, None)
    for one_in, enough in zip(SAMPLES, (SAMPLED_ENOUGH, SAMPLED_SOME), strict=True):
        sampled = _counted(tx, [*chosen, query.within(words, f"§{one_in}")], names, COUNTED_MAX)
        if sampled.total >= enough:
            return _scaled(sampled, one_in)
        if sampled.total < SAMPLED_SOME:
            break
    return _counted(tx, [*chosen, query.within(words)], names, COUNTED_MAX)


def _scaled(sampled: Counts, one_in: int) -> Counts:
    facets = {
        name: {value: count * one_in for value, count in values.items()}
        for name, values in sampled.facets.items()
    }
    return Counts(total=sampled.total * one_in, approximate=True, facets=facets)


def _counted(
    tx: Connection,
    chosen: Sequence[ColumnElement[bool]],
    names: Sequence[str],
    limit: int | None,
) -> Counts:
    columns: list[ColumnElement[Any]] = [_COLUMNS[name].label(name) for name in names]
    fitting = select(*columns or [literal(1)]).where(*chosen).limit(limit).subquery()
    if not columns:
        total = tx.execute(select(func.count()).select_from(fitting)).scalar_one()
        return Counts(total=total, approximate=total == limit)
    by = [fitting.c[name] for name in names]
    # Of what is not grouped by all is null, so the first that is not is the value.
    value = func.coalesce(*(column for column in by if column.name != "format"))
    rows = tx.execute(
        select(func.grouping(*by), value, fitting.c.format, func.count()).group_by(
            func.grouping_sets(*map(tuple_, by), tuple_())
        )
    ).all()
    facets: dict[str, dict[str, int]] = {name: {} for name in names}
    total = 0
    everything = 2 ** len(names) - 1
    for which, held, formats, count in rows:
        if which == everything:
            total = count
            continue
        # GROUPING has a bit for each column that is not grouped by, the first one highest.
        at = len(names) - (everything - which).bit_length()
        kept = facets[names[at]]
        for each in formats if held is None else (held,):
            if each:
                kept[each] = kept.get(each, 0) + count
    return Counts(total=total, approximate=total == limit, facets=facets)


def page(
    tx: Connection, wish: Wish, query: Query, chosen: Sequence[ColumnElement[bool]], found: int
) -> list[str]:
    """Return the ids of one page of what fits, of which there are about `found`.

    By relevance, where there are many, only RANKED_MAX are ranked: those with the words in
    their title, keywords, place or provider, newer ones first. What is left follows, newest
    first.
    """
    if wish.limit <= 0 or not found:
        return []
    sort = Sort.NEWEST if wish.sort is Sort.RELEVANCE and not query.loose else wish.sort
    if sort is Sort.RELEVANCE and found > RANKED_MAX:
        return _page_of_many(tx, wish, query, chosen, found)
    c = documents.c
    columns: list[ColumnElement[Any]] = [c.dataset, c.modified_at, c.sort_title]
    if sort is Sort.RELEVANCE:
        columns.append((query.rank if found <= READ_MAX else query.head_rank).label("rank"))
    fitting = select(*columns).where(*chosen, query.within(c.words))
    hits = _read_first(fitting) if found <= SORTED_MAX else fitting.subquery()
    listed = select(hits.c.dataset).order_by(*_order(sort, hits.c))
    return list(tx.execute(listed.offset(wish.offset).limit(wish.limit)).scalars())


def _read_first(fitting: Select[Any]) -> Subquery:
    """Have PostgreSQL find all that fits before it puts it in order.

    Else it walks along the order and reads all words on its way, which pays only where most
    of them fit.
    """
    return fitting.offset(0).subquery()


def _order(sort: Sort, hits: ReadOnlyColumnCollection[str, Any]) -> tuple[Any, ...]:
    match sort:
        case Sort.RELEVANCE:
            return (hits.rank.desc(), hits.modified_at.desc(), hits.dataset.desc())
        case Sort.NEWEST:
            return (hits.modified_at.desc(), hits.dataset.desc())
        case Sort.OLDEST:
            return (hits.modified_at, hits.dataset)
        case Sort.TITLE:
            return (hits.sort_title, hits.dataset)
        case Sort.ID:
            return (hits.dataset,)


def _page_of_many(
    tx: Connection, wish: Wish, query: Query, chosen: Sequence[ColumnElement[bool]], found: int
) -> list[str]:
    c = documents.c
    # An excluded word may stand anywhere, so it takes all words to know that it does not.
    whole = [query.within(c.words)] if query.excluded or query.ids is not None else []
    of_head = select(c.dataset, c.head_words, c.modified_at).where(
        *chosen, query.exactly_in_head, *whole
    )
    hits = _read_first(of_head) if found <= HEADS_SORTED_MAX else of_head.subquery()
    rank = func.ts_rank(hits.c.head_words, cast(query.exact, TSQUERY), 1)
    newest = (hits.c.modified_at.desc(), hits.c.dataset.desc())
    ranked = tx.execute(
        select(hits.c.dataset, rank, hits.c.modified_at).order_by(*newest).limit(RANKED_MAX)
    ).all()
    best = [
        row[0] for row in sorted(ranked, key=lambda row: (row[1], row[2], row[0]), reverse=True)
    ]
    listed = best[wish.offset : wish.offset + wish.limit]
    if len(listed) == wish.limit:
        return listed
    others = select(c.dataset, c.modified_at).where(
        *chosen, query.within(c.words), c.dataset.not_in(best)
    )
    hits = _read_first(others) if found <= SORTED_MAX else others.subquery()
    rest = (
        select(hits.c.dataset)
        .order_by(hits.c.modified_at.desc(), hits.c.dataset.desc())
        .offset(max(0, wish.offset - len(best)))
        .limit(wish.limit - len(listed))
    )
    return listed + list(tx.execute(rest).scalars())


def all_tags(tx: Connection, party: str | None, *, beginning: str, limit: int) -> list[str]:
    """Return the keywords of what `party` may know of, in order."""
    tag = func.unnest(documents.c.tags).label("tag")
    each = select(tag).where(seen_by(party)).distinct().subquery()
    listed = select(each.c.tag).order_by(each.c.tag).limit(limit)
    if beginning:
        listed = listed.where(func.starts_with(func.lower(each.c.tag), beginning.lower()))
    return list(tx.execute(listed).scalars())


def tag_counts(
    tx: Connection, query: Query, chosen: Sequence[ColumnElement[bool]], *, limit: int
) -> dict[str, int]:
    """Return how often each keyword is found among COUNTED_MAX of what fits, most first."""
    fitting = select(documents.c.tags).where(*chosen, query.within(documents.c.words))
    held = fitting.limit(COUNTED_MAX).subquery()
    each = select(func.unnest(held.c.tags).label("tag")).subquery()
    rows = tx.execute(
        select(each.c.tag, func.count())
        .group_by(each.c.tag)
        .order_by(func.count().desc(), each.c.tag)
        .limit(limit)
    )
    return {row[0]: row[1] for row in rows}


def slugs(tx: Connection, party: str | None, *, limit: int, offset: int) -> list[str]:
    """Return the short names of datasets that `party` may know of, in order."""
    listed = (
        select(datasets.c.slug)
        .join(documents, documents.c.dataset == datasets.c.id)
        .where(seen_by(party))
        .order_by(datasets.c.slug)
    )
    return list(tx.execute(listed.limit(limit).offset(offset)).scalars())


def ids_named(tx: Connection, names: Sequence[str]) -> dict[str, str]:
    """Return the ids of datasets by their short names and by their ids."""
    wanted = clean_values(names)
    rows = tx.execute(
        select(datasets.c.id, datasets.c.slug).where(
            or_(datasets.c.id.in_(wanted), datasets.c.slug.in_(wanted))
        )
    )
    return {name: row.id for row in rows for name in (row.id, row.slug)}


def datasets_by(
    tx: Connection, name: str, party: str | None, *, limit: int
) -> list[tuple[str, int]]:
    """Return each value of facet `name` with how many datasets have it, most first."""
    column = _COLUMNS[name]
    rows = tx.execute(
        select(column, func.count())
        .where(seen_by(party), column != "")
        .group_by(column)
        .order_by(func.count().desc(), column)
        .limit(limit)
    )
    return [(value, count) for value, count in rows]


def ids_after(tx: Connection, party: str | None, last: str, *, limit: int) -> list[str]:
    """Return the ids of datasets that `party` may know of, in order, those after `last`."""
    listed = (
        select(documents.c.dataset)
        .where(documents.c.dataset > last, seen_by(party))
        .order_by(documents.c.dataset)
        .limit(limit)
    )
    return list(tx.execute(listed).scalars())
