"""Which released rows may be about a person of whom some values are known.

A released value covers a known one where it is that value, an ancestor of it in its hierarchy, a
range that holds it, or `*`. Rows are counted by what they show of the quasi-identifiers: a
*class* is all rows that show the same.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from torvet.kit.sql import identifier
from torvet.privacy.errors import HierarchyMissesValue
from torvet.privacy.recoding.hierarchies import Hierarchy
from torvet.privacy.sources import Source, opened

ANYTHING = "*"
NOTHING = "\x00"
"""How a missing value is written: it is covered by itself and by `*`."""

CELLS_MAX = 10_000_000
"""Comparisons of a target with a class that one attack makes; more targets are left out."""

_NUMBER = r"(-?\d+(?:\.\d+)?)"
_RANGE = re.compile(
    rf"^(?P<open>[\[\(]?)\s*{_NUMBER}\s*(?:-|–|\.\.|,|;)\s*{_NUMBER}\s*(?P<close>[\]\)]?)$"
)
_BEYOND = re.compile(rf"^(?P<sign><|<=|≤|>|>=|≥)\s*{_NUMBER}$|^{_NUMBER}\s*(?P<plus>\+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """Distinct combinations of some columns of a table, with how many rows have each.

    `values[column]` are the texts of its distinct values, `codes` (classes, columns) point into
    them, and `sizes` (classes,) count rows.
    """

    columns: tuple[str, ...]
    values: tuple[np.ndarray, ...]
    codes: np.ndarray
    sizes: np.ndarray

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def rows(self) -> int:
        return int(self.sizes.sum())

    def texts(self, column: int) -> np.ndarray:
        return np.asarray(self.values[column][self.codes[:, column]])

    def where(self, kept: np.ndarray) -> "Classes":
        return Classes(
            columns=self.columns,
            values=self.values,
            codes=self.codes[kept],
            sizes=self.sizes[kept],
        )

    def seen_by(self, columns: Sequence[int]) -> "Classes":
        """Some columns alone, the classes as they are: several may then look alike."""
        return Classes(
            columns=tuple(self.columns[each] for each in columns),
            values=tuple(self.values[each] for each in columns),
            codes=self.codes[:, list(columns)],
            sizes=self.sizes,
        )

    def known(self, columns: Sequence[int]) -> "Classes":
        """The classes that remain when only some columns are looked at."""
        return _grouped(
            tuple(self.columns[each] for each in columns),
            tuple(self.values[each] for each in columns),
            self.codes[:, list(columns)],
            self.sizes,
        )


def classes(
    source: Any, columns: Sequence[str], edges: Mapping[str, np.ndarray] | None = None
) -> Classes:
    """Count the rows of `source` by the texts of `columns`.

    Args:
        source: whatever `sources.opened` takes.
        columns: names, in the order in which they are wanted.
        edges: numeric columns that are cut at these numbers, and counted by the part they are in.
    """
    cut = edges or {}
    named = {column: identifier(column) for column in columns}
    shown = ", ".join(f"{_shown(name, cut.get(c))} AS {name}" for c, name in named.items())
    with opened(source) as held, duckdb.connect() as engine:
        engine.register("given", _reader(held, columns))
        counted = engine.sql(
            f"SELECT {', '.join(named.values())}, count(*) AS torvet_rows "
            f"FROM (SELECT {shown} FROM given) GROUP BY ALL ORDER BY ALL"
        ).to_arrow_table()
    values, codes = [], []
    for column in columns:
        encoded = counted[column].combine_chunks().dictionary_encode()
        values.append(np.asarray(encoded.dictionary.to_pylist(), dtype=object))
        codes.append(np.asarray(encoded.indices, dtype=np.int64))
    return Classes(
        columns=tuple(columns),
        values=tuple(values),
        codes=np.stack(codes, axis=1),
        sizes=np.asarray(counted["torvet_rows"], dtype=np.int64),
    )


def quantiles(source: Any, column: str, parts: int, seed: int) -> np.ndarray | None:
    """Return the numbers that cut `column` into parts of equally many rows.

    None where it is no number, or has no more different values than parts.
    """
    rng, taken = np.random.default_rng(seed), []
    with opened(source) as held:
        if not _is_numeric(held.schema.field(column).type):
            return None
        for batch in held.batches([column]):
            numbers = batch.column(0).drop_null().to_numpy(zero_copy_only=False)
            taken.append(numbers[rng.integers(0, max(len(numbers), 1), min(len(numbers), 20_000))])
    found = np.concatenate(taken).astype(float) if taken else np.zeros(0)
    if len(np.unique(found)) <= parts:
        return None
    return np.unique(np.quantile(found, np.linspace(0, 1, parts + 1)[1:-1]))


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _shown(name: str, cut: np.ndarray | None) -> str:
    if cut is None:
        return f"coalesce(cast({name} AS varchar), chr(0))"
    steps = " + ".join(f"cast({name} > {float(edge)!r} AS integer)" for edge in cut)
    return f"coalesce(cast({steps or '0'} AS varchar), chr(0))"


def _reader(held: Source, columns: Sequence[str]) -> pa.RecordBatchReader:
    batches = held.batches(columns)
    first = next(batches, None)
    if first is None:
        empty = pa.schema([held.schema.field(column) for column in columns])
        return pa.RecordBatchReader.from_batches(empty, [])
    return pa.RecordBatchReader.from_batches(first.schema, chain([first], batches))


def _grouped(
    columns: tuple[str, ...], values: tuple[np.ndarray, ...], codes: np.ndarray, sizes: np.ndarray
) -> Classes:
    marks = mixed(codes, tuple(len(each) for each in values))
    _marks, first, inverse = np.unique(marks, return_index=True, return_inverse=True)
    counted = np.bincount(inverse, weights=sizes, minlength=len(first)).astype(np.int64)
    return Classes(columns=columns, values=values, codes=codes[first], sizes=counted)


def mixed(codes: np.ndarray, radices: Sequence[int]) -> np.ndarray:
    """One number for each row of codes; dense ranks where the product would not fit."""
    mark = np.zeros(len(codes), dtype=np.int64)
    room = 1
    for column, radix in enumerate(radices):
        if room > np.iinfo(np.int64).max // max(radix, 1):
            mark = np.unique(mark, return_inverse=True)[1]
            room = int(mark.max(initial=0)) + 1
        mark = mark * max(radix, 1) + codes[:, column]
        room *= max(radix, 1)
    return mark


def without_suppressed(released: Classes) -> Classes:
    """Leave out rows that show nothing, where others show something."""
    shows = np.zeros(len(released), dtype=bool)
    for column in range(len(released.columns)):
        shows |= released.texts(column) != ANYTHING
    return released.where(shows) if shows.any() else released


def covers(
    released: np.ndarray, known: np.ndarray, hierarchy: Hierarchy | None = None
) -> np.ndarray:
    """Whether each released text covers each known one: (released, known), of bool.

    A text that a hierarchy makes of some known value means what the hierarchy says; any other is
    read as a range of numbers where it is one.
    """
    place = {text: row for row, text in enumerate(released)}
    found = np.zeros((len(released), len(known)), dtype=bool)
    for column, text in enumerate(known):
        for each in ancestors(text, hierarchy):
            if each in place:
                found[place[each], column] = True
    numbers = np.array([_number(text) for text in known])
    for row, text in enumerate(released):
        low, high = (np.inf, -np.inf) if found[row].any() else bounds(text)
        if low <= high:
            found[row] |= (numbers >= low) & (numbers <= high)
    return found


def ancestors(text: str, hierarchy: Hierarchy | None = None) -> tuple[str, ...]:
    """What a known value may be shown as: itself, what stands above it, and `*`."""
    if hierarchy is None or text == NOTHING:
        return (text, ANYTHING)
    try:
        steps = hierarchy.steps(text.removesuffix(".0"))
    except HierarchyMissesValue:
        steps = ()
    return (text, *(step for step in steps if step is not None), ANYTHING)


def bounds(text: str) -> tuple[float, float]:
    """The numbers that a text such as `20-29`, `[20, 30)`, `≥65` or `65+` holds: low, high.

    A text that is no range holds none: low is then above high.
    """
    if match := _RANGE.match(text):
        low, high = (float(part) for part in match.groups() if part and _is_number(part))
        low = np.nextafter(low, np.inf) if match["open"] == "(" else low
        return low, float(np.nextafter(high, -np.inf) if match["close"] == ")" else high)
    if match := _BEYOND.match(text):
        edge = next(float(part) for part in match.groups() if part and _is_number(part))
        sign = match["plus"] or match["sign"]
        below = np.nextafter(edge, -np.inf) if sign == "<" else edge
        above = np.nextafter(edge, np.inf) if sign == ">" else edge
        return (-np.inf, float(below)) if sign in {"<", "<=", "≤"} else (float(above), np.inf)
    return np.inf, -np.inf


def _is_number(text: str) -> bool:
    return not np.isnan(_number(text))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def fitting(
    released: Classes,
    known: Classes,
    hierarchies: Mapping[str, Hierarchy],
    targets: np.ndarray,
) -> csr_array:
    """Which released classes fit each of `targets` (places in `known`), by the columns of `known`.

    Returns a sparse matrix of ones, of shape (targets, released classes). Where each known value
    has one released form, as in full-domain recoding, a class is looked up; else all are compared.
    """
    tables: list[np.ndarray] = [
        covers(
            released.values[released.columns.index(column)],
            known.values[place],
            hierarchies.get(column),
        )
        for place, column in enumerate(known.columns)
    ]
    shown = released.codes[:, [released.columns.index(column) for column in known.columns]]
    if all((table.sum(axis=0) <= 1).all() for table in tables):
        return _looked_up(shown, tables, known.codes[targets])
    matrix = np.ones((len(targets), len(released)), dtype=bool)
    for place, table in enumerate(tables):
        matrix &= table[shown[:, place]].T[known.codes[targets, place]]
    rows, there = np.nonzero(matrix)
    ones = np.ones(len(rows), dtype=np.int64)
    return csr_array((ones, (rows, there)), shape=matrix.shape)


def _looked_up(shown: np.ndarray, tables: list[np.ndarray], asked: np.ndarray) -> csr_array:
    forms = np.stack(
        [table.argmax(axis=0)[asked[:, place]] for place, table in enumerate(tables)], axis=1
    )
    covered = np.ones(len(asked), dtype=bool)
    for place, table in enumerate(tables):
        covered &= np.asarray(table.any(axis=0))[asked[:, place]]
    marks = mixed(np.concatenate([shown, forms]), [len(table) for table in tables])
    there, sought = marks[: len(shown)], marks[len(shown) :]
    order = np.argsort(there, kind="stable")
    first = np.searchsorted(there[order], sought, side="left")
    last = np.where(covered, np.searchsorted(there[order], sought, side="right"), first)
    counts = last - first
    pointers = np.concatenate([[0], np.cumsum(counts)])
    within = np.arange(pointers[-1]) - np.repeat(pointers[:-1], counts)
    found = order[np.repeat(first, counts) + within]
    ones = np.ones(len(found), dtype=np.int64)
    return csr_array((ones, found, pointers), shape=(len(asked), len(shown)))


def drawn(known: Classes, released: Classes, most: int, seed: int) -> np.ndarray:
    """Places of the targets in `known`: all where they are few, else a draw of persons."""
    room = max(100, min(most, CELLS_MAX // max(len(released), 1)))
    if len(known) <= room:
        return np.arange(len(known))
    people = np.random.default_rng(seed).choice(known.rows, min(most, known.rows), replace=False)
    places = np.unique(np.searchsorted(np.cumsum(known.sizes), people, side="right"))
    return places[np.random.default_rng(seed).permutation(len(places))[:most]]
