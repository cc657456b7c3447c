"""A source as something that DuckDB reads, as often as it needs to."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from torvet.kit.sql import identifier, literal

from .sources import Held, Parquet, opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """An open DuckDB, the SQL that names the rows in it, and the types of its columns."""

    run: duckdb.DuckDBPyConnection
    rows: str
    schema: pa.Schema


@contextmanager
def reading(source: Any, columns: Sequence[str]) -> Iterator[Relation]:
    """Open any source of `sources.opened` for SQL over `columns`; raise SourceUnreadable.

    Parquet is read where it lies and Arrow where it stands in memory; CSV is read once, into
    DuckDB's own store, which goes to disk when memory is short. Columns that are not there are
    for the caller to notice: it has the schema.
    """
    with opened(source) as held, duckdb.connect() as run:
        run.execute("SET TimeZone = 'UTC'")
        if isinstance(held, Parquet):
            yield Relation(run=run, rows=parquet_of(held), schema=held.schema)
            return
        if isinstance(held, Held):
            run.register("source", held.table)
        else:
            here = [name for name in columns if name in held.schema.names]
            schema = pa.schema([held.schema.field(name) for name in here])
            run.register("arriving", pa.RecordBatchReader.from_batches(schema, held.batches(here)))
            chosen = ", ".join(map(identifier, here)) or "1"
            run.execute(f"CREATE TABLE source AS SELECT {chosen} FROM arriving")
        yield Relation(run=run, rows="source", schema=held.schema)


def parquet_of(held: Parquet) -> str:
    """Return the SQL that reads Parquet files where they lie.

    Columns that one file has and another has not are there, and empty where they are not.
    """
    files = ", ".join(literal(path) for path in held.paths)
    return f"read_parquet([{files}], union_by_name = {str(len(held.paths) > 1).lower()})"


def one(run: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    """Return the only row of a statement that always has one."""
    (row,) = run.execute(sql).fetchall()
    found: tuple[Any, ...] = row
    return found
