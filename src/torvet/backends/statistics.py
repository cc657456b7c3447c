"""What is known of a file's columns, in the form that Delta's log writes it.

Delta protocol, "Per-file Statistics": a minimum may be lower and a maximum higher than any
value, never the other way round, or readers would skip rows that are there.
"""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from torvet.ports.engine import WrittenFile

TEXT_LENGTH_MAX = 32
_LAST_CHARACTER = "\U0010ffff"
_EXACT_DIGITS = 15  # a binary fraction keeps this many decimal digits
_MILLISECOND = timedelta(milliseconds=1)
_INTEGERS = re.compile(r"^(TINY|SMALL|BIG)?INT(EGER)?$")


def to_json(file: WrittenFile) -> str:
    """Return the `stats` text of an `add` action."""
    return json.dumps(
        {
            "numRecords": file.rows,
            "minValues": dict(file.minimum),
            "maxValues": dict(file.maximum),
            "nullCount": dict(file.nulls),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def from_duckdb(
    *,
    path: str,
    rows: int,
    size_bytes: int,
    columns: Mapping[str, Mapping[str, str]],
    types: Mapping[str, str],
) -> WrittenFile:
    """Read what `COPY … (RETURN_STATS)` says of one file."""
    found = {_unquoted(name): said for name, said in columns.items()}
    minimum: dict[str, object] = {}
    maximum: dict[str, object] = {}
    for name, said in found.items():
        if name not in types or "min" not in said or said.get("has_nan") == "true":
            continue
        low, high = (_value(said[end], types[name]) for end in ("min", "max"))
        if low is not None and high is not None:
            minimum[name] = floor(low)
            maximum[name] = ceiling(high)
    nulls = {name: int(said["null_count"]) for name, said in found.items() if "null_count" in said}
    return WrittenFile(
        path=path,
        size_bytes=size_bytes,
        rows=rows,
        minimum={k: v for k, v in minimum.items() if maximum[k] is not None and v is not None},
        maximum={k: v for k, v in maximum.items() if v is not None and minimum[k] is not None},
        nulls={name: count for name, count in nulls.items() if name in types},
    )


def floor(value: object) -> object:
    """Return `value` as a minimum: never above it, or None where Delta writes none."""
    match value:
        case str():
            return value[:TEXT_LENGTH_MAX]
        case datetime():
            return _instant(value - timedelta(microseconds=value.microsecond % 1000))
        case _:
            return _plain(value)


def ceiling(value: object) -> object:
    """Return `value` as a maximum: never below it, or None where Delta writes none."""
    match value:
        case str() if len(value) > TEXT_LENGTH_MAX:
            return value[:TEXT_LENGTH_MAX] + _LAST_CHARACTER
        case datetime():
            short = -(value.microsecond % 1000) % 1000
            return _instant(value + timedelta(microseconds=short))
        case _:
            return _plain(value)


def _plain(value: object) -> object:
    match value:
        case bool():
            return None
        case int() | str():
            return value
        case float():
            return value if value == value and abs(value) != float("inf") else None  # noqa: PLR0124 - NaN
        case Decimal():
            return float(value) if len(value.as_tuple().digits) <= _EXACT_DIGITS else None
        case date():
            return value.isoformat()
        case _:
            return None


def _instant(value: datetime) -> str:
    text = value.replace(tzinfo=None).isoformat(timespec="milliseconds")
    return text if value.tzinfo is None else f"{text}Z"


def _unquoted(name: str) -> str:
    if name.startswith('"') and name.endswith('"'):
        return name[1:-1].replace('""', '"')
    return name


def _value(text: str, kind: str) -> object:
    """Read one value as DuckDB prints it; None for types whose order Delta does not know."""
    try:
        if _INTEGERS.match(kind):
            return int(text)
        if kind in {"FLOAT", "DOUBLE"}:
            return float(text)
        if kind.startswith("DECIMAL"):
            return Decimal(text)
        if kind == "VARCHAR":
            return text
        if kind == "DATE":
            return date.fromisoformat(text)
        if kind in {"TIMESTAMP", "TIMESTAMP WITH TIME ZONE"}:
            return datetime.fromisoformat(text)
    except ValueError:  # infinity, or a year that Python's calendar does not have
        return None
    return None
