"""The predicate hints of Delta Sharing clients: best effort, so what is not understood is no hint.

A hint may only leave out files; dropping one that is not understood is always right.
(Delta Sharing protocol, "JSON predicates for filtering" and "SQL expressions for filtering".)
"""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from .as_text import from_text
from .errors import FilterInvalid
from .limits import DEPTH_MAX, within_limits
from .model import And, Compare, Filter, In, IsNull, Not, Op, Or, Value

_OPS = {
    "equal": Op.EQUAL,
    "lessThan": Op.LESS,
    "lessThanOrEqual": Op.AT_MOST,
    "greaterThan": Op.MORE,
    "greaterThanOrEqual": Op.AT_LEAST,
}
_LITERALS: Mapping[str, Callable[[str], Value]] = {
    "boolean": lambda text: text.lower() == "true",
    "int": int,
    "long": int,
    "float": Decimal,
    "double": Decimal,
    "string": str,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
}


class _NotUnderstoodError(Exception):
    """The hint says something that filters cannot."""


def from_predicate_hint(text: str) -> Filter | None:
    """Read a SQL hint such as `date >= '2021-01-01'`, or return None."""
    try:
        return from_text(text)
    except FilterInvalid:
        return None


def from_json_predicate(text: str) -> Filter | None:
    """Read `jsonPredicateHints` (a JSON text), or return None."""
    try:
        condition = _widened(json.loads(text), 1)
        return None if condition is None else within_limits(condition)
    except (ValueError, RecursionError, FilterInvalid):
        return None


def _widened(node: object, depth: int) -> Filter | None:
    """Return a filter that lets through at least what `node` does, or None for everything."""
    match node:
        case {"op": "and", "children": list(children)} if depth <= DEPTH_MAX:
            parts = [part for c in children if (part := _widened(c, depth + 1)) is not None]
            if len(parts) < 2:  # noqa: PLR2004 - "and" joins two
                return parts[0] if parts else None
            return And(tuple(parts))
        case _:
            try:
                return _exact(node, depth)
            except _NotUnderstoodError:
                return None


def _exact(node: object, depth: int) -> Filter:
    if depth > DEPTH_MAX:
        raise _NotUnderstoodError
    match node:
        case {"op": "and", "children": [_, _, *_] as children}:
            return And(tuple(_exact(child, depth + 1) for child in children))
        case {"op": "or", "children": [_, _, *_] as children}:
            return Or(tuple(_exact(child, depth + 1) for child in children))
        case {"op": "not", "children": [child]}:
            return Not(_exact(child, depth + 1))
        case {"op": "isNull", "children": [column]}:
            return IsNull(_column(column))
        case {"op": "in", "children": [column, first, *more]}:
            return In(_column(column), tuple(_literal(child) for child in (first, *more)))
        case {"op": str(op), "children": [column, value]} if op in _OPS:
            return Compare(_column(column), _OPS[op], _literal(value))
        case _:
            raise _NotUnderstoodError


def _column(node: object) -> str:
    match node:
        case {"op": "column", "name": str(name)}:
            return name
        case _:
            raise _NotUnderstoodError


def _literal(node: object) -> Value:
    match node:
        case {"op": "literal", "value": str(text), "valueType": str(kind)} if kind in _LITERALS:
            try:
                return _LITERALS[kind](text)
            except (ValueError, InvalidOperation) as wrong:
                raise _NotUnderstoodError from wrong
        case _:
            raise _NotUnderstoodError
