"""The log of a Delta table as values: which actions a commit holds, what is alive after it.

Delta Transaction Log Protocol, https://github.com/delta-io/delta/blob/master/PROTOCOL.md. The
tables are written conservatively: no deletion vectors, no column mapping, no partitions, so
that any reader of Parquet can read the files that a version names.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import pyarrow as pa
from deltalake import Schema

from torvet.ports.engine import WrittenFile
from torvet.ports.tables import DeltaCommit, DeltaFile, DeltaSnapshot

from .statistics import to_json

Action = Mapping[str, Any]

CONFIGURATION = {"delta.enableChangeDataFeed": "true"}
PLAIN = {"minReaderVersion": 1, "minWriterVersion": 4}
_LOCAL_TIMES = "timestampNtz"
WITH_LOCAL_TIMES = {
    "minReaderVersion": 3,
    "minWriterVersion": 7,
    "readerFeatures": [_LOCAL_TIMES],
    # Writer version 4 stood for these; at version 7 each is named.
    "writerFeatures": [
        "appendOnly",
        "changeDataFeed",
        "checkConstraints",
        "generatedColumns",
        "invariants",
        _LOCAL_TIMES,
    ],
}


def log_name(version: int) -> str:
    """Return the name of the file that holds commit `version`."""
    return f"{version:020}.json"


def parse(version: int, content: bytes) -> DeltaCommit:
    """Read one commit file."""
    lines = content.splitlines()
    actions: tuple[Action, ...] = tuple(json.loads(line) for line in lines if line.strip())
    info: Action = next((a["commitInfo"] for a in actions if "commitInfo" in a), {})
    return DeltaCommit(version=version, timestamp_ms=int(info.get("timestamp", 0)), actions=actions)


def added(commit: DeltaCommit) -> list[str]:
    """Return the paths of the files that `commit` adds."""
    actions = cast("tuple[Action, ...]", commit.actions)
    return [action["add"]["path"] for action in actions if "add" in action]


def serialise(actions: Iterable[Action]) -> bytes:
    """Write the actions of one commit, one on each line."""
    lines = (json.dumps(action, ensure_ascii=False, separators=(",", ":")) for action in actions)
    return ("\n".join(lines) + "\n").encode()


def after(before: DeltaSnapshot | None, commit: DeltaCommit) -> DeltaSnapshot:
    """Return the table as it is after `commit` ("Action Reconciliation" of the protocol)."""
    protocol: Mapping[str, object] = before.protocol if before else {}
    metadata: Mapping[str, object] = before.metadata if before else {}
    alive = {file.path: file for file in (before.files if before else ())}
    for action in cast("tuple[Action, ...]", commit.actions):
        if "protocol" in action:
            protocol = action["protocol"]
        elif "metaData" in action:
            metadata = action["metaData"]
        elif "remove" in action:
            alive.pop(action["remove"]["path"], None)
        elif "add" in action:
            file = _file(action["add"], commit.version)
            alive[file.path] = file
    return DeltaSnapshot(
        version=commit.version, protocol=protocol, metadata=metadata, files=tuple(alive.values())
    )


def creation(
    schema: pa.Schema, *, at: datetime, name: str, comments: Mapping[str, str]
) -> list[Action]:
    """Return the actions of version 0: an empty table with its change feed on."""
    fields = fields_of(schema, comments)
    metadata = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"torvet:{name}")),
        "format": {"provider": "parquet", "options": {}},
        "schemaString": schema_text(fields),
        "partitionColumns": [],
        "createdTime": _ms(at),
        "configuration": CONFIGURATION,
    }
    return [
        _info(at, "CREATE TABLE", replace=False),
        {"protocol": protocol_for(fields)},
        {"metaData": metadata},
    ]


def change(
    before: DeltaSnapshot,
    files: Sequence[WrittenFile],
    *,
    replace: bool,
    schema: pa.Schema,
    at: datetime,
) -> list[Action]:
    """Return the actions of the next version: `files` added, or in the place of what is there."""
    told = cast("str", before.metadata["schemaString"])
    held = json.loads(told)["fields"]
    given = fields_of(schema, {})
    fields = merged(held, given, replace=replace)
    actions: list[Action] = [_info(at, "WRITE", replace=replace)]
    if (protocol := protocol_for(fields)) == WITH_LOCAL_TIMES and before.protocol != protocol:
        actions.append({"protocol": protocol})
    if schema_text(fields) != schema_text(held):
        actions.append({"metaData": {**before.metadata, "schemaString": schema_text(fields)}})
    if replace:
        actions += [_remove(file, at) for file in before.files]
    return actions + [_add(file, at) for file in files]


def fields_of(schema: pa.Schema, comments: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the Delta fields of an Arrow schema, with a comment where there is one."""
    fields: list[dict[str, Any]] = json.loads(Schema.from_arrow(schema).to_json())["fields"]
    for field in fields:
        known = {k: v for k, v in field.get("metadata", {}).items() if k == "comment"}
        if field["name"] in comments:
            known["comment"] = comments[field["name"]]
        # A release may lack a column that another has: a null must always have room.
        field.update(metadata=known, nullable=True)
    return fields


def merged(
    held: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]], *, replace: bool
) -> list[Mapping[str, Any]]:
    """Return the fields of the table once `given` is written over `held`, or beside it.

    What is said of a column stays said. Beside other rows a column keeps its type.
    """
    known = {field["name"]: field for field in held}
    written = {field["name"]: {**field, "metadata": _said(known, field)} for field in given}
    if replace:
        return list(written.values())
    for name, field in written.items():
        if name in known and known[name]["type"] != field["type"]:
            raise ValueError(
                f"column {name!r} is {known[name]['type']} in the table and {field['type']} here"
            )
    return [*held, *(field for name, field in written.items() if name not in known)]


def protocol_for(fields: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the least protocol that can read and write `fields`."""
    return WITH_LOCAL_TIMES if "timestamp_ntz" in json.dumps([f["type"] for f in fields]) else PLAIN


def schema_text(fields: Sequence[Mapping[str, Any]]) -> str:
    """Return the `schemaString` of `fields`."""
    schema = {"type": "struct", "fields": list(fields)}
    return json.dumps(schema, ensure_ascii=False, separators=(",", ":"))


def same_change(commit: DeltaCommit, actions: Sequence[Action]) -> bool:
    """Whether `commit` names the same files as `actions` do: the same deed, done before."""
    return _named(commit.actions) == _named(actions)


def _named(actions: Iterable[Action]) -> set[tuple[str, str, int]]:
    return {
        (kind, action[kind]["path"], action[kind]["size"])
        for action in actions
        for kind in ("add", "remove")
        if kind in action
    }


def _said(known: Mapping[str, Mapping[str, Any]], field: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**known.get(field["name"], {}).get("metadata", {}), **field["metadata"]}


def _info(at: datetime, operation: str, *, replace: bool) -> Action:
    mode = {"mode": "Overwrite" if replace else "Append", "partitionBy": "[]"}
    return {
        "commitInfo": {
            "timestamp": _ms(at),
            "operation": operation,
            "operationParameters": {} if operation == "CREATE TABLE" else mode,
            "engineInfo": "torvet",
        }
    }


def _add(file: WrittenFile, at: datetime) -> Action:
    return {
        "add": {
            "path": file.path,
            "partitionValues": {},
            "size": file.size_bytes,
            "modificationTime": _ms(at),
            "dataChange": True,
            "stats": to_json(file),
        }
    }


def _remove(file: DeltaFile, at: datetime) -> Action:
    return {
        "remove": {
            "path": file.path,
            "deletionTimestamp": _ms(at),
            "dataChange": True,
            "extendedFileMetadata": True,
            "partitionValues": {},
            "size": file.size_bytes,
        }
    }


def _file(add: Mapping[str, Any], version: int) -> DeltaFile:
    stats = add.get("stats") or "{}"
    return DeltaFile(
        path=add["path"],
        size_bytes=int(add["size"]),
        rows=int(json.loads(stats).get("numRecords", 0)),
        stats=stats,
        version=version,
        modified_ms=int(add["modificationTime"]),
    )


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
