import json
import operator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.delivery.hints import from_sql, understood
from torvet.delivery.pruning import bounds, kept, limited, may_fit
from torvet.kit.filters import And, Compare, In, IsNull, Not, Op, Or

TYPES = {"a": "long", "b": "string", "d": "date", "t": "timestamp", "m": "decimal(9,2)"}


@dataclass(frozen=True)
class File:
    rows: int
    stats: str = ""


def stats_of(rows):
    """What a writer says of these rows of columns a and b."""
    values = {c: [r[c] for r in rows if r[c] is not None] for c in "ab"}
    return json.dumps(
        {
            "numRecords": len(rows),
            "minValues": {c: min(v) for c, v in values.items() if v},
            "maxValues": {c: max(v) for c, v in values.items() if v},
            "nullCount": {c: sum(r[c] is None for r in rows) for c in "ab"},
        }
    )


COMPARISONS = {
    Op.EQUAL: operator.eq,
    Op.UNLIKE: operator.ne,
    Op.LESS: operator.lt,
    Op.AT_MOST: operator.le,
    Op.MORE: operator.gt,
    Op.AT_LEAST: operator.ge,
}


def truth(condition, row):
    """SQL's three values: True, False, or None for unknown."""
    match condition:
        case Compare(column, op, value):
            return None if row[column] is None else COMPARISONS[op](row[column], value)
        case In(column, values):
            return None if row[column] is None else row[column] in values
        case IsNull(column):
            return row[column] is None
        case Not(part):
            inner = truth(part, row)
            return None if inner is None else not inner
        case And(parts) | Or(parts):
            found = [truth(part, row) for part in parts]
            ends = isinstance(condition, Or)
            if ends in found:
                return ends
            return None if None in found else not ends


numbers, words = st.integers(-3, 3), st.text("ab", max_size=2)
rows = st.fixed_dictionaries({"a": st.none() | numbers, "b": st.none() | words})
tests = (
    st.builds(Compare, st.just("a"), st.sampled_from(Op), numbers)
    | st.builds(Compare, st.just("b"), st.sampled_from(Op), words)
    | st.builds(In, st.just("a"), st.lists(numbers, min_size=1, max_size=3).map(tuple))
    | st.builds(IsNull, st.sampled_from("ab"))
)
conditions = st.recursive(
    tests,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple))
        | st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=6,
)


@given(conditions, st.lists(rows, max_size=5))
def test_a_file_with_a_row_that_fits_is_never_left_out(condition, held):
    fits = any(truth(condition, row) is True for row in held)

    assert may_fit(condition, bounds(stats_of(held), TYPES)) or not fits


@pytest.mark.parametrize(
    ("condition", "stays"),
    [
        (Compare("a", Op.MORE, 5), False),
        (Compare("a", Op.MORE, Decimal("4.5")), True),
        (Compare("a", Op.EQUAL, "3"), True),  # a text against a number: unclear, so it stays
        (Compare("nowhere", Op.EQUAL, 3), True),
        (Compare("d", Op.LESS, "2014-05-01"), False),
        (Compare("d", Op.LESS, date(2014, 5, 2)), True),
        (Compare("t", Op.MORE, "2014-05-22 12:00:00"), False),
        (Compare("t", Op.AT_LEAST, datetime(2014, 5, 22, 11, tzinfo=UTC)), True),
        (Compare("m", Op.AT_LEAST, Decimal("9.99")), False),
        (Not(IsNull("b")), False),
        (IsNull("a"), False),
        (Not(Compare("a", Op.AT_MOST, 5)), False),
        (In("a", (7, 8)), False),
    ],
)
def test_statistics_prove_what_cannot_be_in_a_file(condition, stays):
    stats = json.dumps(
        {
            "numRecords": 2,
            "minValues": {"a": 1, "d": "2014-05-01", "t": "2014-05-01T00:00:00.000Z", "m": 0.5},
            "maxValues": {"a": 5, "d": "2014-05-31", "t": "2014-05-22T11:59:59.999Z", "m": 9.98},
            "nullCount": {"a": 0, "b": 2, "d": 0, "t": 0},
        }
    )

    assert bool(kept([File(rows=2, stats=stats)], TYPES, condition)) is stays


def test_a_timestamp_within_the_millisecond_that_statistics_cut_off_is_found():
    stats = json.dumps(
        {
            "numRecords": 1,
            "minValues": {"t": "2014-05-22T11:59:59.999Z"},
            "maxValues": {"t": "2014-05-22T11:59:59.999Z"},
        }
    )
    just_after = datetime(2014, 5, 22, 11, 59, 59, 999_000, UTC) + timedelta(microseconds=400)

    assert may_fit(Compare("t", Op.EQUAL, just_after), bounds(stats, TYPES))


@pytest.mark.parametrize("stats", ["", "{", "{}", '{"minValues": 3}', '{"minValues": {"a": "x"}}'])
def test_statistics_that_say_nothing_leave_nothing_out(stats):
    assert kept([File(rows=1, stats=stats)], TYPES, Compare("a", Op.EQUAL, 99))


@given(st.lists(st.integers(0, 5), max_size=6), st.integers(0, 20))
def test_a_limit_names_the_fewest_files_that_hold_so_many_rows(sizes, limit):
    taken = limited([File(rows=n) for n in sizes], limit)

    assert sum(f.rows for f in taken) >= min(limit, sum(sizes))
    assert sum(f.rows for f in taken[:-1]) < max(limit, 1)
    assert limited([File(rows=n) for n in sizes], None) == tuple(File(rows=n) for n in sizes)


@pytest.mark.parametrize(
    ("hint", "means"),
    [
        ("a = 3", Compare("a", Op.EQUAL, 3)),
        ("'b' < b", Compare("b", Op.MORE, "b")),
        ("123 <= a", Compare("a", Op.AT_LEAST, 123)),
        ("a <> -1.5", Compare("a", Op.UNLIKE, Decimal("-1.5"))),
        ("`med plads` IS NOT NULL", Not(IsNull("med plads"))),
        ("a IN (1, 2)", In("a", (1, 2))),
        ("d >= DATE '2014-05-01'", Compare("d", Op.AT_LEAST, date(2014, 5, 1))),
        (
            "a BETWEEN 1 AND 2 AND b IS NULL",
            And((And((Compare("a", Op.AT_LEAST, 1), Compare("a", Op.AT_MOST, 2))), IsNull("b"))),
        ),
    ],
)
def test_a_sql_hint_means_what_it_says(hint, means):
    assert from_sql(hint) == means


@pytest.mark.parametrize(
    "hint",
    [
        "a = 1; DROP TABLE x",
        "sleep(10) = 1",
        "a = (SELECT 1)",
        "t.a = 1",
        "a LIKE 'x%'",
        "a = b",
        "",
        "((((",
        "a = 1 OR sleep(1)",
        "d = DATE 'no'",
        "(" * 2_000 + "a = 1" + ")" * 2_000,
    ],
)
def test_a_hint_that_is_not_understood_is_no_hint(hint):
    assert from_sql(hint) is None


@given(st.text(max_size=120))
def test_no_text_makes_the_reader_of_hints_stumble(text):
    from_sql(text)
    understood((text,), text)


def test_hints_that_are_understood_count_together():
    json_hint = json.dumps(
        {
            "op": "equal",
            "children": [
                {"op": "column", "name": "b", "valueType": "string"},
                {"op": "literal", "value": "x", "valueType": "string"},
            ],
        }
    )

    both = understood(("a > 1", "nonsense("), json_hint)

    assert both == And((Compare("a", Op.MORE, 1), Compare("b", Op.EQUAL, "x")))
    assert understood((), None) is None
