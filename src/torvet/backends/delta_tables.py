"""Delta tables in a folder or an object store.

A commit is one file, written on the condition that its name is free: that makes it exactly
the version that was asked for, or none (docs/decisions/0011). Every fiftieth has a checkpoint
beside it, from which a table is opened without reading all that came before (0055).
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import structlog

from torvet.ports.engine import WrittenFile
from torvet.ports.tables import DeltaCommit, DeltaSnapshot

from . import delta_checkpoints, delta_log
from .errors import VersionMissing, VersionTaken
from .table_files import TableFiles

log = structlog.get_logger()

COMMITS_HELD_MAX = 4096
SNAPSHOTS_HELD_MAX = 256
_LOG = "_delta_log"
_Held = TypeVar("_Held")


class DeltaTables:
    """Delta tables by relative name, over the files of one root."""

    def __init__(self, files: TableFiles) -> None:
        """Keep tables in `files`."""
        self.root = files.root
        self._files = files
        # What is committed never changes, so it can be held; what is newest is always asked.
        self._commits: OrderedDict[tuple[str, int], DeltaCommit] = OrderedDict()
        self._snapshots: OrderedDict[tuple[str, int], DeltaSnapshot] = OrderedDict()
        self._lock = threading.Lock()

    def folder(self, table: str) -> str:
        """Return the path or URI of `table`."""
        return self._files.uri(table)

    def create(
        self,
        table: str,
        schema: pa.Schema,
        *,
        at: datetime,
        comments: Mapping[str, str] | None = None,
    ) -> None:
        """Make `table` at version 0; do nothing where it exists."""
        actions = delta_log.creation(schema, at=at, name=table, comments=comments or {})
        self._files.put_new(_commit_name(table, 0), delta_log.serialise(actions))

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
        """Commit `files` as exactly `version`, after they are safe on the disk."""
        before = self.snapshot(table, version - 1)
        actions = delta_log.change(before, files, replace=replace, schema=schema, at=at)
        for file in files:
            self._files.settle(f"{table}/{file.path}")
        made = self._files.put_new(_commit_name(table, version), delta_log.serialise(actions))
        if not made and not delta_log.same_change(self._commit(table, version), actions):
            raise VersionTaken(table, version)
        if version % delta_checkpoints.EVERY == 0:
            self._spare_the_log(table, version)

    def version(self, table: str) -> int | None:
        """Return the newest version, or None where there is no such table."""
        with self._lock:
            held = max((v for name, v in self._commits if name == table), default=-1)
        last = delta_log.log_name(held) if held >= 0 else ""
        names = self._files.names_after(f"{table}/{_LOG}", last)
        versions = [int(name[:-5]) for name in names if _is_commit(name)]
        if versions:
            return max(versions)
        # A table that was removed since is gone, whatever is held of it.
        if held >= 0 and self._files.read(_commit_name(table, held)) is not None:
            return held
        self._forget(table)
        return None

    def snapshot(self, table: str, version: int) -> DeltaSnapshot:
        """Return `version` of `table`; raise VersionMissing where there is none."""
        with self._lock:
            start, state = version, self._snapshots.get((table, version))
            while state is None and start > 0:
                start -= 1
                state = self._snapshots.get((table, start))
        held = state.version if state else 0
        if version - held >= delta_checkpoints.EVERY:
            state = self._opened(table, version, after=held) or state
        for number in range(state.version + 1 if state else 0, version + 1):
            state = delta_log.after(state, self._commit(table, number))
        if state is None:
            raise VersionMissing(table, version)
        self._hold(self._snapshots, (table, version), state, SNAPSHOTS_HELD_MAX)
        return state

    def commits(self, table: str, first: int, last: int) -> tuple[DeltaCommit, ...]:
        """Return the commits `first` to `last`, both included."""
        return tuple(self._commit(table, number) for number in range(first, last + 1))

    def file_uris(self, table: str, version: int) -> list[str]:
        """Return where the data files alive in `version` are."""
        return [self._files.uri(f"{table}/{f.path}") for f in self.snapshot(table, version).files]

    def copy_files(self, source: str, paths: Sequence[str], target: str) -> None:
        """Copy data files byte by byte from one table's folder into another's."""
        for path in paths:
            self._files.copy(f"{source}/{path}", f"{target}/{path}")

    def put_file(self, table: str, path: str, local: Path) -> None:
        """Put a file of this machine into the folder of `table` under the name `path`."""
        self._files.put_file(f"{table}/{path}", local)

    def signed_url(self, table: str, path: str, lifetime: timedelta) -> str | None:
        """Return the store's own presigned URL of a file, or None where it has none."""
        return self._files.signed_url(f"{table}/{path}", lifetime)

    def local_path(self, table: str, path: str) -> str | None:
        """Return the file's path on this machine, or None where the store is remote."""
        return self._files.local_path(f"{table}/{path}")

    def digest(self, table: str, path: str) -> str:
        """Return the SHA-256 of a file, in hex."""
        if (local := self.local_path(table, path)) is not None:
            with Path(local).open("rb") as content:
                return hashlib.file_digest(content, "sha256").hexdigest()
        content_there = self._files.read(f"{table}/{path}")
        if content_there is None:
            raise FileNotFoundError(path)
        return hashlib.sha256(content_there).hexdigest()

    def sweep(self, table: str, older_than: datetime) -> int:
        """Remove data files that no version names and that are older; return how many."""
        newest = self.version(table)
        named = {
            path
            for commit in (() if newest is None else self.commits(table, 0, newest))
            for path in delta_log.added(commit)
        }
        lost = [
            found.name
            for found in self._files.listed(table)
            if _may_go(found.name, named) and found.modified < older_than
        ]
        for name in lost:
            self._files.remove(f"{table}/{name}")
        return len(lost)

    def untouched(self, room: str, since: datetime) -> list[str]:
        """Return the names of the tables right in `room` in which no file is newer than `since`."""
        newest: dict[str, datetime] = {}
        for found in self._files.listed(room):
            name = found.name.partition("/")[0]
            newest[name] = max(found.modified, newest.get(name, found.modified))
        return [name for name, at in newest.items() if at < since]

    def remove(self, table: str) -> None:
        """Remove a table and all its files."""
        self._files.remove_folder(table)
        self._forget(table)

    def check(self) -> str:
        """Write, read and remove a file; return where the tables are."""
        name = f".check-{datetime.now(UTC).timestamp()}"
        try:
            self._files.put_new(name, b"torvet")
            if self._files.read(name) != b"torvet":
                raise OSError(f"what was written to {self.root} was not read back")
        finally:
            self._files.remove(name)
        return f"Delta tables in {self.root}"

    def _opened(self, table: str, version: int, *, after: int) -> DeltaSnapshot | None:
        """Return the newest checkpoint after `after` and up to `version`, or None."""
        self._commit(table, version)  # what is not there is not looked for in all checkpoints
        for number in delta_checkpoints.newest_first(after, version):
            content = self._files.read(_checkpoint_name(table, number))
            if content and (state := delta_checkpoints.parse(number, content)):
                return state
        return None

    def _spare_the_log(self, table: str, version: int) -> None:
        """Write the checkpoint at `version`. The version exists already, with it or without."""
        try:
            state = self.snapshot(table, version)
            removed = delta_checkpoints.tombstones(self._lately(table, version), state)
            content = delta_checkpoints.serialise(state, removed)
            if self._files.put_new(_checkpoint_name(table, version), content):
                told = delta_checkpoints.last(version, state, len(removed))
                self._files.put(f"{table}/{_LOG}/{delta_checkpoints.LAST}", told)
        except Exception as error:  # noqa: BLE001 - the release is whole, whatever a store may say
            log.warning("a checkpoint was not written", table=table, at=version, error=str(error))

    def _lately(self, table: str, version: int) -> list[DeltaCommit]:
        """Return the commits up to `version` whose removed files are still named, in order."""
        lately = [self._commit(table, version)]
        since_ms = lately[0].timestamp_ms - delta_checkpoints.TOMBSTONES_MS
        for number in range(version - 1, -1, -1):
            commit = self._commit(table, number)
            if commit.timestamp_ms < since_ms:
                break
            lately.append(commit)
        return lately[::-1]

    def _commit(self, table: str, version: int) -> DeltaCommit:
        with self._lock:
            if (held := self._commits.get((table, version))) is not None:
                return held
        content = self._files.read(_commit_name(table, version)) if version >= 0 else None
        if content is None:
            raise VersionMissing(table, version)
        commit = delta_log.parse(version, content)
        self._hold(self._commits, (table, version), commit, COMMITS_HELD_MAX)
        return commit

    def _hold(
        self,
        held: OrderedDict[tuple[str, int], _Held],
        key: tuple[str, int],
        value: _Held,
        most: int,
    ) -> None:
        with self._lock:
            held[key] = value
            while len(held) > most:
                held.popitem(last=False)

    def _forget(self, table: str) -> None:
        with self._lock:
            for held in (self._commits, self._snapshots):
                for key in [key for key in held if key[0] == table]:
                    del held[key]


def _commit_name(table: str, version: int) -> str:
    return f"{table}/{_LOG}/{delta_log.log_name(version)}"


def _checkpoint_name(table: str, version: int) -> str:
    return f"{table}/{_LOG}/{delta_checkpoints.checkpoint_name(version)}"


def _may_go(name: str, named: set[str]) -> bool:
    """Whether nothing names the file: a draft of a commit, or data that no commit came to."""
    if name.startswith(f"{_LOG}/"):
        return name.startswith(f"{_LOG}/.draft-")
    return name not in named


def _is_commit(name: str) -> bool:
    return name.endswith(".json") and name[:-5].isdigit()
