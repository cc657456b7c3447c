"""The lines of a Delta Sharing answer, in both of its formats. Pure: values in, text out.

Source: the Delta Sharing protocol, "API Response Format in Parquet" and "… in Delta".
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from .model import Change, LogFormat, Part

NDJSON = "application/x-ndjson; charset=utf-8"

# Configuration that a reader needs to understand the table. Anything else in the log is the
# exchange's own business and stays at home.
_SHOWN_CONFIGURATION = ("delta.enableChangeDataFeed",)


def protocol(form: LogFormat, raw: Mapping[str, object], *, version: int | None = None) -> str:
    """Return the protocol line; `version` marks one in the history of the table."""
    if form is LogFormat.PARQUET:
        return _line("protocol", {"minReaderVersion": 1})
    known = ("minReaderVersion", "minWriterVersion", "readerFeatures", "writerFeatures")
    said: dict[str, object] = {
        "deltaProtocol": {name: raw[name] for name in known if raw.get(name) is not None}
    }
    if version is not None:
        said["version"] = version
    return _line("protocol", said)


def metadata(
    form: LogFormat,
    raw: Mapping[str, object],
    *,
    name: str,
    files: Sequence[Part] | None = None,
    version: int | None = None,
) -> str:
    """Return the metadata line; its `size` and `numFiles` are those of `files`, where given."""
    more: dict[str, object] = {}
    if files is not None:
        more = {"size": sum(f.size_bytes for f in files), "numFiles": len(files)}
    if version is not None:
        more["version"] = version
    core: dict[str, object] = {
        "id": raw["id"],
        "name": name,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": raw["schemaString"],
        "partitionColumns": [],
        "configuration": _configuration(raw),
    }
    if form is LogFormat.PARQUET:
        core["format"] = {"provider": "parquet"}
        core["schemaString"] = _in_old_types(str(raw["schemaString"]))
        return _line("metaData", {**core, **more})
    if raw.get("createdTime") is not None:
        core["createdTime"] = raw["createdTime"]
    return _line("metaData", {**more, "deltaMetadata": core})


def _in_old_types(schema_string: str) -> str:
    """Return the schema in the types of the parquet format, whose timestamps have no zone."""
    schema = json.loads(schema_string)
    for field in schema["fields"]:
        if field["type"] == "timestamp_ntz":
            field["type"] = "timestamp"
    return json.dumps(schema, separators=(",", ":"), ensure_ascii=False)


def _configuration(raw: Mapping[str, object]) -> dict[str, object]:
    given = raw.get("configuration")
    assert given is None or isinstance(given, Mapping)
    return {name: given[name] for name in _SHOWN_CONFIGURATION if given and name in given}


def file(form: LogFormat, part: Part, *, dated: bool) -> str:
    """Return the line of one file of a snapshot; `dated` where the client travels in time."""
    when: dict[str, object] = (
        {"version": part.version, "timestamp": part.timestamp_ms} if dated else {}
    )
    if form is LogFormat.PARQUET:
        return _line("file", {**_plain(part), "stats": part.stats, **when})
    return _line("file", {**_wrapped(part), **when, "deltaSingleAction": {"add": _added(part)}})


def change(form: LogFormat, changed: Change) -> str:
    """Return the line of one file of a change feed."""
    part = changed.part
    when = {"version": part.version, "timestamp": part.timestamp_ms}
    if form is LogFormat.PARQUET:
        stats = {"stats": part.stats} if changed.kind == "add" else {}
        return _line(changed.kind, {**_plain(part), **stats, **when})
    match changed.kind:
        case "add":
            action: dict[str, object] = {"add": _added(part)}
        case "remove":
            action = {"remove": _removed(part)}
        case _:
            action = {"cdc": {**_named(part), "dataChange": False}}
    return _line("file", {**_wrapped(part), **when, "deltaSingleAction": action})


def end_stream(parts: Sequence[Part]) -> str:
    """Return the closing line, for a client that asked for one."""
    return _line(
        "endStreamAction",
        {"minUrlExpirationTimestamp": min((p.expires_ms for p in parts), default=None)},
    )


def body(lines: Sequence[str]) -> bytes:
    """Return `lines` as the bytes of an answer."""
    return "".join(_ended(lines)).encode()


def _ended(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield line
        yield "\n"


def _plain(part: Part) -> dict[str, object]:
    return {
        "url": part.url,
        "id": part.path,
        "partitionValues": {},
        "size": part.size_bytes,
        "expirationTimestamp": part.expires_ms,
    }


def _wrapped(part: Part) -> dict[str, object]:
    return {"id": part.path, "size": part.size_bytes, "expirationTimestamp": part.expires_ms}


def _named(part: Part) -> dict[str, object]:
    return {"path": part.url, "partitionValues": {}, "size": part.size_bytes}


def _added(part: Part) -> dict[str, object]:
    return {
        **_named(part),
        "modificationTime": part.modified_ms,
        "dataChange": True,
        "stats": part.stats,
    }


def _removed(part: Part) -> dict[str, object]:
    return {
        **_named(part),
        "deletionTimestamp": part.timestamp_ms,
        "dataChange": True,
        "extendedFileMetadata": True,
    }


def _line(kind: str, value: Mapping[str, object]) -> str:
    return json.dumps({kind: value}, separators=(",", ":"), ensure_ascii=False)
