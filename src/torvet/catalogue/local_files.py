"""Rows as Parquet files of this machine: where they are already, or brought here.

What is about people is read a dozen times, to be classified, made safe, attacked and measured:
files that are elsewhere are brought here once, and read here (decisions/0109).
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from torvet.ingest import Column, Source, arrow_schema
from torvet.ports.parts import Parts

from .errors import NoRoomForCopy
from .files import casting
from .rules import same_form

RESERVE_BYTES = 512 * 2**20
"""What a copy leaves free: a full disk would stop the exchange and not only this delivery."""


@contextmanager
def room(parts: Parts) -> Iterator[Path]:
    """Give a folder for files about people that is gone, with all of them, afterwards."""
    home = parts.settings.home / "temporary"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gate-", dir=home) as folder:
        yield Path(folder)


def uris_of(parts: Parts, sources: Sequence[Source]) -> list[str]:
    """Return the files of source tables, wherever they are."""
    return [uri for it in sources for uri in parts.tables.file_uris(f"sources/{it.id}", 1)]


def paths_of(
    parts: Parts, sources: Sequence[Source], columns: Sequence[Column], target: Path
) -> list[str]:
    """Return the rows of `sources` in `columns`: their own files, or all of them in `target`."""
    alike = all(same_form(columns, it.columns) for it in sources)
    paths = on_this_machine(uris_of(parts, sources)) if alike else None
    return paths or [str(together(parts, sources, columns, target))]


def on_this_machine(uris: Sequence[str]) -> list[str] | None:
    """Return the paths of files, or None where any of them is elsewhere."""
    paths = [uri.removeprefix("file://") for uri in uris]
    return None if any("://" in path for path in paths) else paths


def together(
    parts: Parts, sources: Sequence[Source], columns: Sequence[Column], target: Path
) -> Path:
    """Write the rows of all sources into one file, in the types of `columns`; once only."""
    if not target.exists():
        queries = [
            (casting(columns, it.columns), {"arriving": uris_of(parts, [it])}) for it in sources
        ]
        _write(_batches(parts, queries), arrow_schema(columns), target)
    return target


def brought(parts: Parts, uris: Sequence[str], columns: Sequence[Column], target: Path) -> Path:
    """Write the rows of files that are elsewhere into one on this machine."""
    queries = [("SELECT * FROM released", {"released": list(uris)})]
    _write(_batches(parts, queries), arrow_schema(columns), target)
    return target


def _batches(
    parts: Parts, queries: Sequence[tuple[str, Mapping[str, Sequence[str]]]]
) -> Iterator[pa.RecordBatch]:
    for sql, inputs in queries:
        with parts.engine.stream(sql, inputs) as batches:
            yield from batches


def _write(batches: Iterator[pa.RecordBatch], schema: pa.Schema, target: Path) -> None:
    """Write batches to one file; raise NoRoomForCopy before the disk is full."""
    with pq.ParquetWriter(target, schema, compression="zstd", compression_level=1) as file:
        for batch in batches:
            if (free := shutil.disk_usage(target.parent).free) < RESERVE_BYTES + batch.nbytes:
                raise NoRoomForCopy(free, RESERVE_BYTES)
            file.write_table(pa.Table.from_batches([batch]).cast(schema))
