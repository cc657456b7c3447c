"""Deeds of ingest: a file becomes a source table."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from torvet.ports.parts import Parts

from .model import Column, ReadOptions, RejectedRow, Source, SourceId

Progress = Callable[[str, float], None]


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
    raise NotImplementedError


def source(tx: Connection, source_id: SourceId) -> Source:
    """Return a source; raise SourceNotFound."""
    raise NotImplementedError


def rejected_rows(
    parts: Parts, source_id: SourceId, *, limit: int = 100, after: int = 0
) -> list[RejectedRow]:
    """Return up to `limit` rejections after position `after`, in the order of the file."""
    raise NotImplementedError
