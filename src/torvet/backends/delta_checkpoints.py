"""Checkpoints of a Delta table: what its log amounts to at one version, in one Parquet file.

Delta Transaction Log Protocol, "Checkpoints" (the classic kind, in one part), and "Last
Checkpoint File". A checkpoint can always be computed again from the commits, and no reader
needs it: it spares them the commits before it (docs/decisions/0055).
"""

import io
import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from torvet.ports.tables import DeltaCommit, DeltaFile, DeltaSnapshot

EVERY = 50
"""A table has a checkpoint at each version that this divides."""

TOMBSTONES_MS = 7 * 24 * 3600 * 1000
"""How long a removed file is still named: `delta.deletedFileRetentionDuration`'s default."""

LAST = "_last_checkpoint"
VERSION_TAG = "torvet.version"

_TEXTS = pa.map_(pa.string(), pa.string())
_NAMES = pa.list_(pa.string())
_WRITTEN = {"path": pa.string(), "partitionValues": _TEXTS, "size": pa.int64()}
_PROTOCOL = {
    "minReaderVersion": pa.int32(),
    "minWriterVersion": pa.int32(),
    "readerFeatures": _NAMES,
    "writerFeatures": _NAMES,
}
_METADATA = {
    "id": pa.string(),
    "format": pa.struct({"provider": pa.string(), "options": _TEXTS}),
    "schemaString": pa.string(),
    "partitionColumns": _NAMES,
    "createdTime": pa.int64(),
    "configuration": _TEXTS,
}
_ADD = {
    **_WRITTEN,
    "modificationTime": pa.int64(),
    "dataChange": pa.bool_(),
    "stats": pa.string(),
    "tags": _TEXTS,
}
_REMOVE = {
    **_WRITTEN,
    "deletionTimestamp": pa.int64(),
    "dataChange": pa.bool_(),
    "extendedFileMetadata": pa.bool_(),
}
_SCHEMA = pa.schema(
    {
        "protocol": pa.struct(_PROTOCOL),
        "metaData": pa.struct(_METADATA),
        "add": pa.struct(_ADD),
        "remove": pa.struct(_REMOVE),
    }
)


def checkpoint_name(version: int) -> str:
    """Return the name of the file that holds the checkpoint at `version`."""
    return f"{version:020}.checkpoint.parquet"


def newest_first(after: int, version: int) -> range:
    """Return the versions after `after`, up to `version`, that may have a checkpoint."""
    return range(version - version % EVERY, after, -EVERY)


def tombstones(commits: Iterable[DeltaCommit], state: DeltaSnapshot) -> list[Mapping[str, Any]]:
    """Return the `remove` actions in `commits` of files that are not alive in `state`."""
    alive = {file.path for file in state.files}
    actions = cast("Iterable[Mapping[str, Any]]", (a for c in commits for a in c.actions))
    gone = {action["remove"]["path"]: action["remove"] for action in actions if "remove" in action}
    return [removed for path, removed in gone.items() if path not in alive]


def serialise(state: DeltaSnapshot, removed: Iterable[Mapping[str, Any]]) -> bytes:
    """Write the checkpoint of `state`, with the files that were `removed` not long before."""
    actions = [
        {"protocol": state.protocol},
        {"metaData": state.metadata},
        *({"add": _add(file)} for file in state.files),
        *({"remove": {**action, "dataChange": False}} for action in removed),
    ]
    target = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(actions, schema=_SCHEMA), target)
    return target.getvalue()


def last(version: int, state: DeltaSnapshot, removed: int) -> bytes:
    """Write the content of `_last_checkpoint`, by which readers find the newest one."""
    size = 2 + len(state.files) + removed
    return json.dumps(
        {"version": version, "size": size, "numOfAddFiles": len(state.files)}
    ).encode()


def parse(version: int, content: bytes) -> DeltaSnapshot | None:
    """Read a checkpoint of our own; None where the bytes are not one, so that the log is read."""
    try:
        actions = pq.read_table(io.BytesIO(content))
        (protocol,) = _each(actions, "protocol")
        (metadata,) = _each(actions, "metaData")
        files = tuple(_file(add) for add in _each(actions, "add"))
    except (pa.ArrowException, KeyError, TypeError, ValueError):
        return None
    return DeltaSnapshot(
        version=version,
        protocol={name: value for name, value in protocol.items() if value is not None},
        metadata=metadata,
        files=files,
    )


def _each(actions: pa.Table, kind: str) -> list[dict[str, Any]]:
    """Return the actions of one kind; one column after the other is ten times as quick."""
    named = actions.column(kind).drop_null().combine_chunks()
    fields = [field.name for field in named.type]
    columns = [part.to_pylist(maps_as_pydicts="strict") for part in named.flatten()]
    return [dict(zip(fields, values, strict=True)) for values in zip(*columns, strict=True)]


def _add(file: DeltaFile) -> Mapping[str, Any]:
    return {
        "path": file.path,
        "partitionValues": {},
        "size": file.size_bytes,
        "modificationTime": file.modified_ms,
        "dataChange": False,
        "stats": file.stats,
        "tags": {VERSION_TAG: str(file.version)},
    }


def _file(add: Mapping[str, Any]) -> DeltaFile:
    stats = add["stats"]
    return DeltaFile(
        path=add["path"],
        size_bytes=add["size"],
        rows=int(json.loads(stats).get("numRecords", 0)),
        stats=stats,
        version=int(add["tags"][VERSION_TAG]),
        modified_ms=add["modificationTime"],
    )
