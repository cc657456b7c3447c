"""The workbench of one reading: a folder that is gone afterwards, and an engine of its own."""

import errno
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from torvet.ports.errors import StorageFull
from torvet.ports.sql import literal
from torvet.settings import Settings

from .limits import BATCH_ROWS, VALUE_CHARACTERS_MAX
from .model import ReadOptions
from .readings import INFERRED

Progress = Callable[[str, float], None]

_FAULTS = pa.schema(
    [
        pa.field("n", pa.int64()),
        pa.field("nth", pa.int64()),
        pa.field("title", pa.string()),
        pa.field("value", pa.string()),
        pa.field("reason", pa.string()),
    ]
)
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(kw_only=True)
class Bench:
    """What a reader works with."""

    folder: Path
    run: duckdb.DuckDBPyConnection
    settings: Settings
    file_name: str
    options: ReadOptions
    progress: Progress
    notes: list[str] = field(default_factory=list)

    def note(self, *sentences: str) -> None:
        """Keep what was found out about the file, in words."""
        self.notes += [sentence for sentence in sentences if sentence]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A file as rows of text: an SQL relation with columns `n`, `c0`, `c1` and so on.

    `readings` says for each column which may be inferred; `faults` are rows that are no rows.
    """

    relation: str
    names: tuple[str, ...]
    readings: tuple[tuple[str, ...], ...]
    rows: int
    faults: Path | None = None
    faulty_rows: int = 0
    first_fault: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """The SQL names of the columns of text."""
        return tuple(f"c{number}" for number in range(len(self.names)))


@contextmanager
def workbench(
    settings: Settings, name: str, file_name: str, options: ReadOptions, progress: Progress
) -> Iterator[Bench]:
    """Open a bench under the home folder; a full disk becomes StorageFull."""
    folder = settings.home / "staging" / name
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        with _engine(settings, folder) as run:
            yield Bench(
                folder=folder,
                run=run,
                settings=settings,
                file_name=file_name,
                options=options,
                progress=progress,
            )
    except (OSError, duckdb.Error) as error:
        if is_full(error):
            raise StorageFull(f"what {file_name!r} becomes") from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_full(error: BaseException) -> bool:
    """Tell whether `error` says that there is no room left on the disk."""
    if isinstance(error, OSError):
        return error.errno in _FULL
    return "No space left on device" in str(error) or "File too large" in str(error)


@contextmanager
def _engine(settings: Settings, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    run = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{settings.engine_memory_mb}MiB",
            "threads": os.cpu_count() or 1,
            "temp_directory": str(folder / "spill"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "allow_persistent_secrets": "false",
        },
    )
    try:
        run.execute("SET TimeZone = 'UTC'")
        run.execute("SET lock_configuration = true")
        yield run
    finally:
        run.close()


class CellWriter:
    """Writes rows of text to one Parquet file, and what is no row to another."""

    def __init__(self, bench: Bench, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._cells = bench.folder / "cells.parquet"
        self._faults = bench.folder / "faults.parquet"
        columns = [pa.field(f"c{number}", pa.string()) for number in range(len(names))]
        self._schema = pa.schema([pa.field("n", pa.int64()), *columns])
        self._cell_file = pq.ParquetWriter(self._cells, self._schema, compression="lz4")
        self._fault_file = pq.ParquetWriter(self._faults, _FAULTS, compression="lz4")
        self._rows: list[Sequence[str | None]] = []
        self._numbers: list[int] = []
        self._bad: list[tuple[int, int, str | None, str | None, str]] = []
        self._taken = self._faulty = 0
        self._first_fault = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._cell_file.close()
        self._fault_file.close()

    def row(self, number: int, cells: Sequence[str | None]) -> None:
        """Take one row, with one cell for each name."""
        self._rows.append(cells)
        self._numbers.append(number)
        if len(self._rows) >= BATCH_ROWS:
            self._flush()

    def fault(self, number: int, value: str | None, reason: str) -> None:
        """Take one row that is none."""
        self._faulty += 1
        self._first_fault = self._first_fault or f"row {number:,}: {reason}"
        self._bad.append((number, 0, None, cut(value), reason))
        if len(self._bad) >= BATCH_ROWS:
            self._flush_faults()

    def finish(self, readings: Iterable[Sequence[str]] | None = None) -> Staged:
        """Write what is left, and return what there is."""
        self._flush()
        self._flush_faults()
        self._cell_file.close()
        self._fault_file.close()
        allowed = readings or (INFERRED for _ in self._names)
        return Staged(
            relation=f"read_parquet({literal(str(self._cells))})",
            names=self._names,
            readings=tuple(tuple(each) for each in allowed),
            rows=self._taken,
            faults=self._faults if self._faulty else None,
            faulty_rows=self._faulty,
            first_fault=self._first_fault,
        )

    def _flush(self) -> None:
        if not self._rows:
            return
        columns = [pa.array(column, pa.string()) for column in zip(*self._rows, strict=True)]
        batch = pa.record_batch([pa.array(self._numbers, pa.int64()), *columns], self._schema)
        self._cell_file.write_batch(batch)
        self._taken += len(self._rows)
        self._rows, self._numbers = [], []

    def _flush_faults(self) -> None:
        if self._bad:
            columns = [list(column) for column in zip(*self._bad, strict=True)]
            arrays = [
                pa.array(column, kind.type) for column, kind in zip(columns, _FAULTS, strict=True)
            ]
            self._fault_file.write_batch(pa.record_batch(arrays, _FAULTS))
            self._bad = []


def cut(value: str | None) -> str | None:
    """Return so much of a rejected value as is kept, as a text that can be stored."""
    if value is None:
        return None
    kept = value if len(value) <= VALUE_CHARACTERS_MAX else value[:VALUE_CHARACTERS_MAX] + "…"
    return kept.encode("utf-8", "replace").decode()
