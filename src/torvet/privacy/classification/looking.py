"""A table looked at: what each column holds, and a sample that every row may be in.

The engine draws the sample. Then texts are searched, all of them, for what has the form of a
number worth checking: those of a few different values once each, the others row by row. Nothing
but the sample and what is found stays in memory.
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
    """A table that can be asked in SQL under the name `source`."""

    def rows(self, sql: str) -> list[dict[str, object]]:
        """Run `sql` and return its few rows."""

    def stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Run `sql` and give its rows batch by batch."""

    def sample(self, rows: int) -> pa.Table:
        """Return about `rows` random rows, or all where there are no more; the same every time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnLook:
    """What one column holds. `values` are the sample's different ones, as texts; no moments."""

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


def look_at(table: Readable) -> Look:
    """Look at `table` and return what it holds, not counted yet; equal tables, equal looks."""
    rows = int(str(table.rows("SELECT count(*) AS n FROM source")[0]["n"]))
    if not rows:
        return Look(rows=0, columns=(), sample_rows=0, codes={})
    sample = table.sample(SAMPLE_ROWS)
    hits = _hits(table, sample)
    return Look(
        rows=rows,
        columns=tuple(
            ColumnLook(
                name=field.name,
                type=field.type,
                values=_as_texts(sample.column(field.name)),
                hits=hits.get(field.name, ()),
            )
            for field in sample.schema
        ),
        sample_rows=sample.num_rows,
        codes={name: _codes(sample.column(name)) for name in sample.column_names},
    )


def counted(table: Readable, look: Look) -> Look:
    """Return `look` with nulls and distinct values: asked only where rows are about people."""
    numbers = _counted(table, [column.name for column in look.columns])
    columns = tuple(
        replace(column, nulls=numbers[column.name][0], distinct=numbers[column.name][1])
        for column in look.columns
    )
    return replace(look, columns=columns)


def _hits(table: Readable, sample: pa.Table) -> dict[str, tuple[str, ...]]:
    """Return for each column of texts those, of all rows, that hold something of a telling form."""
    texts = [field.name for field in sample.schema if is_text(field.type)]
    many = [name for name in texts if _has_many(sample.column(name))]
    asked = [
        f"SELECT DISTINCT {identifier(name)} FROM source ORDER BY {identifier(name)}"
        for name in texts
        if name not in many
    ]
    if many:
        asked.append(f"SELECT {', '.join(map(identifier, many))} FROM source")
    found: dict[str, dict[str, None]] = {name: {} for name in texts}
    for sql in asked:
        for batch in table.stream(sql):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                _keep_hits(found[name], column)
    return {name: tuple(kept) for name, kept in found.items()}


def _has_many(column: pa.ChunkedArray) -> bool:
    """Say whether a column has so many values that to tell them apart costs more than it saves."""
    return bool(2 * pc.count_distinct(column).as_py() > len(column))


def _keep_hits(found: dict[str, None], column: pa.Array) -> None:
    if len(found) >= HITS_MAX:
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
    if pa.types.is_temporal(column.type):  # no moment is a name or a number of anybody
        return ()
    return tuple(str(value) for value in pc.unique(column).to_pylist() if value is not None)


def _codes(column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    plain = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    encoded = pa.chunked_array(
        [pc.dictionary_encode(column.cast(plain).combine_chunks(), null_encoding="encode")]
    ).combine_chunks()
    # As they lie in memory: to numpy, and with a scalar of Python's, Arrow loads all of pandas.
    held = encoded.indices.cast(pa.int64())
    return np.frombuffer(held.buffers()[1], np.int64)[held.offset :][: len(held)]
