"""Which files of a table can hold a row that a filter lets through. Pure.

A file is left out only where its statistics prove that no row fits: whatever is unclear (no
statistics, an unknown column, a value of another kind) keeps the file.
"""

import json
import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Protocol, TypeAlias, TypeVar

from torvet.kit.filters import And, Compare, Filter, In, IsNull, Not, Op, Or, Value

_Comparable: TypeAlias = str | int | Decimal | date | datetime

STATISTICS_HELD_MAX = 4_096

_NUMBERS = frozenset({"byte", "short", "integer", "long", "float", "double"})
_STATISTICS_GRAIN = timedelta(milliseconds=1)
"""Delta cuts the statistics of timestamps to milliseconds: a greatest value may lie a bit above."""

_HOLDS = {
    Op.LESS: operator.lt,
    Op.AT_MOST: operator.le,
    Op.MORE: operator.gt,
    Op.AT_LEAST: operator.ge,
}
_OPPOSITE = {
    Op.EQUAL: Op.UNLIKE,
    Op.UNLIKE: Op.EQUAL,
    Op.LESS: Op.AT_LEAST,
    Op.AT_LEAST: Op.LESS,
    Op.MORE: Op.AT_MOST,
    Op.AT_MOST: Op.MORE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a file's statistics say of its columns, in values that can be compared."""

    rows: int | None
    lowest: Mapping[str, _Comparable] = field(default_factory=dict)
    highest: Mapping[str, _Comparable] = field(default_factory=dict)
    nulls: Mapping[str, int] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)


class HasRows(Protocol):
    """A file as far as pruning looks at it."""

    @property
    def rows(self) -> int: ...

    @property
    def stats(self) -> str: ...


_File = TypeVar("_File", bound=HasRows)


def types_of(schema_string: str) -> dict[str, str]:
    """Return the Delta type of each plain column of a `schemaString`."""
    fields = json.loads(schema_string)["fields"]
    return {f["name"]: f["type"] for f in fields if isinstance(f["type"], str)}


def kept(
    files: Sequence[_File], types: Mapping[str, str], wanted: Filter | None
) -> tuple[_File, ...]:
    """Return the files that may hold a row that `wanted` lets through, in their order."""
    if wanted is None:
        return tuple(files)
    return tuple(f for f in files if may_fit(wanted, bounds(f.stats, types)))


@lru_cache(STATISTICS_HELD_MAX)
def columns_in(stats: str) -> frozenset[str]:
    """Return the columns that a file has, as its statistics tell; none where they do not."""
    try:
        return frozenset(json.loads(stats).get("nullCount") or ()) if stats else frozenset()
    except ValueError:
        return frozenset()


def limited(files: Iterable[_File], limit: int | None) -> tuple[_File, ...]:
    """Return the first files that hold `limit` rows together; all of them without a limit."""
    if limit is None:
        return tuple(files)
    taken: list[_File] = []
    rows = 0
    for file in files:
        if rows >= limit:
            break
        taken.append(file)
        rows += file.rows
    return tuple(taken)


def bounds(stats: str, types: Mapping[str, str]) -> Bounds:
    """Read the statistics of one file; what cannot be read says nothing."""
    try:
        said = json.loads(stats) if stats else {}
    except ValueError:
        said = {}
    lowest = _comparable(said.get("minValues"), types)
    highest = _comparable(said.get("maxValues"), types)
    raised = {
        name: value + _STATISTICS_GRAIN if isinstance(value, datetime) else value
        for name, value in highest.items()
    }
    nulls = said.get("nullCount") or {}
    return Bounds(
        rows=said.get("numRecords"),
        lowest=lowest,
        highest=raised,
        nulls={name: count for name, count in nulls.items() if isinstance(count, int)},
        types=types,
    )


def may_fit(wanted: Filter, known: Bounds) -> bool:
    """Tell whether some row within `known` may fit; False is a proof, True is none."""
    match wanted:
        case And(parts):
            return all(may_fit(part, known) for part in parts)
        case Or(parts):
            return any(may_fit(part, known) for part in parts)
        case Not(part):
            return _may_miss(part, known)
        case IsNull(column):
            return known.nulls.get(column) != 0
        case In(column, values):
            return any(_may_compare(column, Op.EQUAL, value, known) for value in values)
        case Compare(column, op, value):
            return _may_compare(column, op, value, known)


def _may_miss(wanted: Filter, known: Bounds) -> bool:
    """Tell whether some row may make `wanted` false (not merely unknown)."""
    match wanted:
        case And(parts):
            return any(_may_miss(part, known) for part in parts)
        case Or(parts):
            return all(_may_miss(part, known) for part in parts)
        case Not(part):
            return may_fit(part, known)
        case IsNull(column):
            return known.rows is None or known.nulls.get(column) != known.rows
        case In(column, values):
            return all(_may_compare(column, Op.UNLIKE, value, known) for value in values)
        case Compare(column, op, value):
            return _may_compare(column, _OPPOSITE[op], value, known)


def _may_compare(column: str, op: Op, value: Value, known: Bounds) -> bool:
    low, high = known.lowest.get(column), known.highest.get(column)
    asked = _as_type(value, known.types.get(column, ""))
    if low is None or high is None or asked is None:
        return True
    if op is Op.EQUAL:
        return low <= asked <= high  # type: ignore[operator]  # one type per column
    if op is Op.UNLIKE:
        return not low == asked == high
    end = low if op in {Op.LESS, Op.AT_MOST} else high
    return bool(_HOLDS[op](end, asked))


def _comparable(said: object, types: Mapping[str, str]) -> dict[str, _Comparable]:
    if not isinstance(said, dict):
        return {}
    found = {name: _as_type(value, types.get(name, "")) for name, value in said.items()}
    return {name: value for name, value in found.items() if value is not None}


def _as_type(value: object, delta_type: str) -> _Comparable | None:
    """Return `value` as columns of `delta_type` compare, or None where that is not clear."""
    try:
        if delta_type in _NUMBERS or delta_type.startswith("decimal"):
            return _as_number(value)
        if delta_type == "string":
            return value if isinstance(value, str) else None
        if delta_type == "date":
            return _as_date(value)
        if delta_type in {"timestamp", "timestamp_ntz"}:
            return _as_moment(value)
    except (ValueError, OverflowError, ArithmeticError):
        return None
    return None


def _as_number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _as_date(value: object) -> date | None:
    if isinstance(value, str):
        return date.fromisoformat(value)
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def _as_moment(value: object) -> datetime | None:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        return None
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
