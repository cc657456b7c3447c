"""The search index as rows. Each function takes the transaction that it runs in.

A search costs no more the larger the catalogue grows. Some datasets, chosen by a hash of
their id, carry the mark of a sample among their words; where a search finds many, its counts
are made from a sample and scaled up (docs/decisions/0060).
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
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
from sqlalchemy.types import Text

from .search_model import FACETS, Counts, ReleaseLine, Sort, Wish
from .search_tables import search_documents as documents
from .search_text import CONFIGURATIONS, Document, Words, clean_values, loosened
from .tables import releases

SAMPLES = (64, 16)
"""One in so many datasets is in a sample; each sample is within the next."""
SAMPLED_ENOUGH = 500
"""Found so many in the first sample, the estimate is good to about 5 %."""
SAMPLED_SOME = 32
"""Found so many in the first sample, the next one is good to about 9 %, or better."""
COUNTED_MAX = 5000
RANKED_MAX = 1000
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
    marks = func.array_to_tsvector(bindparam("marks", type_=ARRAY(Text)))
    plain = (c for c in documents.c if c.name not in {"title_words", "words"})
    new = insert(documents).values(
        title_words=_vector("A"),
        words=_vector("ABCD").op("||")(marks),
        **{column.name: bindparam(column.name, type_=column.type) for column in plain},
    )
    changed = {name: new.excluded[name] for name in documents.c.keys() if name != "dataset"}  # noqa: SIM118
    return new.on_conflict_do_update(index_elements=[documents.c.dataset], set_=changed)


_WRITE = _write_statement()


def _row(document: Document) -> dict[str, Any]:
    dataset = document.dataset
    texts = {f"text_{w}_{lang}": words for (lang, w), words in document.texts.items()}
    return {
        **texts,
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

    `loose` finds longer words too, `exact` only those that were typed.
    """

    loose: str
    exact: str
    excluded: str

    @property
    def condition(self) -> ColumnElement[bool]:
        """Return the condition on all words of a document."""
        wanted = documents.c.words.op("@@")(cast(self.loose, TSQUERY)) if self.loose else true()
        return and_(wanted, self.not_excluded)

    @property
    def title_condition(self) -> ColumnElement[bool]:
        """Return the condition on the words of the title."""
        return and_(documents.c.title_words.op("@@")(cast(self.loose, TSQUERY)), self.not_excluded)

    @property
    def not_excluded(self) -> ColumnElement[bool]:
        """Return the condition that no excluded word is there."""
        if not self.excluded:
            return true()
        return documents.c.words.op("@@")(cast(f"!({self.excluded})", TSQUERY))

    @property
    def rank(self) -> ColumnElement[float]:
        """Return how well a document fits: words as typed count twice."""
        loosely = func.ts_rank(documents.c.words, cast(self.loose, TSQUERY), 1)
        exactly = func.ts_rank(documents.c.words, cast(self.exact, TSQUERY), 1)
        return loosely + 2 * exactly


def understand(tx: Connection, words: Words) -> Query | None:
    """Return `words` as a query, or None where there is no word in them.

    It also prepares the transaction: a plan made for any query fits none, and nobody waits
    longer than TIME_MS_MAX.
    """
    configurations = CONFIGURATIONS.values()
    asked = [_tsquery(c, words.wanted) for c in configurations]
    barred = [_tsquery(c, words.excluded) for c in configurations]
    row = tx.execute(
        select(
            func.set_config("plan_cache_mode", "force_custom_plan", True),
            func.set_config("statement_timeout", str(TIME_MS_MAX), True),
            cast(asked[0].op("||")(asked[1]).op("||")(asked[2]), Text).label("asked"),
            cast(barred[0].op("||")(barred[1]).op("||")(barred[2]), Text).label("barred"),
        )
    ).one()
    if words and not (row.asked or row.barred):
        return None
    return Query(loose=loosened(row.asked), exact=row.asked, excluded=row.barred)


def _tsquery(configuration: str, words: str) -> ColumnElement[Any]:
    return func.websearch_to_tsquery(text(f"'{configuration}'::regconfig"), literal(words))


def conditions(wish: Wish, query: Query, party: str | None) -> list[ColumnElement[bool]]:
    """Return what a document has to fit, the right of `party` to know of it first."""
    chosen: list[ColumnElement[bool]] = [seen_by(party), query.condition]
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
    tx: Connection, chosen: Sequence[ColumnElement[bool]], *, facets: bool, exact: bool
) -> Counts:
    """Count what fits: all of it where it is little or `exact`, else a sample of it."""
    names = FACETS if facets else ()
    if exact:
        return _counted(tx, chosen, names, None)
    for one_in, enough in zip(SAMPLES, (SAMPLED_ENOUGH, 0), strict=True):
        mark = documents.c.words.op("@@")(cast(f"'§{one_in}'", TSQUERY))
        sampled = _counted(tx, [*chosen, mark], names, COUNTED_MAX)
        if sampled.total >= max(enough, 1) and (enough or sampled.total >= SAMPLED_SOME):
            return _scaled(sampled, one_in)
        if sampled.total < SAMPLED_SOME:
            break
    return _counted(tx, chosen, names, COUNTED_MAX)


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
    columns = [_COLUMNS[name].label(name) for name in names]
    fitting = select(*columns or [literal(1)]).where(*chosen).limit(limit).subquery()
    if not columns:
        total = tx.execute(select(func.count()).select_from(fitting)).scalar_one()
        return Counts(total=total, approximate=total == limit)
    sets = [tuple_(fitting.c[name]) for name in names]
    rows = tx.execute(
        select(
            func.grouping(*(fitting.c[name] for name in names)),
            *(fitting.c[name] for name in names),
            func.count(),
        ).group_by(func.grouping_sets(*sets, tuple_()))
    )
    facets: dict[str, dict[str, int]] = {name: {} for name in names}
    total = 0
    everything = 2 ** len(names) - 1
    for which, *values, count in rows:
        if which == everything:
            total = count
            continue
        # GROUPING has a bit for each column that is not grouped by, the first one highest.
        at = next(i for i in range(len(names)) if not which >> (len(names) - 1 - i) & 1)
        kept = facets[names[at]]
        for value in values[at] if names[at] == "format" else [values[at]]:
            if value:
                kept[value] = kept.get(value, 0) + count
    return Counts(total=total, approximate=total == limit, facets=facets)


def page(
    tx: Connection, wish: Wish, query: Query, chosen: Sequence[ColumnElement[bool]], *, many: bool
) -> list[str]:
    """Return the ids of one page of what fits.

    By relevance, where there are `many`, only RANKED_MAX are ranked: those with the words in
    their title before others, newer ones first. What is left follows, newest first.
    """
    if wish.limit <= 0:
        return []
    sort = Sort.NEWEST if wish.sort is Sort.RELEVANCE and not query.loose else wish.sort
    if sort is Sort.RELEVANCE and many:
        return _page_of_many(tx, wish, query, chosen)
    listed = select(documents.c.dataset).where(*chosen).order_by(*_order(sort, query))
    return list(tx.execute(listed.offset(wish.offset).limit(wish.limit)).scalars())


def _order(sort: Sort, query: Query) -> tuple[Any, ...]:
    c = documents.c
    match sort:
        case Sort.RELEVANCE:
            return (query.rank.desc(), c.modified_at.desc(), c.dataset.desc())
        case Sort.NEWEST:
            return (c.modified_at.desc(), c.dataset.desc())
        case Sort.OLDEST:
            return (c.modified_at, c.dataset)
        case Sort.TITLE:
            return (c.sort_title, c.dataset)
        case Sort.ID:
            return (c.dataset,)


def _page_of_many(
    tx: Connection, wish: Wish, query: Query, chosen: Sequence[ColumnElement[bool]]
) -> list[str]:
    ranked = _ranked(tx, [*chosen, query.title_condition], query, RANKED_MAX)
    if len(ranked) < RANKED_MAX:
        others = [*chosen, not_(documents.c.title_words.op("@@")(cast(query.loose, TSQUERY)))]
        ranked |= _ranked(tx, others, query, RANKED_MAX - len(ranked))
    best = sorted(ranked, key=lambda at: ranked[at], reverse=True)
    listed = best[wish.offset : wish.offset + wish.limit]
    if len(listed) == wish.limit:
        return listed
    rest = (
        select(documents.c.dataset)
        .where(*chosen, documents.c.dataset.not_in(best))
        .order_by(*_order(Sort.NEWEST, query))
        .offset(max(0, wish.offset - len(best)))
        .limit(wish.limit - len(listed))
    )
    return listed + list(tx.execute(rest).scalars())


def _ranked(
    tx: Connection, chosen: Sequence[ColumnElement[bool]], query: Query, limit: int
) -> dict[str, tuple[Any, ...]]:
    newest = _order(Sort.NEWEST, query)
    rows = tx.execute(
        select(documents.c.dataset, query.rank, documents.c.modified_at)
        .where(*chosen)
        .order_by(*newest)
        .limit(limit)
    )
    return {dataset: (rank, modified_at, dataset) for dataset, rank, modified_at in rows}


def all_tags(tx: Connection, party: str | None, *, beginning: str, limit: int) -> list[str]:
    """Return the keywords of what `party` may know of, in order."""
    tag = func.unnest(documents.c.tags).label("tag")
    each = select(tag).where(seen_by(party)).distinct().subquery()
    listed = select(each.c.tag).order_by(each.c.tag).limit(limit)
    if beginning:
        listed = listed.where(func.starts_with(func.lower(each.c.tag), beginning.lower()))
    return list(tx.execute(listed).scalars())


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


def newest_releases(tx: Connection, ids: Sequence[str]) -> dict[str, ReleaseLine]:
    """Return the newest release of each dataset in `ids` that has one."""
    return {dataset: lines[0] for dataset, lines in last_releases(tx, ids, limit=1).items()}


def last_releases(
    tx: Connection, ids: Sequence[str], *, limit: int
) -> dict[str, list[ReleaseLine]]:
    """Return the last `limit` releases of each dataset in `ids`, newest first."""
    if not ids:
        return {}
    age = func.row_number().over(partition_by=releases.c.dataset, order_by=releases.c.number.desc())
    columns = [c for name, c in releases.c.items() if name in _LINE]
    aged = (
        select(releases.c.dataset, *columns, age.label("age"))
        .where(releases.c.dataset.in_(list(ids)))
        .subquery()
    )
    rows = tx.execute(
        select(aged).where(aged.c.age <= limit).order_by(aged.c.dataset, aged.c.number.desc())
    )
    found: dict[str, list[ReleaseLine]] = {}
    for row in rows:
        line = ReleaseLine(**{name: getattr(row, name) for name in _LINE})
        found.setdefault(row.dataset, []).append(line)
    return found


_LINE = ("number", "rows", "bytes", "published_at", "note", "quality")
