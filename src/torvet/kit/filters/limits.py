"""How large a filter may be, and what a value in it may be."""

import re
from datetime import datetime
from decimal import Decimal

from .errors import FilterInvalid
from .model import And, Compare, Filter, In, IsNull, Not, Or, Value

TEXT_MAX = 8_000
DEPTH_MAX = 24
NODES_MAX = 400
VALUES_MAX = 1_000
NAME_MAX = 255
WORD_MAX = 2_000
DIGITS_MAX = 38

_WHOLE = re.compile(r"[+-]?[0-9]{1,60}")


def number(text: str) -> int | Decimal:
    """Read a number exactly; one without fraction or exponent is an integer in every form."""
    return int(text) if _WHOLE.fullmatch(text) else Decimal(text)


def within_limits(condition: Filter) -> Filter:
    """Return `condition`; raise FilterInvalid where it is larger than a filter may be."""
    nodes = _nodes(condition, 1)
    if nodes > NODES_MAX:
        raise FilterInvalid(f"it has {nodes:,} parts, and {NODES_MAX} are allowed")
    return condition


def _nodes(condition: Filter, depth: int) -> int:
    if depth > DEPTH_MAX:
        raise FilterInvalid(f"it is nested deeper than {DEPTH_MAX} levels")
    match condition:
        case Compare(column, _, value):
            fit_name(column)
            fit_value(value)
            return 1
        case In(column, values):
            fit_name(column)
            _fit_count(len(values))
            for value in values:
                fit_value(value)
            return 1
        case IsNull(column):
            fit_name(column)
            return 1
        case And(parts) | Or(parts):
            if len(parts) < 2:  # noqa: PLR2004 - "and" joins two
                raise FilterInvalid("“and” and “or” join two or more conditions")
            return 1 + sum(_nodes(part, depth + 1) for part in parts)
        case Not(part):
            return 1 + _nodes(part, depth + 1)


def _fit_count(count: int) -> None:
    if not 0 < count <= VALUES_MAX:
        raise FilterInvalid(f"“in” takes 1 to {VALUES_MAX:,} values, and here are {count:,}")


def fit_name(name: str) -> None:
    """Raise FilterInvalid where `name` can be no column."""
    if not name or len(name) > NAME_MAX or not _storable(name):
        raise FilterInvalid(f"{name[:40]!r} can be no column")


def fit_value(value: Value) -> None:
    """Raise FilterInvalid where `value` cannot be compared with anything."""
    match value:
        case str() if len(value) > WORD_MAX or not _storable(value):
            raise FilterInvalid(f"the text {value[:40]!r} is too long or holds a NUL")
        case bool():
            return
        case int() if abs(value) >= 10**DIGITS_MAX:
            raise FilterInvalid(f"a number has more than {DIGITS_MAX} digits")
        case Decimal() if not _fits(value):
            raise FilterInvalid(f"{value} is no number of at most {DIGITS_MAX} digits")
        case datetime() if value.utcoffset():
            raise FilterInvalid(f"{value} is not in UTC")
        case _:
            return


def _fits(value: Decimal) -> bool:
    if not value.is_finite():
        return False
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    return len(digits) + abs(exponent) <= DIGITS_MAX


def _storable(text: str) -> bool:
    # Half a surrogate pair has no UTF-8 form, and PostgreSQL holds no NUL.
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)
