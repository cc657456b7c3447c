"""Versions of tables, remembered: a version never changes, so reading its log once is enough."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pyarrow as pa

from torvet.ports.parts import Parts
from torvet.ports.tables import DeltaCommit, DeltaSnapshot

from .pruning import types_of
from .schema import arrow_schema

SNAPSHOTS_MAX = 256
COMMITS_MAX = 1_024

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One version of a table, ready to be read."""

    table: str
    version: int
    delta: DeltaSnapshot
    uris: tuple[str, ...]
    schema: pa.Schema
    types: dict[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of its columns, in their order."""
        return tuple(self.schema.names)

    @property
    def rows(self) -> int:
        """Return how many rows it holds."""
        return sum(file.rows for file in self.delta.files)


class Remembered(Generic[_Value]):
    """The values that were used last; safe for many threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._held: OrderedDict[Hashable, _Value] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], _Value]) -> _Value:
        """Return the value of `key`, made where it is not held."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        made = make()
        with self._lock:
            self._held[key] = made
            while len(self._held) > self._most:
                self._held.popitem(last=False)
        return made


_snapshots: Remembered[Snapshot] = Remembered(SNAPSHOTS_MAX)
_commits: Remembered[DeltaCommit] = Remembered(COMMITS_MAX)


def snapshot(parts: Parts, table: str, version: int) -> Snapshot:
    """Return `version` of `table`, from memory where it was read before."""
    key = (parts.tables.root, table, version)
    return _snapshots.get(key, lambda: _read(parts, table, version))


def _read(parts: Parts, table: str, version: int) -> Snapshot:
    delta = parts.tables.snapshot(table, version)
    schema_string = str(delta.metadata["schemaString"])
    folder = parts.tables.folder(table)
    return Snapshot(
        table=table,
        version=version,
        delta=delta,
        uris=tuple(f"{folder}/{file.path}" for file in delta.files),
        schema=arrow_schema(schema_string),
        types=types_of(schema_string),
    )


def commits(parts: Parts, table: str, first: int, last: int) -> tuple[DeltaCommit, ...]:
    """Return the commits `first` to `last` of `table`, from memory where they were read before."""
    return tuple(_commit(parts, table, version) for version in range(first, last + 1))


def _commit(parts: Parts, table: str, version: int) -> DeltaCommit:
    key = (parts.tables.root, table, version)
    return _commits.get(key, lambda: parts.tables.commits(table, version, version)[0])


def actions(commit: DeltaCommit, kind: str) -> list[dict[str, Any]]:
    """Return the actions of one kind (`add`, `remove`, `cdc`, `metaData`, `protocol`)."""
    return [dict(action[kind]) for action in commit.actions if kind in action]  # type: ignore[call-overload]
