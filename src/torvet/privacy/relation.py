"""A source as something that DuckDB reads, as often as it needs to."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from torvet.kit.sql import identifier, literal
from torvet.privacy.sources import opened


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
        here = [name for name in columns if name in held.schema.names]
        paths, table = getattr(held, "paths", None), getattr(held, "table", None)
        if paths is not None:
            files = ", ".join(literal(str(path)) for path in paths)
            yield Relation(run=run, rows=f"read_parquet([{files}])", schema=held.schema)
            return
        if table is None:
            schema = pa.schema([held.schema.field(name) for name in here])
            run.register("arriving", pa.RecordBatchReader.from_batches(schema, held.batches(here)))
            chosen = ", ".join(map(identifier, here)) or "1"
            run.execute(f"CREATE TABLE source AS SELECT {chosen} FROM arriving")
        else:
            run.register("source", table)
        yield Relation(run=run, rows="source", schema=held.schema)


def one(run: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    """Return the only row of a statement that always has one."""
    (row,) = run.execute(sql).fetchall()
    found: tuple[Any, ...] = row
    return found
