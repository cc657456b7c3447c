"""A table opened for classifying: a file, a folder of Delta, or Arrow, through DuckDB."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from torvet.kit.sql import literal
from torvet.privacy import sources
from torvet.privacy.errors import SourceUnreadable
from torvet.privacy.relation import parquet_of

BATCH_ROWS = 65_536
SEED = 2007


class _Opened:
    """A table in a DuckDB of its own, under the name `source`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def rows(self, sql: str) -> list[dict[str, object]]:
        """Run `sql` and return its few rows."""
        found = self._connection.execute(sql)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Run `sql` and give its rows batch by batch."""
        yield from self._connection.sql(sql).to_arrow_reader(BATCH_ROWS)

    def sample(self, rows: int) -> pa.Table:
        """Return `rows` random rows, the same ones every time."""
        sql = f"FROM source TABLESAMPLE reservoir({int(rows)} ROWS) REPEATABLE ({SEED})"
        return self._connection.sql(sql).to_arrow_table()


@contextmanager
def opened(source: Any) -> Iterator[_Opened]:
    """Open whatever `privacy.sources` takes, lines in the types that all of them have.

    Raises SourceUnreadable.
    """
    with sources.opened(source) as held, duckdb.connect() as connection:
        try:
            _bring_in(connection, held)
        except duckdb.Error as error:
            said = str(error).split("\n", 1)[0]
            raise SourceUnreadable(_name(source), said) from error
        yield _Opened(connection)


def _bring_in(connection: duckdb.DuckDBPyConnection, held: sources.Source) -> None:
    match held:
        case sources.Csv(path=path):
            # What is a number in the first lines may be a text in the last: all are looked at.
            rows = f"read_csv({literal(str(path))}, sample_size = -1)"
        case sources.Parquet():
            rows = parquet_of(held)
        case sources.Held(table=table):
            connection.register("source", table)
            return
        case _:
            raise SourceUnreadable(type(held).__name__, "it is nothing that can be looked through")
    connection.execute(f"CREATE VIEW source AS SELECT * FROM {rows}")


def _name(source: Any) -> str:
    return str(source) if isinstance(source, str | Path) else type(source).__name__
