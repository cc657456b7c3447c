"""The schema text of Delta's log as Arrow (Delta protocol, "Schema Serialization Format")."""

import json
import re
from collections.abc import Collection

import pyarrow as pa

_PLAIN = {
    "string": pa.string(),
    "long": pa.int64(),
    "integer": pa.int32(),
    "short": pa.int16(),
    "byte": pa.int8(),
    "float": pa.float32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "timestamp_ntz": pa.timestamp("us"),
}
_DECIMAL = re.compile(r"decimal\((\d+), ?(\d+)\)")


def arrow_schema(schema_string: str, only: Collection[str] | None = None) -> pa.Schema:
    """Return the Arrow schema of a `schemaString`, with the columns in `only` and no others."""
    return pa.schema(
        pa.field(field["name"], _arrow(field["type"]), field["nullable"])
        for field in json.loads(schema_string)["fields"]
        if only is None or field["name"] in only
    )


def comments(schema_string: str, only: Collection[str]) -> dict[str, str]:
    """Return what the schema says of the columns in `only`, in words."""
    return {
        field["name"]: field["metadata"]["comment"]
        for field in json.loads(schema_string)["fields"]
        if field["name"] in only and field.get("metadata", {}).get("comment")
    }


def _arrow(delta_type: object) -> pa.DataType:
    if isinstance(delta_type, str):
        if delta_type in _PLAIN:
            return _PLAIN[delta_type]
        if match := _DECIMAL.fullmatch(delta_type):
            return pa.decimal128(int(match[1]), int(match[2]))
    # Tables are made of plain columns: a nested one would be a bug of whoever made it.
    raise ValueError(f"a column of type {delta_type} has no Arrow form here")
