"""The engine in process: DuckDB, kept to the exchange's own folders."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from torvet.ports.engine import WrittenFile
from torvet.ports.sql import identifier, literal

from .errors import storage_error
from .statistics import from_duckdb

SEED = 2007


class DuckDBEngine:
    """Runs every call on a connection of its own, within one limit of memory."""

    name = "DuckDB"

    def __init__(
        self, *, temporary: Path, memory_mb: int, threads: int | None = None, files: Any = None
    ) -> None:
        """Open the engine; `files` is an fsspec filesystem of the object store, if there is one."""
        temporary.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._temporary = temporary
        self._files = files
        self._database = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": f"{memory_mb}MiB",
                "threads": threads or os.cpu_count() or 1,
                "temp_directory": str(temporary),
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_community_extensions": "false",
                "allow_persistent_secrets": "false",
            },
        )
        if files is not None:
            self._database.register_filesystem(files)
        self._database.execute("SET GLOBAL TimeZone = 'UTC'")
        # Files never change, so what their footers say is read once.
        self._database.execute("SET GLOBAL parquet_metadata_cache = true")
        self._database.execute("SET GLOBAL lock_configuration = true")

    def close(self) -> None:
        """Give the memory back."""
        self._database.close()

    @contextmanager
    def stream(
        self, sql: str, inputs: Mapping[str, Sequence[str]], *, batch_rows: int = 65_536
    ) -> Iterator[Iterator[pa.RecordBatch]]:
        """Run `sql` over `inputs` and give its rows batch by batch."""
        with self._reading(inputs) as run, _explained(self._temporary):
            yield iter(run.sql(sql).to_arrow_reader(batch_rows))

    def rows(self, sql: str, inputs: Mapping[str, Sequence[str]]) -> list[dict[str, object]]:
        """Run `sql` and return its few rows."""
        with self._reading(inputs) as run, _explained(self._temporary):
            result = run.execute(sql)
            names = [column[0] for column in result.description]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def sample(self, uris: Sequence[str], rows: int) -> pa.Table:
        """Return `rows` random rows of the files, the same ones every time."""
        sql = f"SELECT * FROM sampled TABLESAMPLE reservoir({int(rows)} ROWS) REPEATABLE ({SEED})"
        with self._reading({"sampled": uris}) as run, _explained(self._temporary):
            return run.sql(sql).to_arrow_table()

    def write(
        self, sql: str, inputs: Mapping[str, Sequence[str]], folder: str, *, prefix: str
    ) -> list[WrittenFile]:
        """Write the rows of `sql`, in their order, as one file; leave none on failure."""
        if "://" in folder:
            with tempfile.TemporaryDirectory(dir=self._temporary) as staging:
                written = self._write(sql, inputs, Path(staging), prefix)
                for file in written:
                    self._files.put_file(f"{staging}/{file.path}", f"{folder}/{file.path}")
            return written
        Path(folder).mkdir(parents=True, exist_ok=True)
        return self._write(sql, inputs, Path(folder), prefix)

    def _write(
        self, sql: str, inputs: Mapping[str, Sequence[str]], folder: Path, prefix: str
    ) -> list[WrittenFile]:
        file = folder / f"{prefix}0.parquet"
        # One file: DuckDB keeps the order of rows only there, and rows that stand as they were
        # delivered compress better, page stably and are what a provider expects to see.
        copy = (
            f"COPY ({sql}) TO {literal(str(file))}"
            " (FORMAT parquet, COMPRESSION zstd, PRESERVE_ORDER true, RETURN_STATS true)"
        )
        try:
            with self._reading(inputs) as run, _explained(folder):
                described = run.execute(f"DESCRIBE {sql}").fetchall()
                written = run.execute(copy).fetchall()
        except BaseException:
            for leftover in (file, folder / f"tmp_{file.name}"):
                leftover.unlink(missing_ok=True)
            raise
        types = {name: str(kind) for name, kind, *_ in described}
        return [
            from_duckdb(
                path=Path(name).name, rows=rows, size_bytes=size, columns=columns, types=types
            )
            for name, rows, size, _footer, columns, *_ in written
        ]

    def check(self) -> str:
        """Run one query; return the engine's version and limits."""
        found = self.rows(
            "SELECT version() AS version, current_setting('memory_limit') AS memory,"
            " current_setting('threads') AS threads",
            {},
        )[0]
        return f"DuckDB {found['version']}, {found['memory']}, {found['threads']} threads"

    @contextmanager
    def _reading(self, inputs: Mapping[str, Sequence[str]]) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = self._database.cursor()
        try:
            for name, uris in inputs.items():
                files = ", ".join(literal(_path(uri)) for uri in uris)
                connection.execute(
                    f"CREATE TEMP VIEW {identifier(name)} AS"
                    f" SELECT * FROM read_parquet([{files}], union_by_name = true)"
                )
            yield connection
        finally:
            connection.close()


def _path(uri: str) -> str:
    return uri.removeprefix("file://")


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, OSError) as error:
        if (known := storage_error(error, str(folder))) is not None:
            raise known from error
        raise
