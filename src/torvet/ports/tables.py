"""Where tables live: Delta Lake in a local folder or an object store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from .engine import WrittenFile


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaFile:
    """One data file of one version of a table."""

    path: str
    size_bytes: int
    rows: int
    stats: str
    version: int
    modified_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaSnapshot:
    """One version of a table: its raw log actions and the files that are alive in it."""

    version: int
    protocol: Mapping[str, object]
    metadata: Mapping[str, object]
    files: tuple[DeltaFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaCommit:
    """What one version changed: the raw `add`, `remove`, `cdc` and `metaData` actions."""

    version: int
    timestamp_ms: int
    actions: tuple[Mapping[str, object], ...]


class TableStore(Protocol):
    """Delta tables by relative name, such as `releases/ds_01k…`.

    A version becomes visible by the one commit that names its files: a crash before it leaves
    only unnamed files, which `sweep` removes.
    """

    root: str

    def folder(self, table: str) -> str:
        """Return the absolute folder or URI of `table`, for the engine to write into."""

    def create(
        self,
        table: str,
        schema: pa.Schema,
        *,
        at: datetime,
        comments: Mapping[str, str] | None = None,
    ) -> None:
        """Make `table` at version 0, empty, with the change feed on; do nothing where it exists."""

    def commit(
        self,
        table: str,
        files: Sequence[WrittenFile],
        *,
        version: int,
        replace: bool,
        schema: pa.Schema,
        at: datetime,
    ) -> None:
        """Commit `files` as exactly `version`: added to what is there, or in its place.

        Committing a version that is there already, with the same files, does nothing; with
        others it raises VersionTaken.
        """

    def version(self, table: str) -> int | None:
        """Return the newest version, or None where there is no such table."""

    def snapshot(self, table: str, version: int) -> DeltaSnapshot:
        """Return `version` of `table`."""

    def commits(self, table: str, first: int, last: int) -> tuple[DeltaCommit, ...]:
        """Return the commits `first` to `last`, both included."""

    def file_uris(self, table: str, version: int) -> list[str]:
        """Return absolute URIs of the data files alive in `version`, for the engine to read."""

    def copy_files(self, source: str, paths: Sequence[str], target: str) -> None:
        """Copy data files byte by byte from table `source` into the folder of `target`."""

    def put_file(self, table: str, path: str, local: Path) -> None:
        """Put a file of this machine into the folder of `table` under the name `path`."""

    def signed_url(self, table: str, path: str, lifetime: timedelta) -> str | None:
        """Return the store's own presigned URL of a file, or None where it has none (a folder)."""

    def local_path(self, table: str, path: str) -> str | None:
        """Return the file's path on this machine, or None where the store is remote."""

    def digest(self, table: str, path: str) -> str:
        """Return the SHA-256 of a file, in hex."""

    def sweep(self, table: str, older_than: datetime) -> int:
        """Remove files that no version names and that are older; return how many."""

    def untouched(self, room: str, since: datetime) -> list[str]:
        """Return the names of the tables right in `room` in which no file is newer than `since`."""

    def remove(self, table: str) -> None:
        """Remove a table and all its files."""

    def check(self) -> str:
        """Write, read and remove a file; return one line about it, or raise what is wrong."""
