"""A table looked at once: what each column holds, and a sample that every row may be in.

One pass, whatever the table's size: while the rows go by as Arrow batches a random sample is
kept, with the texts that have the form of a number worth checking. Nothing else stays in memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torvet.kit.sql import identifier

SAMPLE_ROWS = 20_000
HITS_MAX = 200
TEXTS_EXAMINED_MAX = 50_000
"""Of the different texts of one batch, so many are searched."""

# RE2, as Arrow knows it: wide on purpose, since check digits decide.
_FORMS = (
    r"\b\d{6}-\d{4}\b|"  # a personal number as it is written
    r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+\.[A-Za-z]{2}|"  # an e-mail address
    r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3}|"  # a bank account
    r"\b57\d{16}\b|"  # a Danish metering point
    r"\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b|"  # the address of a device
    r"\+\d{2}[ -]?\d{2}"  # a telephone number with its country
)


class Readable(Protocol):
    """A table that can be read row by row, and asked in SQL under the name `source`."""

    def rows(self, sql: str) -> list[dict[str, object]]:
        """Run `sql` and return its few rows."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Give every row, once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnLook:
    """What one column holds. `values` are those of the sample that are there, as texts."""

    name: str
    type: pa.DataType
    values: tuple[str, ...]
    hits: tuple[str, ...]
    """Texts from anywhere in the column that hold something of a telling form."""
    nulls: int = 0
    distinct: int = 0
    """How many different values there are, within about 2 %; 0 before `counted`."""

    @property
    def texts(self) -> bool:
        """Say whether it holds texts."""
        return is_text(self.type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a table holds: its columns, and a sample of its rows as numbers for the values."""

    rows: int
    columns: tuple[ColumnLook, ...]
    sample_rows: int
    codes: Mapping[str, np.ndarray] = field(repr=False)
    """For each column the sample's values as dense integers; nulls are a value of their own."""

    def column(self, name: str) -> ColumnLook:
        """Return one column."""
        return next(it for it in self.columns if it.name == name)


def look_at(table: Readable, *, seed: int = 2007) -> Look:
    """Read `table` once and return what it holds, not counted yet; equal tables, equal looks."""
    sampler = _Sampler(np.random.default_rng(seed))
    hits: dict[str, dict[str, None]] = {}
    schema: pa.Schema | None = None
    for batch in table.batches():
        schema = batch.schema
        sampler.take(batch)
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            _keep_hits(hits.setdefault(name, {}), column)
    if schema is None:
        return Look(rows=0, columns=(), sample_rows=0, codes={})
    sample = sampler.sample()
    return Look(
        rows=sampler.rows,
        columns=tuple(
            ColumnLook(
                name=name,
                type=schema.field(name).type,
                values=_as_texts(sample.column(name)),
                hits=tuple(hits[name]),
            )
            for name in schema.names
        ),
        sample_rows=sample.num_rows,
        codes={name: _codes(sample.column(name)) for name in schema.names},
    )


def counted(table: Readable, look: Look) -> Look:
    """Return `look` with nulls and distinct values: asked only where rows are about people."""
    numbers = _counted(table, [column.name for column in look.columns])
    columns = tuple(
        replace(column, nulls=numbers[column.name][0], distinct=numbers[column.name][1])
        for column in look.columns
    )
    return replace(look, columns=columns)


class _Sampler:
    """Keeps the rows with the smallest random keys: a uniform sample of a stream of any length."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._kept: list[pa.RecordBatch] = []
        self._keys: list[np.ndarray] = []
        self._limit = 1.0
        self.rows = 0

    def take(self, batch: pa.RecordBatch) -> None:
        """Consider the rows of `batch`."""
        self.rows += batch.num_rows
        keys = self._random.random(batch.num_rows)
        chosen = np.flatnonzero(keys < self._limit)
        if not len(chosen):
            return
        self._kept.append(batch.take(_places(chosen)))
        self._keys.append(keys[chosen])
        if sum(map(len, self._keys)) > 2 * SAMPLE_ROWS:
            self._shrink()

    def _shrink(self) -> None:
        keys = np.concatenate(self._keys)
        table = pa.Table.from_batches(self._kept)
        if len(keys) > SAMPLE_ROWS:
            # In their order, so that equal tables give equal samples.
            chosen = np.sort(np.argpartition(keys, SAMPLE_ROWS)[:SAMPLE_ROWS])
            keys, table = keys[chosen], table.take(_places(chosen))
            self._limit = float(keys.max())
        self._kept = table.combine_chunks().to_batches()
        self._keys = [keys]

    def sample(self) -> pa.Table:
        """Return the sample."""
        self._shrink()
        return pa.Table.from_batches(self._kept)


def _places(chosen: np.ndarray[Any, Any]) -> pa.Array:
    """Return positions for Arrow as they lie in memory: its own way from numpy loads pandas."""
    held = pa.py_buffer(np.ascontiguousarray(chosen, np.int64))
    return pa.Array.from_buffers(pa.int64(), len(chosen), [None, held])


def _keep_hits(found: dict[str, None], column: pa.Array) -> None:
    if len(found) >= HITS_MAX or not is_text(column.type):
        return
    if pa.types.is_dictionary(column.type):
        column = column.dictionary
    texts = pc.unique(column)[:TEXTS_EXAMINED_MAX]
    for text in texts.filter(pc.match_substring_regex(texts, _FORMS)).to_pylist():
        if len(found) < HITS_MAX:
            found[text] = None


def _counted(table: Readable, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return nulls and distinct values (within about 2 %) of each column."""
    chosen = ", ".join(
        f"count(*) - count({identifier(name)}) AS n{place},"
        f" approx_count_distinct({identifier(name)}) AS d{place}"
        for place, name in enumerate(names)
    )
    found = table.rows(f"SELECT {chosen} FROM source")[0]
    return {
        name: (int(str(found[f"n{place}"])), int(str(found[f"d{place}"])))
        for place, name in enumerate(names)
    }


def is_text(kind: pa.DataType) -> bool:
    """Say whether a column of type `kind` holds texts."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _as_texts(column: pa.ChunkedArray) -> tuple[str, ...]:
    return tuple(str(value) for value in pc.unique(column).to_pylist() if value is not None)


def _codes(column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    encoded = column.combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = pa.concat_arrays(encoded.chunks)
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode(null_encoding="encode")
    # As they lie in memory: see `_places`.
    held = encoded.indices.fill_null(-1).cast(pa.int64())
    return np.frombuffer(held.buffers()[1], np.int64)[held.offset :][: len(held)] + 1
