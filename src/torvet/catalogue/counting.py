"""One pass of portable SQL that counts what profile and quality need, and one for the shapes.

The first statement takes everything that an aggregate can tell. The second knows from it which
histograms to draw and which values to count.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from torvet.ingest.model import Column, ColumnType
from torvet.kit.filters import FilterInvalid
from torvet.kit.sql import identifier, literal
from torvet.ports.engine import QueryEngine

from .checks import Pair, Rule, columns_of, fitted, kept, rule_from_text
from .findings import BINS_MAX, EXAMPLES_MAX, TOP_VALUES_MAX, Bin, TopValue, Value
from .measures import MOMENTS, NUMBERS, CheckMeasures, ColumnMeasures, Where
from .model import PREVIEW_ROWS_MAX, Check
from .values import as_text, finite, from_text, moment, shown

TABLE = "rows_of_release"
COUNTED_DISTINCT_MAX = 10_000  # up to here values are counted one by one, beyond it estimated
EXPRESSIONS_MAX = 400  # of one statement: wide tables take several passes
SHAPES_MAX = 40
WORST_MAX = 3
DAY_S = 86_400

_UNORDERED = frozenset({ColumnType.GEOMETRY, ColumnType.BOOLEAN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files of a release, and the engine that reads them."""

    engine: QueryEngine
    uris: Sequence[str]

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Run `sql` over the files, which it calls TABLE."""
        return self.engine.rows(sql, {TABLE: self.uris})


def first_rows(files: Files, columns: Sequence[Column]) -> list[dict[str, Value]]:
    """Return the first rows, as they are shown."""
    wanted = ", ".join(
        f"{as_text(identifier(column.name), column.type)} AS c{number}"
        for number, column in enumerate(columns)
    )
    found = files.rows(f"SELECT {wanted} FROM {TABLE} LIMIT {PREVIEW_ROWS_MAX}")
    return [
        {
            column.name: shown(row[f"c{number}"], column.type)
            for number, column in enumerate(columns)
        }
        for row in found
    ]


def count(
    files: Files,
    columns: Sequence[Column],
    checks: Sequence[Check],
    first: Sequence[Mapping[str, Value]],
) -> tuple[int, tuple[ColumnMeasures, ...], tuple[CheckMeasures, ...]]:
    """Return the number of rows, and what was counted in columns and checks."""
    rules = [_rule(check, columns) for check in checks]
    asked = {"rows": "COUNT(*)"}
    for number, column in enumerate(columns):
        asked |= {f"{name}{number}": sql for name, sql in _aggregates(column)}
    for number, (_, rule) in enumerate(rules):
        if rule is not None:
            asked[f"judged{number}"] = f"COUNT({kept(rule)})"
            asked[f"failed{number}"] = f"SUM(CASE WHEN {kept(rule)} THEN 0 ELSE 1 END)"
    said = _aggregate(files, asked)
    rows = int(said["rows"])
    measured = tuple(
        _column(column, number, rows, said, first) for number, column in enumerate(columns)
    )
    judged = tuple(
        _judged(measures, rule, number, rows, said) for number, (measures, rule) in enumerate(rules)
    )
    return rows, _with_shapes(files, measured), judged


def _aggregate(files: Files, asked: Mapping[str, str]) -> dict[str, Any]:
    names = list(asked)
    said: dict[str, Any] = {}
    for start in range(0, len(names), EXPRESSIONS_MAX):
        some = names[start : start + EXPRESSIONS_MAX]
        wanted = ", ".join(f"{asked[name]} AS {name}" for name in some)
        said |= files.rows(f"SELECT {wanted} FROM {TABLE}")[0]
    return said


def _aggregates(column: Column) -> Iterator[tuple[str, str]]:
    name = identifier(column.name)
    value = finite(column.type, name)
    yield "full", f"COUNT({name})"
    if column.type is ColumnType.GEOMETRY:
        return
    yield "distinct", f"APPROX_COUNT_DISTINCT({name})"
    if column.type not in _UNORDERED:
        yield "low", as_text(f"MIN({value})", column.type)
        yield "high", as_text(f"MAX({value})", column.type)
    if column.type in NUMBERS:
        yield "mean", f"AVG(CAST({value} AS DOUBLE))"
    if column.type is ColumnType.NUMBER:
        yield "finite", f"COUNT({value})"
    if column.type is ColumnType.TEXT:
        yield "blank", f"SUM(CASE WHEN {name} = '' THEN 1 ELSE 0 END)"


def _column(
    column: Column,
    number: int,
    rows: int,
    said: Mapping[str, Any],
    first: Sequence[Mapping[str, Value]],
) -> ColumnMeasures:
    full = int(said[f"full{number}"])
    distinct = said.get(f"distinct{number}")
    mean = said.get(f"mean{number}")
    return ColumnMeasures(
        column=column,
        nulls=rows - full,
        blanks=int(said.get(f"blank{number}") or 0),
        strange=full - int(said.get(f"finite{number}", full)),
        distinct=None if distinct is None else min(int(distinct), full),
        distinct_exact=not full,
        minimum=shown(said.get(f"low{number}"), column.type),
        maximum=shown(said.get(f"high{number}"), column.type),
        mean=None if mean is None else float(mean),
        examples=_examples(column.name, first),
    )


def _examples(name: str, first: Sequence[Mapping[str, Value]]) -> tuple[Value, ...]:
    seen = dict.fromkeys(row[name] for row in first if row[name] is not None)
    return tuple(seen)[:EXAMPLES_MAX]


def _rule(check: Check, columns: Sequence[Column]) -> tuple[CheckMeasures, Rule | None]:
    title = check.title or check.rule
    try:
        rule = fitted(
            rule_from_text(check.rule), {column.name: column.type.value for column in columns}
        )
    except FilterInvalid as error:
        fault = CheckMeasures(title=title, columns=(), between_columns=False, fault=error.fault)
        return fault, None
    return (
        CheckMeasures(
            title=title,
            columns=columns_of(rule),
            between_columns=isinstance(rule, Pair) or len(columns_of(rule)) > 1,
        ),
        rule,
    )


def _judged(
    measures: CheckMeasures, rule: Rule | None, number: int, rows: int, said: Mapping[str, Any]
) -> CheckMeasures:
    if rule is None:
        return measures
    judged = int(said[f"judged{number}"])
    # A row that cannot be judged counts as not kept above, and is no failure.
    failed = int(said[f"failed{number}"] or 0) - (rows - judged)
    return replace(measures, judged=judged, failed=failed)


def worst_of(
    files: Files, check: Check, columns: Sequence[Column], by: Column
) -> tuple[Where, ...]:
    """Return the values of column `by` where the most rows break `check`."""
    _, rule = _rule(check, columns)
    if rule is None:
        return ()
    name = identifier(by.name)
    broken = f"SUM(CASE WHEN NOT ({kept(rule)}) THEN 1 ELSE 0 END)"
    found = files.rows(
        f"SELECT CAST({name} AS VARCHAR) AS v, {broken} AS failed, COUNT(*) AS n FROM {TABLE}"
        f" WHERE {name} IS NOT NULL GROUP BY {name} ORDER BY failed DESC, v LIMIT {WORST_MAX}"
    )
    return tuple(
        Where(
            column=by.name,
            value=str(shown(row["v"], ColumnType.TEXT)),
            failed=int(row["failed"]),
            rows=int(row["n"]),
        )
        for row in found
        if row["failed"]
    )


def _with_shapes(files: Files, measured: tuple[ColumnMeasures, ...]) -> tuple[ColumnMeasures, ...]:
    plans = {number: plan for number, one in enumerate(measured) if (plan := _plan(one))}
    wanted = [
        (number, _values_of(one.column, few=_has_few(one)))
        for number, one in enumerate(measured)
        if number in plans or _has_few(one)
    ]
    found: list[dict[str, Any]] = []
    for start in range(0, len(wanted), SHAPES_MAX):
        some = wanted[start : start + SHAPES_MAX]
        sources = ", ".join(f"values{number} AS ({sql})" for number, sql in some)
        asked = [
            shape
            for number, _ in some
            for shape in _shapes(number, measured[number], plans.get(number))
        ]
        found += files.rows(f"WITH {sources} {' UNION ALL '.join(asked)}")
    return tuple(
        _shaped(one, plans.get(number), [row for row in found if row["c"] == number])
        for number, one in enumerate(measured)
    )


def _has_few(measures: ColumnMeasures) -> bool:
    return bool(measures.distinct) and (measures.distinct or 0) <= COUNTED_DISTINCT_MAX


def _values_of(column: Column, *, few: bool) -> str:
    """Return SQL for the column's values, each once with its count where they are few."""
    name = identifier(column.name)
    if few:
        return f"SELECT {name} AS v, COUNT(*) AS n FROM {TABLE} WHERE {name} IS NOT NULL GROUP BY 1"
    return f"SELECT {name} AS v, 1 AS n FROM {TABLE} WHERE {name} IS NOT NULL"


def _shapes(number: int, measures: ColumnMeasures, plan: "_Plan | None") -> Iterator[str]:
    if plan is not None:
        yield _histogram(number, measures.column, plan)
    if _has_few(measures):
        yield _top(number, measures.column)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where the bars of a histogram stand: `bins` of `width` each, from `low`."""

    low: float | datetime
    width: float
    bins: int


def _plan(measures: ColumnMeasures) -> _Plan | None:
    if measures.column.type in MOMENTS:
        return _plan_of_moments(measures)
    if measures.column.type not in NUMBERS or measures.minimum is None:
        return None
    low, high = (Decimal(str(end)) for end in (measures.minimum, measures.maximum))
    if low == high:
        return None
    if measures.column.type is ColumnType.INTEGER:
        each, bins = _whole_bins(int(high) - int(low) + 1)
        return _Plan(float(low), each, bins)
    width = float(high - low) / BINS_MAX
    return _Plan(float(low), width, BINS_MAX) if width > 0 else None


def _plan_of_moments(measures: ColumnMeasures) -> _Plan | None:
    first, last = moment(measures.minimum), moment(measures.maximum)
    if first is None or last is None or first >= last:
        return None
    unit_s = DAY_S if measures.column.type is ColumnType.DATE else 1
    each, bins = _whole_bins(int((last - first).total_seconds()) // unit_s + 1)
    return _Plan(first, each * unit_s, bins)


def _whole_bins(units: int) -> tuple[int, int]:
    """Return how many whole units a bar spans, and how many bars that makes."""
    each = -(-units // BINS_MAX)
    return each, -(-units // each)


def _histogram(number: int, column: Column, plan: _Plan) -> str:
    value = finite(column.type, "v")
    if isinstance(plan.low, datetime):
        start = literal(plan.low.replace(tzinfo=None, microsecond=0))
        distance = f"DATE_DIFF('second', {start}, CAST({value} AS TIMESTAMP))"
    else:
        distance = f"(CAST({value} AS DOUBLE) - {_double(plan.low)})"
    bar = f"CAST(LEAST(FLOOR({distance} / {_double(plan.width)}), {plan.bins - 1}) AS BIGINT)"
    return (
        f"SELECT {number} AS c, 0 AS total, CAST(bar AS VARCHAR) AS v, 'bar' AS kind, n FROM"
        f" (SELECT {bar} AS bar, SUM(n) AS n FROM values{number}"
        f" WHERE {value} IS NOT NULL GROUP BY 1) AS bars"
    )


def _top(number: int, column: Column) -> str:
    return (
        f"SELECT {number} AS c, total, CAST({as_text('v', column.type)} AS VARCHAR) AS v,"
        " 'top' AS kind, n FROM"
        " (SELECT v, n, COUNT(*) OVER () AS total,"
        " ROW_NUMBER() OVER (ORDER BY n DESC, v) AS place"
        f" FROM values{number}) AS placed WHERE place <= {TOP_VALUES_MAX}"
    )


def _shaped(
    measures: ColumnMeasures, plan: _Plan | None, found: Sequence[Mapping[str, Any]]
) -> ColumnMeasures:
    top = sorted((row for row in found if row["kind"] == "top"), key=lambda row: -row["n"])
    bars = {int(row["v"]): int(row["n"]) for row in found if row["kind"] == "bar"}
    kind = measures.column.type
    shaped = replace(
        measures,
        histogram=tuple(_bins(plan, kind, bars)) if plan else (),
    )
    if not top:
        return shaped
    counted = replace(shaped, distinct=int(top[0]["total"]), distinct_exact=True)
    if kind in MOMENTS:  # which time is the most frequent tells nobody anything
        return counted
    values = (TopValue(value=from_text(row["v"], kind), count=int(row["n"])) for row in top)
    return replace(counted, top=tuple(values))


def _bins(plan: _Plan, kind: ColumnType, bars: Mapping[int, int]) -> Iterator[Bin]:
    for number in range(plan.bins):
        low, high = (_edge(plan, kind, step) for step in (number, number + 1))
        yield Bin(low=low, high=high, count=bars.get(number, 0))


def _edge(plan: _Plan, kind: ColumnType, step: int) -> Value:
    if isinstance(plan.low, datetime):
        at = plan.low.replace(microsecond=0) + timedelta(seconds=plan.width * step)
        if kind is ColumnType.DATE:
            return at.date().isoformat()
        return at.replace(tzinfo=None).isoformat() + ("Z" if kind is ColumnType.INSTANT else "")
    edge = plan.low + plan.width * step
    return int(edge) if kind is ColumnType.INTEGER else edge


def _double(value: float) -> str:
    return f"CAST({value!r} AS DOUBLE)"
