"""Typed rows become the Parquet files of a table, written where they will stay."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from torvet.kit.ids import new_id
from torvet.ports.engine import WrittenFile
from torvet.ports.sql import literal

from .model import Column, ColumnType

SPREAD_BYTES = 32 * 1024**2
"""From this size on, each thread writes a file of its own."""

_TEXT_CHARACTERS = 32
_TIMES = {ColumnType.TIMESTAMP, ColumnType.INSTANT}
_READ: Mapping[ColumnType, Callable[[str], object]] = {
    ColumnType.INTEGER: int,
    ColumnType.NUMBER: float,
    ColumnType.DATE: lambda text: date.fromisoformat(text).isoformat(),
}
_TEXTS = {ColumnType.TEXT, ColumnType.TIME, ColumnType.GEOMETRY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Files of a table, and how many rows they hold together."""

    files: tuple[WrittenFile, ...]
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a table's files go: `folder` is its own, or one on this machine to `send` them from."""

    run: duckdb.DuckDBPyConnection
    folder: Path
    size_bytes: int
    send: Callable[[str, Path], None] | None

    def write(self, select: str, columns: Sequence[Column]) -> Written:
        """Write the rows of `select`; remove what was written where it fails."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        # Order costs nothing in one file; a large one is written by all threads instead.
        spread = self.size_bytes >= SPREAD_BYTES
        # A release takes files over by name from many sources: a name is never used again.
        name = new_id("f")
        to = self.folder if spread else self.folder / f"{name}.parquet"
        how = f"PER_THREAD_OUTPUT true, FILENAME_PATTERN '{name}-{{i}}', " if spread else ""
        said = self.run.execute(
            f"COPY ({select}) TO {literal(str(to))}"
            f" (FORMAT parquet, COMPRESSION zstd, {how}RETURN_STATS true)"
        ).fetchall()
        files = tuple(_file(row, columns) for row in said if row[1])
        if self.send is not None:
            for file in files:
                self.send(file.path, self.folder / file.path)
            self.clear()
        return Written(files=files, rows=sum(file.rows for file in files))

    def clear(self) -> None:
        """Remove what was written."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _file(row: Sequence[Any], columns: Sequence[Column]) -> WrittenFile:
    name, rows, size, _, said, *_ = row
    stats = {str(key)[1:-1].replace('""', '"'): each for key, each in said.items()}
    minimum: dict[str, object] = {}
    maximum: dict[str, object] = {}
    for column in columns:
        ends = _ends(column, stats.get(column.name, {}))
        if ends is not None:
            minimum[column.name], maximum[column.name] = ends
    return WrittenFile(
        path=Path(name).name,
        size_bytes=size,
        rows=rows,
        minimum=minimum,
        maximum=maximum,
        nulls={
            column.name: int(stats[column.name]["null_count"])
            for column in columns
            if "null_count" in stats.get(column.name, {})
        },
    )


def _ends(column: Column, said: Mapping[str, str]) -> tuple[object, object] | None:
    """Return the least and the greatest value as Delta writes them, or None where unknown.

    Delta protocol, "Per-file Statistics": a minimum may be too low and a maximum too high.
    """
    if "min" not in said or "max" not in said or said.get("has_nan") == "true":
        return None
    low, high = said["min"], said["max"]
    try:
        if column.type in _TIMES:
            return _moment(low, 0), _moment(high, 999)
        if column.type in _TEXTS:
            exact = said.get("max_is_exact") == "true" and len(low + high) <= _TEXT_CHARACTERS
            return (low, high) if exact else None
        read = _READ.get(column.type)
        return None if read is None else (read(low), read(high))
    except (ValueError, OverflowError):  # infinite, or outside Python's calendar
        return None


def _moment(text: str, up: int) -> str:
    """Write a moment in milliseconds: rounded down, or up where `up` is 999."""
    at = datetime.fromisoformat(text) + timedelta(microseconds=up)
    zone = "" if at.tzinfo is None else "Z"
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds") + zone
