"""The hints of a Delta Sharing client as one filter, or as none where they are not understood.

A hint is best effort and never access control: leaving one out is always right, and reading one
wrongly is not. SQL hints are parsed by sqlglot, and every node must be on the list below.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

import sqlglot
from sqlglot import exp

from torvet.kit.filters import (
    And,
    Compare,
    Filter,
    In,
    IsNull,
    Not,
    Op,
    Or,
    Value,
    from_json_predicate,
)

HINTS_MAX = 100
HINT_CHARACTERS_MAX = 4_000
_DEPTH_MAX = 20
_VALUES_MAX = 1_000

_OPS: Mapping[type[exp.Expr], Op] = {
    exp.EQ: Op.EQUAL,
    exp.NEQ: Op.UNLIKE,
    exp.LT: Op.LESS,
    exp.LTE: Op.AT_MOST,
    exp.GT: Op.MORE,
    exp.GTE: Op.AT_LEAST,
}
_TURNED = {
    Op.EQUAL: Op.EQUAL,
    Op.UNLIKE: Op.UNLIKE,
    Op.LESS: Op.MORE,
    Op.AT_MOST: Op.AT_LEAST,
    Op.MORE: Op.LESS,
    Op.AT_LEAST: Op.AT_MOST,
}


class _NotUnderstoodError(Exception):
    """The hint says something that filters cannot."""


def understood(sql_hints: Sequence[str], json_hint: str | None) -> Filter | None:
    """Return what all hints that are understood say together, or None where none is."""
    parts = [part for hint in sql_hints[:HINTS_MAX] if (part := from_sql(hint)) is not None]
    if json_hint and len(json_hint) <= HINT_CHARACTERS_MAX * HINTS_MAX:
        known = from_json_predicate(json_hint)
        parts += [] if known is None else [known]
    if len(parts) > 1:
        return And(tuple(parts))
    return parts[0] if parts else None


def from_sql(hint: str) -> Filter | None:
    """Read one SQL hint such as `'2021-01-01' <= date`, or return None."""
    if len(hint) > HINT_CHARACTERS_MAX:
        return None
    try:
        statements = sqlglot.parse(hint, dialect="spark")
        if len(statements) != 1 or statements[0] is None:
            return None
        return _filter(statements[0], 0)
    except (sqlglot.errors.SqlglotError, _NotUnderstoodError, RecursionError):
        return None


def _filter(node: exp.Expr, depth: int) -> Filter:
    if depth > _DEPTH_MAX:
        raise _NotUnderstoodError
    if (op := _OPS.get(type(node))) is not None:
        return _compare(op, node.this, node.expression)
    match node:
        case exp.Paren():
            return _filter(node.this, depth + 1)
        case exp.Not():
            return Not(_filter(node.this, depth + 1))
        case exp.And() | exp.Or():
            both = (_filter(node.this, depth + 1), _filter(node.expression, depth + 1))
            return And(both) if isinstance(node, exp.And) else Or(both)
        case _:
            return _test(node)


def _test(node: exp.Expr) -> Filter:
    match node:
        case exp.Is() if isinstance(node.expression, exp.Null):
            return IsNull(_column(node.this))
        case exp.Between():
            name = _column(node.this)
            low, high = _value(node.args["low"]), _value(node.args["high"])
            return And((Compare(name, Op.AT_LEAST, low), Compare(name, Op.AT_MOST, high)))
        case exp.In() if 0 < len(node.expressions) <= _VALUES_MAX:
            return In(_column(node.this), tuple(_value(each) for each in node.expressions))
        case _:
            raise _NotUnderstoodError


def _compare(op: Op, left: exp.Expr, right: exp.Expr) -> Filter:
    if isinstance(left, exp.Column):
        return Compare(_column(left), op, _value(right))
    return Compare(_column(right), _TURNED[op], _value(left))


def _column(node: exp.Expr) -> str:
    if not isinstance(node, exp.Column) or node.table or not isinstance(node.this, exp.Identifier):
        raise _NotUnderstoodError
    return node.name


def _value(node: exp.Expr) -> Value:
    match node:
        case exp.Literal():
            return str(node.this) if node.is_string else _number(str(node.this))
        case exp.Neg() if isinstance(node.this, exp.Literal) and not node.this.is_string:
            return -_number(str(node.this.this))
        case exp.Boolean():
            return bool(node.this)
        case exp.Cast() if isinstance(node.this, exp.Literal) and node.this.is_string:
            return _moment(str(node.this.this), node.to)
        case _:
            raise _NotUnderstoodError


def _number(text: str) -> int | Decimal:
    try:
        return int(text) if text.isdecimal() else Decimal(text)
    except (InvalidOperation, ValueError) as no:
        raise _NotUnderstoodError from no


def _moment(text: str, kind: exp.DataType) -> Value:
    try:
        if kind.this == exp.DataType.Type.DATE:
            return date.fromisoformat(text)
        if kind.this in exp.DataType.TEMPORAL_TYPES:
            return datetime.fromisoformat(text)
    except ValueError as no:
        raise _NotUnderstoodError from no
    raise _NotUnderstoodError
