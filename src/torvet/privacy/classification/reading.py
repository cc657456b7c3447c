"""A table opened for classifying: a file, a folder of Delta, or Arrow, through DuckDB."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from torvet.kit.sql import literal
from torvet.privacy.errors import SourceUnreadable

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
    """Open a CSV or Parquet file, a folder of Delta, Parquet URIs, or anything of Arrow.

    Raises SourceUnreadable.
    """
    with duckdb.connect(":memory:") as connection:
        try:
            _bring_in(connection, source)
        except (duckdb.Error, OSError, TableNotFoundError, pa.ArrowException) as error:
            said = str(error).split("\n", 1)[0]
            raise SourceUnreadable(_name(source), said) from error
        yield _Opened(connection)


def _bring_in(connection: duckdb.DuckDBPyConnection, source: Any) -> None:
    if isinstance(source, str | Path):
        connection.execute(f"CREATE VIEW source AS SELECT * FROM {_file(Path(source))}")
    elif isinstance(source, pa.Table):
        connection.register("source", source)
    elif hasattr(source, "__arrow_c_stream__"):
        # A stream is read once and is looked at twice.
        arriving = pa.RecordBatchReader.from_stream(source)
        connection.register("arriving", arriving)
        connection.execute("CREATE TEMP TABLE source AS SELECT * FROM arriving")
    elif isinstance(source, Sequence):
        connection.execute(f"CREATE VIEW source AS SELECT * FROM {_parquet(source)}")
    else:
        raise SourceUnreadable(_name(source), "it is no file, no folder of Delta and no Arrow")


def _file(path: Path) -> str:
    if path.is_dir():
        return _parquet(DeltaTable(path).file_uris())
    if path.suffix in {".parquet", ".pq"}:
        return _parquet([str(path)])
    return f"read_csv({literal(str(path))}, sample_size = -1)"


def _parquet(uris: Sequence[Any]) -> str:
    files = ", ".join(literal(str(uri).removeprefix("file://")) for uri in uris)
    return f"read_parquet([{files}], union_by_name = true)"


def _name(source: Any) -> str:
    return str(source) if isinstance(source, str | Path) else type(source).__name__
