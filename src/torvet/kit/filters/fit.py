"""Whether a filter fits the columns of a table, and the values in the columns' own types."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TypeVar

from .errors import FilterInvalid
from .model import And, Compare, Filter, In, IsNull, Not, Op, Or, Value

_MIDNIGHT = time()
_Moment = TypeVar("_Moment", date, datetime, time)


def check(condition: Filter, types: Mapping[str, str]) -> Filter:
    """Return `condition` with every value in the type of its column.

    `types` names each column's type as schemas do: boolean, integer, number, decimal, text,
    date, time, timestamp, instant, geometry. Raise FilterInvalid for a column that is not there
    and for a value that can never be in it.
    """
    match condition:
        case Compare(column, op, value):
            return Compare(column, op, _typed(column, _type(column, types), op, value))
        case In(column, values):
            kind = _type(column, types)
            return In(column, tuple(_typed(column, kind, Op.EQUAL, value) for value in values))
        case IsNull(column):
            _type(column, types)
            return condition
        case And(parts):
            return And(tuple(check(part, types) for part in parts))
        case Or(parts):
            return Or(tuple(check(part, types) for part in parts))
        case Not(part):
            return Not(check(part, types))


def _type(column: str, types: Mapping[str, str]) -> str:
    if column not in types:
        there = ", ".join(list(types)[:12]) or "none"
        raise FilterInvalid(f"there is no column {column!r}; there are {there}")
    return str(types[column])


def _typed(column: str, kind: str, op: Op, value: Value) -> Value:
    fitted = _as_truth(op, value) if kind == "boolean" else _in_type(kind, value)
    if fitted is None:
        raise FilterInvalid(f"column {column!r} is {kind}, and {value!s} is not")
    return fitted


def _as_truth(op: Op, value: Value) -> Value | None:
    return value if isinstance(value, bool) and op in {Op.EQUAL, Op.UNLIKE} else None


def _in_type(kind: str, value: Value) -> Value | None:
    fits = _FITS.get(kind)
    return None if fits is None else fits(value)


def _as_text(value: Value) -> Value | None:
    return value if isinstance(value, str) else None


def _as_number(value: Value) -> Value | None:
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return value if is_number else None


def _as_time(value: Value) -> Value | None:
    is_time = isinstance(value, str) and _parsed(time, value) is not None
    return value if is_time else None


def _as_date(value: Value) -> Value | None:
    if isinstance(value, str):
        return _parsed(date, value)
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def _as_timestamp(value: Value) -> Value | None:
    at = _as_datetime(value)
    return at if at is not None and at.tzinfo is None else None


def _as_instant(value: Value) -> Value | None:
    at = _as_datetime(value)
    if at is None or at.tzinfo is None:
        return None
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return None


def _as_datetime(value: Value) -> datetime | None:
    match value:
        case str():
            return _parsed(datetime, value)
        case datetime():
            return value
        case date():
            return datetime.combine(value, _MIDNIGHT)
        case _:
            return None


def _parsed(kind: type[_Moment], text: str) -> _Moment | None:
    try:
        return kind.fromisoformat(text)
    except ValueError:
        return None


_FITS: Mapping[str, Callable[[Value], Value | None]] = {
    "text": _as_text,
    "integer": _as_number,
    "number": _as_number,
    "decimal": _as_number,
    "date": _as_date,
    "time": _as_time,
    "timestamp": _as_timestamp,
    "instant": _as_instant,
}
