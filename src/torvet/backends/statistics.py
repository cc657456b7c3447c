"""What is known of a file's columns, in the form that Delta's log writes it.

Delta protocol, "Per-file Statistics": a minimum may be lower and a maximum higher than any
value, never the other way round, or readers would skip rows that are there.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from torvet.ports.engine import WrittenFile

TEXT_LENGTH_MAX = 32
_LAST_CHARACTER = "\U0010ffff"
_EXACT_DIGITS = 15  # a binary fraction keeps this many decimal digits
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
        minimum=_paired(minimum, maximum),
        maximum=_paired(maximum, minimum),
        nulls={name: count for name, count in nulls.items() if name in types},
    )


def from_footer(*, path: str, size_bytes: int, footer: pq.FileMetaData) -> WrittenFile:
    """Read what the footer of a Parquet file says of its columns."""
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    schema = footer.schema.to_arrow_schema()
    minimum: dict[str, object] = {}
    maximum: dict[str, object] = {}
    nulls: dict[str, int] = {}
    for place, name in enumerate(schema.names if len(schema) == footer.num_columns else ()):
        found = [group.column(place).statistics for group in groups]
        if any(one is None or not one.has_null_count for one in found):
            continue
        nulls[name] = sum(one.null_count for one in found)
        ranged = [one for one in found if one.has_min_max]
        # A binary fraction may be NaN, which stands in no range and so is in none of them.
        if ranged and not pa.types.is_floating(schema.field(name).type):
            minimum[name] = floor(min(one.min for one in ranged))
            maximum[name] = ceiling(max(one.max for one in ranged))
    return WrittenFile(
        path=path,
        size_bytes=size_bytes,
        rows=footer.num_rows,
        minimum=_paired(minimum, maximum),
        maximum=_paired(maximum, minimum),
        nulls=nulls,
    )


def _paired(values: Mapping[str, object], others: Mapping[str, object]) -> dict[str, object]:
    return {k: v for k, v in values.items() if v is not None and others[k] is not None}


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
            short = timedelta(microseconds=-(value.microsecond % 1000) % 1000)
            # The last moment of the calendar has none after it.
            return _instant(value + short) if _fits(value, short) else None
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


def _fits(value: datetime, more: timedelta) -> bool:
    return datetime.max.replace(tzinfo=value.tzinfo) - value >= more


def _instant(value: datetime) -> str:
    text = value.replace(tzinfo=None).isoformat(timespec="milliseconds")
    return text if value.tzinfo is None else f"{text}Z"


def _unquoted(name: str) -> str:
    if name.startswith('"') and name.endswith('"'):
        return name[1:-1].replace('""', '"')
    return name


def _value(text: str, kind: str) -> object:
    """Read one value as DuckDB prints it; None for types whose order Delta does not know."""
    read = _READERS.get("INTEGER" if _INTEGERS.match(kind) else kind.partition("(")[0])
    try:
        return read(text) if read else None
    except ValueError:  # infinity, or a year that Python's calendar does not have
        return None


_READERS: Mapping[str, Callable[[str], object]] = {
    "INTEGER": int,
    "FLOAT": float,
    "DOUBLE": float,
    "DECIMAL": Decimal,
    "VARCHAR": str,
    "DATE": date.fromisoformat,
    "TIMESTAMP": datetime.fromisoformat,
    "TIMESTAMP WITH TIME ZONE": datetime.fromisoformat,
}
