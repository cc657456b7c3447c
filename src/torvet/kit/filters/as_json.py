"""A filter as JSON. A tag is never used again; values that JSON lacks carry their kind."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from torvet.kit import moments

from .errors import FilterInvalid
from .limits import DEPTH_MAX, number, within_limits
from .model import And, Compare, Filter, In, IsNull, Not, Op, Or, Value

_SAFE_INTEGER = 2**53 - 1


def to_json(condition: Filter) -> dict[str, object]:
    """Return the JSON form of `condition`, fit for canonical JSON."""
    match condition:
        case Compare(column, op, value):
            return {"op": op.value, "column": column, "value": _value_to_json(value)}
        case In(column, values):
            return {"op": "in", "column": column, "values": [_value_to_json(v) for v in values]}
        case IsNull(column):
            return {"op": "is-null", "column": column}
        case And(parts):
            return {"op": "and", "parts": [to_json(part) for part in parts]}
        case Or(parts):
            return {"op": "or", "parts": [to_json(part) for part in parts]}
        case Not(part):
            return {"op": "not", "part": to_json(part)}


def from_json(data: object) -> Filter:
    """Read the JSON form of a filter; raise FilterInvalid where it is none."""
    return within_limits(_filter(data, 1))


def _filter(data: object, depth: int) -> Filter:
    if depth > DEPTH_MAX:
        raise FilterInvalid(f"it is nested deeper than {DEPTH_MAX} levels")
    match data:
        case {"op": "in", "column": str(column), "values": list(values), **more} if not more:
            return In(column, tuple(_value_from_json(value) for value in values))
        case {"op": "is-null", "column": str(column), **more} if not more:
            return IsNull(column)
        case {"op": "and", "parts": list(parts), **more} if not more:
            return And(tuple(_filter(part, depth + 1) for part in parts))
        case {"op": "or", "parts": list(parts), **more} if not more:
            return Or(tuple(_filter(part, depth + 1) for part in parts))
        case {"op": "not", "part": part, **more} if not more:
            return Not(_filter(part, depth + 1))
        case {"op": str(op), "column": str(column), "value": value, **more} if (
            not more and op in set(Op)
        ):
            return Compare(column, Op(op), _value_from_json(value))
        case _:
            raise FilterInvalid(f"{repr(data)[:80]} is no condition that is known here")


def _value_to_json(value: Value) -> object:
    match value:
        case bool() | str():
            return value
        case int():
            return value if abs(value) <= _SAFE_INTEGER else {"integer": str(value)}
        case Decimal():
            return {"decimal": str(value)}
        case datetime() if value.tzinfo is None:
            return {"timestamp": value.isoformat()}
        case datetime():
            return {"instant": moments.to_text(value)}
        case date():
            return {"date": value.isoformat()}


_READERS: Mapping[str, Callable[[str], Value]] = {
    "integer": int,
    "decimal": number,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "instant": moments.from_text,
}


def _value_from_json(data: object) -> Value:
    match data:
        case bool() | str() | int():
            return data
        case float():
            return number(repr(data))
        case {**tagged} if len(tagged) == 1:
            ((tag, text),) = tagged.items()
            return _tagged(tag, text)
        case None:
            raise FilterInvalid("nothing equals null: ask for is-null")
        case _:
            raise FilterInvalid(f"{repr(data)[:80]} is no value")


def _tagged(tag: object, text: object) -> Value:
    reader = _READERS.get(str(tag))
    if reader is None or not isinstance(text, str):
        raise FilterInvalid(f"{str(tag)[:40]!r} is no kind of value")
    try:
        value = reader(text)
    except (ValueError, InvalidOperation) as wrong:
        raise FilterInvalid(f"{text[:40]!r} is no {tag}") from wrong
    if tag == "timestamp" and isinstance(value, datetime) and value.tzinfo is not None:
        raise FilterInvalid(f"{text[:40]!r} names a zone: it is an instant")
    return value
