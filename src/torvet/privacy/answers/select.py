"""A question as a SELECT: read node by node, and refused by name where it says anything else.

    SELECT zone, count(*), sum(wh) FROM answers WHERE hour BETWEEN 7 AND 9 GROUP BY zone

The text is never run. Its conditions are tried on every combination of the public values that
they name, so that `hour > 6 AND hour < 10` and `NOT (hour <= 6 OR hour >= 10)` are one question.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import sqlglot
from numpy.typing import NDArray
from sqlglot import exp

from torvet.privacy.errors import QuestionInvalid

from .question import Count, Histogram, Mean, Measure, Quantile, Question, Sum, number
from .spec import AnswerSpec, KeyValue

TEXT_MAX = 10_000
TABLE = "answers"
COMBINATIONS_MAX = 1_000_000
DEPTH_MAX = 60
DIGITS_MAX = 16

_CLAUSES = frozenset({"expressions", "from_", "where", "group"})
_MEANINGS: dict[type[exp.Expr], str] = {
    exp.Distinct: "DISTINCT",
    exp.Having: "HAVING",
    exp.Order: "ORDER BY",
    exp.Limit: "LIMIT",
    exp.Join: "JOIN",
    exp.With: "WITH",
    exp.Subquery: "a subquery",
    exp.Star: "* on its own",
}
_COMPARED: dict[type[exp.Expr], Callable[[Any, Any], Any]] = {
    exp.EQ: np.equal,
    exp.NEQ: np.not_equal,
    exp.LT: np.less,
    exp.LTE: np.less_equal,
    exp.GT: np.greater,
    exp.GTE: np.greater_equal,
}
_TURNED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.GT,
    exp.GT: exp.LT,
    exp.LTE: exp.GTE,
    exp.GTE: exp.LTE,
}
_PLAIN: dict[type[exp.Expr], type[Sum | Mean]] = {exp.Sum: Sum, exp.Avg: Mean}


def parse_select(text: str, spec: AnswerSpec) -> Question:
    """Read a SELECT as a question about what `spec` allows; raise QuestionInvalid otherwise."""
    query = _one_select(text)
    for name, part in query.args.items():
        if part and name not in _CLAUSES:
            raise _refused(part[0] if isinstance(part, list) else part)
    _check_table(query)
    grouped = _grouped(query.args.get("group"))
    measures: list[Measure] = []
    for shown in query.expressions:
        if isinstance(shown, exp.Column):
            if _column(shown) not in grouped:
                raise QuestionInvalid(f"{_column(shown)!r} is shown, and not grouped by")
        else:
            measures.append(_measure(shown))
    where = query.args.get("where")
    return Question(
        measures=tuple(measures),
        where={} if where is None else _Condition(spec).kept(where.this),
        group_by=grouped,
    )


def _one_select(text: str) -> exp.Select:
    if len(text) > TEXT_MAX or "\0" in text:
        raise QuestionInvalid(f"it is longer than {TEXT_MAX:,} characters, or holds a NUL")
    try:
        statements = sqlglot.parse(text, read="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        said = str(error).split("\n", 1)[0][:200]
        raise QuestionInvalid(f"it cannot be read as SQL: {said}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        raise QuestionInvalid("it is something else than one SELECT")
    return statements[0]


def _refused(node: object) -> QuestionInvalid:
    if isinstance(node, exp.Expr):
        name = _MEANINGS.get(type(node)) or getattr(node, "name", "") or node.key
        return QuestionInvalid(f"{name[:80]} ({type(node).__name__}) is not asked here")
    return QuestionInvalid("it has a part that is not asked here")


def _check_table(query: exp.Select) -> None:
    source = query.args.get("from_")
    table = source.this if source is not None else None
    said = {name for name, part in table.args.items() if part} if table is not None else set()
    if (
        not isinstance(table, exp.Table)
        or said != {"this"}
        or not isinstance(table.this, exp.Identifier)
        or table.name.lower() != TABLE
    ):
        raise QuestionInvalid(f"it reads something else than FROM {TABLE}")


def _column(node: exp.Expr) -> str:
    if not isinstance(node, exp.Column) or node.table or not isinstance(node.this, exp.Identifier):
        raise _refused(node)
    return node.name


def _grouped(group: exp.Group | None) -> tuple[str, ...]:
    if group is None:
        return ()
    for name, part in group.args.items():
        if part and name != "expressions":
            raise QuestionInvalid(f"GROUP BY {name.upper()} is not asked here")
    return tuple(_column(each) for each in group.expressions)


def _measure(node: exp.Expr) -> Measure:
    said = {name for name, part in node.args.items() if part}
    match node:
        case exp.Count() if isinstance(node.this, exp.Star) and said <= {"this", "big_int"}:
            if any(node.this.args.values()):
                raise _refused(node.this)
            return Count()
        case exp.Sum() | exp.Avg() if said == {"this"}:
            return _PLAIN[type(node)](_column(node.this))
        case exp.Median() if said == {"this"}:
            return Quantile(_column(node.this), Decimal("0.5"))
        case exp.Quantile() if said == {"this", "quantile"}:
            return Quantile(_column(node.this), _number(node.args["quantile"]))
        case exp.Anonymous() if node.name.lower() == "histogram" and len(node.expressions) > 1:
            column, *edges = node.expressions
            return Histogram(_column(column), tuple(_number(edge) for edge in edges))
        case exp.Alias():
            raise QuestionInvalid(
                f"{node.alias[:80]!r} renames a column (Alias): an answer names its own"
            )
        case _:
            raise _refused(node)


def _number(node: exp.Expr) -> Decimal:
    if isinstance(node, exp.Neg):
        return -_number(node.this)
    if not isinstance(node, exp.Literal) or node.is_string:
        raise _refused(node)
    return number(node.this)


class _Condition:
    """A condition over public keys, tried on every combination of their values.

    Each key is an axis; a condition is true or false at every point, and is a question where what
    fits is a set of values of each key, independent of the others.
    """

    def __init__(self, spec: AnswerSpec) -> None:
        self._spec = spec
        self._names = tuple(spec.keys)

    def kept(self, node: exp.Expr) -> dict[str, tuple[KeyValue, ...]]:
        """Return the values of each key that fit; raise QuestionInvalid where keys depend."""
        fits = self._holds(node, 0)
        if not fits.any():
            raise QuestionInvalid("no public value fits the condition")
        axes = range(len(self._names))
        found: dict[str, tuple[KeyValue, ...]] = {}
        together = np.ones((1,) * len(self._names), dtype=bool)
        for axis in axes:
            others = tuple(each for each in axes if each != axis)
            places: NDArray[np.bool_] = np.asarray(fits.any(axis=others))
            shape = tuple(len(places) if each == axis else 1 for each in axes)
            together = together & places.reshape(shape)
            if not places.all():
                values = self._spec.keys[self._names[axis]]
                found[self._names[axis]] = tuple(
                    value for value, fit in zip(values, places, strict=True) if fit
                )
        if not np.array_equal(np.broadcast_to(together, fits.shape), fits):
            raise QuestionInvalid(
                "the condition ties public keys to each other: ask one question for each part"
            )
        return found

    def _holds(self, node: exp.Expr, depth: int) -> NDArray[np.bool_]:  # noqa: PLR0911 - a case a node
        if depth > DEPTH_MAX:
            raise QuestionInvalid(f"the condition is nested deeper than {DEPTH_MAX} levels")
        match node:
            case exp.Paren():
                return self._holds(node.this, depth + 1)
            case exp.Not():
                return ~self._holds(node.this, depth + 1)
            case exp.And() | exp.Or():
                return self._both(node, depth)
            case exp.Boolean():
                return np.full((1,) * len(self._names), bool(node.this))
            case exp.In() if {n for n, part in node.args.items() if part} == {
                "this",
                "expressions",
            }:
                wanted = [self._value(each) for each in node.expressions]
                return self._any(node.this, lambda value: any(_same(value, w) for w in wanted))
            case exp.Between() if not node.args.get("symmetric"):
                low, high = node.args["low"], node.args["high"]
                return self._compared(exp.GTE, node.this, low) & self._compared(
                    exp.LTE, node.this, high
                )
            case exp.EQ() | exp.NEQ() | exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
                return self._compared(type(node), node.this, node.expression)
            case exp.Column():
                return self._any(node, lambda value: value is True)
            case _:
                raise _refused(node)

    def _both(self, node: exp.And | exp.Or, depth: int) -> NDArray[np.bool_]:
        # A chain of ANDs leans to the left; it is taken as one list, not as a depth.
        parts = list(node.flatten(unnest=False))
        found = self._holds(parts[0], depth + 1)
        for part in parts[1:]:
            other = self._holds(part, depth + 1)
            shape = np.broadcast_shapes(found.shape, other.shape)
            if int(np.prod(shape)) > COMBINATIONS_MAX:
                raise QuestionInvalid("the condition ties too many public values to each other")
            found = found & other if isinstance(node, exp.And) else found | other
        return found

    def _compared(self, kind: type[exp.Expr], left: exp.Expr, right: exp.Expr) -> NDArray[np.bool_]:
        if not isinstance(left, exp.Column) and isinstance(right, exp.Column):
            return self._compared(_TURNED.get(kind, kind), right, left)
        compare = _COMPARED[kind]
        wanted = self._value(right)
        if not isinstance(left, exp.Column):
            known = bool(compare(self._value(left), wanted))
            return np.full((1,) * len(self._names), known)
        ordered = kind is not exp.EQ and kind is not exp.NEQ

        def fits(value: KeyValue) -> bool:
            alike = type(value) is type(wanted)
            if ordered and not alike:
                raise QuestionInvalid(f"{left.name!r} is not compared with {wanted!r}")
            return bool(compare(value, wanted)) if alike else kind is exp.NEQ

        return self._any(left, fits)

    def _any(self, column: exp.Expr, fits: Callable[[KeyValue], bool]) -> NDArray[np.bool_]:
        name = _column(column)
        if name not in self._names:
            raise QuestionInvalid(f"{name[:80]!r} is no public key, so nothing is filtered by it")
        values: Sequence[KeyValue] = self._spec.keys[name]
        axis = self._names.index(name)
        shape = [len(values) if each == axis else 1 for each in range(len(self._names))]
        return np.array([fits(value) for value in values], dtype=bool).reshape(shape)

    def _value(self, node: exp.Expr) -> KeyValue:
        match node:
            case exp.Literal() if node.is_string:
                return str(node.this)
            case exp.Literal() if str(node.this).isdigit() and len(str(node.this)) <= DIGITS_MAX:
                return int(str(node.this))
            case exp.Neg():
                inner = self._value(node.this)
                if type(inner) is int:
                    return -inner
            case exp.Boolean():
                return bool(node.this)
            case exp.Cast() if node.to.is_type("date") and isinstance(node.this, exp.Literal):
                return str(node.this.this)
            case _:
                pass
        raise _refused(node)


def _same(one: KeyValue, other: KeyValue) -> bool:
    return type(one) is type(other) and one == other
