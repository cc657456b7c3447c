"""Deeds of ingest: a file becomes a source table."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlalchemy import Connection

from torvet.ports.engine import WrittenFile
from torvet.ports.parts import Parts

from . import store
from .bench import Bench, Progress, workbench
from .casting import Table, cast_at_once, cast_staged
from .containers import format_of, is_gzip, unpack_gzip
from .csv_files import CsvFile
from .errors import ExpandsTooMuch, FileUnreadable
from .jsons import stage_geojson, stage_ndjson
from .model import Column, FileFormat, ReadOptions, RejectedRow, Source, SourceId
from .options import checked_options
from .parquet_files import read_parquet
from .schema import arrow_schema
from .sheets import stage_sheet
from .writing import Target

REJECTED_PAGE_MAX = 1000
UNPACKED_FACTOR = 4
"""An unpacked file may be this many times larger than the largest upload."""

_REJECTED = pa.schema(
    [
        pa.field("position", pa.int64()),
        pa.field("row_number", pa.int64()),
        pa.field("column", pa.string()),
        pa.field("value", pa.string()),
        pa.field("reason", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What reading a file gave."""

    format: FileFormat
    table: Table
    rejected_files: tuple[WrittenFile, ...]
    notes: tuple[str, ...]


def receive(
    parts: Parts,
    *,
    source_id: SourceId,
    party: str,
    path: Path,
    file_name: str,
    schema: tuple[Column, ...] | None = None,
    options: ReadOptions | None = None,
    sha256: str | None = None,
    progress: Progress | None = None,
) -> Source:
    """Read the file at `path` into table `sources/{source_id}` and return what it became.

    Done again with the same `source_id`, it returns what is there, or starts afresh where it
    was cut off. Rows that do not fit are kept in table `rejected/{source_id}`.
    Raises an ExchangeError that says what is wrong with the file.
    """
    with parts.db.begin() as tx:
        done = store.find_source(tx, source_id)
    if done is not None:
        return done
    tell = progress or _untold
    wanted = checked_options(options or ReadOptions())
    tell("reading", 0.0)
    _remove_tables(parts, source_id)
    try:
        with workbench(parts.settings, source_id, file_name, wanted, tell) as bench:
            read = _read(parts, bench, source_id, path, schema)
    except Exception:
        _remove_tables(parts, source_id)
        raise
    tell("checking", 0.9)
    received = Source(
        id=source_id,
        party=party,
        file_name=file_name,
        format=read.format,
        bytes=path.stat().st_size,
        sha256=sha256 or digest(path),
        rows=read.table.written.rows,
        rejected=read.table.rejected,
        columns=read.table.columns,
        notes=read.notes,
        received_at=parts.clock.now(),
    )
    _commit(parts, received, read)
    with parts.db.begin() as tx:
        store.add_source(tx, received)
    return received


def remove_source(parts: Parts, source_id: SourceId) -> None:
    """Remove a source that nothing is made of, with its rows; do nothing where it is gone."""
    with parts.db.begin() as tx:
        store.forget_source(tx, source_id)
    _remove_tables(parts, source_id)


def _remove_tables(parts: Parts, source_id: SourceId) -> None:
    for table in (f"sources/{source_id}", f"rejected/{source_id}"):
        parts.tables.remove(table)


def _untold(_stage: str, _share: float) -> None:
    pass


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(
    parts: Parts,
    bench: Bench,
    source_id: SourceId,
    path: Path,
    schema: Sequence[Column] | None,
) -> _Read:
    file_name = bench.file_name
    if is_gzip(path):
        unpacked = bench.folder / "unpacked"
        unpack_gzip(
            path,
            unpacked,
            file_name=file_name,
            ratio_max=parts.settings.expansion_ratio_max,
            bytes_max=parts.settings.upload_bytes_max * UNPACKED_FACTOR,
        )
        path, file_name = unpacked, file_name.removesuffix(".gz")
    kind = format_of(path, file_name, bench.options.format)
    bench.progress("reading", 0.1)
    target = _target(parts, bench, f"sources/{source_id}", path.stat().st_size)
    table = _read_as(kind, bench, path, schema, target)
    rejected: tuple[WrittenFile, ...] = ()
    if table.faults is not None:
        aside = _target(parts, bench, f"rejected/{source_id}", 0)
        rejected = aside.write(table.faults, ()).files
    notes = tuple(bench.notes)
    return _Read(format=kind, table=table, rejected_files=rejected, notes=notes)


def _target(parts: Parts, bench: Bench, table: str, size_bytes: int) -> Target:
    folder = parts.tables.folder(table)
    remote = "://" in folder
    return Target(
        run=bench.run,
        folder=bench.folder / "out" / table if remote else Path(folder),
        size_bytes=size_bytes,
        send=partial(parts.tables.put_file, table) if remote else None,
    )


def _read_as(
    kind: FileFormat,
    bench: Bench,
    path: Path,
    schema: Sequence[Column] | None,
    target: Target,
) -> Table:
    try:
        match kind:
            case FileFormat.CSV:
                file = CsvFile(bench, path)
                at_once = cast_at_once(bench, file, schema, target)
                return at_once or cast_staged(bench, file.stage(), schema, target)
            case FileFormat.PARQUET:
                return read_parquet(bench, path, schema, target)
            case FileFormat.NDJSON:
                return cast_staged(bench, stage_ndjson(bench, path), schema, target)
            case FileFormat.GEOJSON:
                return cast_staged(bench, stage_geojson(bench, path), schema, target)
            case FileFormat.XLSX:
                return cast_staged(bench, stage_sheet(bench, path), schema, target)
    except duckdb.OutOfMemoryException as error:
        raise ExpandsTooMuch(bench.file_name, "more than the engine's memory") from error
    except UnicodeDecodeError as error:
        raise FileUnreadable(bench.file_name, f"its text is damaged ({error})") from error


def _commit(parts: Parts, received: Source, read: _Read) -> None:
    """Make the written files version 1 of their tables, in one step each."""
    at = received.received_at
    if read.rejected_files:
        name = f"rejected/{received.id}"
        parts.tables.create(name, _REJECTED, at=at)
        parts.tables.commit(
            name, read.rejected_files, version=1, replace=False, schema=_REJECTED, at=at
        )
    schema = arrow_schema(received.columns)
    name = f"sources/{received.id}"
    parts.tables.create(name, schema, at=at)
    parts.tables.commit(
        name, read.table.written.files, version=1, replace=False, schema=schema, at=at
    )


def source(tx: Connection, source_id: SourceId) -> Source:
    """Return a source; raise SourceNotFound."""
    return store.get_source(tx, source_id)


def rejected_rows(
    parts: Parts, source_id: SourceId, *, limit: int = 100, after: int = 0
) -> list[RejectedRow]:
    """Return up to `limit` rejections after position `after`, in the order of the file."""
    name = f"rejected/{source_id}"
    if parts.tables.version(name) != 1:
        return []
    rows = parts.engine.rows(
        'SELECT position, row_number, "column" AS name, value, reason FROM rejected'
        f" WHERE position > {int(after)} ORDER BY position"
        f" LIMIT {max(0, min(int(limit), REJECTED_PAGE_MAX))}",
        {"rejected": parts.tables.file_uris(name, 1)},
    )
    return [
        RejectedRow(
            position=int(str(row["position"])),
            row_number=int(str(row["row_number"])),
            column=_text(row["name"]),
            value=_text(row["value"]),
            reason=str(row["reason"]),
        )
        for row in rows
    ]


def _text(value: object) -> str | None:
    return None if value is None else str(value)
