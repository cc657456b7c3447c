"""Filters: three forms of one value, and no text that becomes more than a condition."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from torvet.kit.canonical import canonical
from torvet.kit.filters import (
    And,
    Compare,
    FilterInvalid,
    In,
    IsNull,
    Not,
    Op,
    Or,
    check,
    columns,
    from_json,
    from_json_predicate,
    from_predicate_hint,
    from_text,
    to_json,
    to_sql,
    to_text,
    words,
)

TYPES = {
    "garage": "text",
    "occupied": "integer",
    "share": "decimal",
    "open": "boolean",
    "day": "date",
    "at": "instant",
    "local": "timestamp",
    'odd " name': "text",
}

EARLY = datetime.fromisoformat("1900-01-01")
LATE = datetime.fromisoformat("2200-01-01")

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
decimals = st.decimals(-1000, 1000, places=2).filter(lambda number: number.as_tuple().exponent != 0)
comparisons = st.one_of(
    st.builds(Compare, st.sampled_from(["garage", 'odd " name']), st.sampled_from(Op), texts),
    st.builds(Compare, st.just("occupied"), st.sampled_from(Op), st.integers(-(10**17), 10**17)),
    st.builds(Compare, st.just("share"), st.sampled_from(Op), decimals),
    st.builds(Compare, st.just("open"), st.sampled_from([Op.EQUAL, Op.UNLIKE]), st.booleans()),
    st.builds(Compare, st.just("day"), st.sampled_from(Op), st.dates(date(1900, 1, 1))),
    st.builds(
        Compare,
        st.just("at"),
        st.sampled_from(Op),
        st.datetimes(EARLY, LATE, timezones=st.just(UTC)),
    ),
    st.builds(
        Compare,
        st.just("local"),
        st.sampled_from(Op),
        st.datetimes(EARLY, LATE),
    ),
    st.builds(In, st.just("garage"), st.lists(texts, min_size=1, max_size=3).map(tuple)),
    st.builds(IsNull, st.sampled_from(list(TYPES))),
)
conditions = st.recursive(
    comparisons,
    lambda part: st.one_of(
        st.builds(And, st.lists(part, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(part, min_size=2, max_size=3).map(tuple)),
        st.builds(Not, part),
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def duck():
    with duckdb.connect() as session:
        session.execute("SET TimeZone = 'UTC'")
        yield session


@given(conditions)
def test_a_filter_survives_text(condition):
    assert from_text(to_text(condition)) == condition


@given(conditions)
def test_a_filter_survives_json_and_its_json_is_canonical(condition):
    assert from_json(to_json(condition)) == condition
    assert canonical(to_json(condition)) == canonical(to_json(from_json(to_json(condition))))


@given(conditions)
def test_text_and_json_of_a_filter_have_the_same_canonical_form(condition):
    assert canonical(to_json(from_text(to_text(condition)))) == canonical(to_json(condition))


@given(conditions)
def test_a_filter_that_fits_its_table_is_left_as_it_is(condition):
    assert check(condition, TYPES) == condition


@given(conditions)
def test_duckdb_runs_every_filter_and_sees_no_column_but_those_named(duck, condition):
    held = ", ".join(
        f"CAST(NULL AS {kind}) AS {name}"
        for name, kind in (
            ("garage", "VARCHAR"),
            ("occupied", "BIGINT"),
            ("share", "DECIMAL(18,2)"),
            ("open", "BOOLEAN"),
            ("day", "DATE"),
            ("at", "TIMESTAMPTZ"),
            ("local", "TIMESTAMP"),
            ('"odd "" name"', "VARCHAR"),
        )
        if name.strip('"').replace('""', '"') in columns(condition)
    )
    sql = f"SELECT count(*) FROM (SELECT {held}) WHERE {to_sql(condition)}"

    assert duck.execute(sql).fetchone()[0] in {0, 1}


@given(st.text(max_size=60))
@example("garage = 'x'; drop table releases")
@example("garage = 'x' -- or true")
@example("1 = 1")
@example("garage = (select secret from other)")
@example("read_csv('/etc/passwd') is null")
@example("garage = 'x' union select * from other")
@example("garage = '\\' or 1=1 --'")
def test_any_text_is_a_filter_or_is_refused_with_words(text):
    try:
        condition = from_text(text)
    except FilterInvalid as error:
        refused = error
    else:
        assert from_text(to_text(condition)) == condition
        return
    assert str(refused).startswith("The filter cannot be used")
    assert refused.at is None or 0 <= refused.at <= len(text)


hostile = st.lists(
    st.sampled_from(
        ["'", '"', "`", "\\", ";", "--", "/*", "*/", ")", "(", " or 1=1", "$$", "x", "\n"]
    ),
    min_size=1,
    max_size=8,
).map("".join)


@given(hostile, st.sampled_from(Op), hostile)
def test_no_name_and_no_value_can_be_more_than_a_name_and_a_value(duck, name, op, value):
    condition = from_text(to_text(And((Compare(name, op, value), In(name, (value, "x"))))))
    quoted = '"' + name.replace('"', '""') + '"'
    sql = f"SELECT count(*) FROM (SELECT 'x' AS {quoted}) AS t WHERE {to_sql(condition)}"

    assert len(duckdb.extract_statements(sql)) == 1
    count = duck.execute(sql).fetchone()[0]
    compare = {"=": eq, "<>": ne, "<": lt, "<=": le, ">": gt, ">=": ge}[op]
    assert count == int(compare("x", value))


@pytest.mark.parametrize(
    ("text", "at", "fault"),
    [
        ("garage = ", 9, "a value"),
        ("garage 'x'", 7, "="),
        ("garage = 'x' or", 15, "a column"),
        ("(garage = 'x'", 13, "“)”"),
        ("garage = null", 9, "is null"),
        ("garage = 'x' ; drop", 13, "';'"),
        ("garage in ()", 11, "a value"),
        ("day = date '2026-13-01'", 11, "no date"),
        ("garage = 'x' garage", 13, "the end"),
        ("", 0, "a column"),
    ],
)
def test_a_fault_is_named_with_its_place(text, at, fault):
    with pytest.raises(FilterInvalid, match=re.escape(fault)) as refused:
        from_text(text)

    assert refused.value.at == at


@pytest.mark.parametrize(
    "text",
    [
        "(" * 200 + "a = 1" + ")" * 200,
        "not " * 200 + "a = 1",
        " or ".join("a = 1" for _ in range(1000)),
        f"a in ({', '.join('1' for _ in range(2000))})",
        f"a = '{'x' * 3000}'",
        f"a = {'9' * 50}",
        "a = 1e999",
        "a = '\0'",
        "a = 'x'" + " " * 9000,
    ],
)
def test_a_filter_has_limits(text):
    with pytest.raises(FilterInvalid):
        from_text(text)


def test_json_beyond_the_limits_is_refused():
    nested: object = {"op": "is-null", "column": "a"}
    for _ in range(200):
        nested = {"op": "not", "part": nested}

    for data in (
        nested,
        {"op": "and", "parts": []},
        {"op": "=", "column": "a", "value": None},
        {"op": "=", "column": "a", "value": [1]},
        {"op": "=", "column": "a", "value": {"sql": "1"}},
        {"op": "=", "column": "", "value": 1},
        {"op": "=", "column": "a", "value": 1, "more": 1},
        {"op": "like", "column": "a", "value": "%"},
        {"op": "=", "column": "a", "value": float("nan")},
        "a = 1",
    ):
        with pytest.raises(FilterInvalid):
            from_json(data)


@pytest.mark.parametrize(
    ("text", "fitted"),
    [
        ("day >= '2026-06-01'", Compare("day", Op.AT_LEAST, date(2026, 6, 1))),
        (
            "at < '2026-06-01T12:00+02:00'",
            Compare("at", Op.LESS, datetime(2026, 6, 1, 10, tzinfo=UTC)),
        ),
        (
            "local < date '2026-06-01'",
            Compare("local", Op.LESS, datetime.fromisoformat("2026-06-01")),
        ),
        ("share = 12", Compare("share", Op.EQUAL, 12)),
    ],
)
def test_values_take_the_type_of_their_column(text, fitted):
    assert check(from_text(text), TYPES) == fitted


@pytest.mark.parametrize(
    "text",
    [
        "occupied = 'many'",
        "garage = 12",
        "open > true",
        "day = '1 June'",
        "at = '2026-06-01T12:00'",
        "local = '2026-06-01T12:00Z'",
        "occupied = true",
        "nowhere = 1",
    ],
)
def test_a_value_that_can_never_be_in_its_column_is_refused(text):
    with pytest.raises(FilterInvalid, match=r"column"):
        check(from_text(text), TYPES)


def test_between_and_not_in_are_short_forms():
    assert from_text("a between 1 and 2.5 and b not in ('x')") == And(
        (
            And((Compare("a", Op.AT_LEAST, 1), Compare("a", Op.AT_MOST, Decimal("2.5")))),
            Not(In("b", ("x",))),
        )
    )


def test_a_filter_is_said_in_both_languages():
    condition = from_text("garage in ('BRUUNS', 'SALLING') and occupied > 10")

    assert (
        words(condition, "en")
        == "garage is one of “BRUUNS”; “SALLING” and occupied is more than 10"
    )
    assert (
        words(condition, "da") == "garage er en af “BRUUNS”; “SALLING” og occupied er større end 10"
    )


def test_json_predicates_of_sharing_clients_are_understood_or_widened():
    known = (
        '{"op":"equal","children":[{"op":"column","name":"hireDate","valueType":"date"},'
        '{"op":"literal","value":"2021-04-29","valueType":"date"}]}'
    )
    strange = '{"op":"startsWith","children":[]}'

    assert from_json_predicate(known) == Compare("hireDate", Op.EQUAL, date(2021, 4, 29))
    assert from_json_predicate(f'{{"op":"and","children":[{known},{strange}]}}') == Compare(
        "hireDate", Op.EQUAL, date(2021, 4, 29)
    )
    assert from_json_predicate(f'{{"op":"or","children":[{known},{strange}]}}') is None
    assert from_json_predicate(f'{{"op":"not","children":[{strange}]}}') is None


@given(st.text(max_size=80))
@example("[" * 100_000)
def test_a_hint_that_is_not_understood_is_no_hint_and_no_fault(text):
    assert from_json_predicate(text) is None or from_json_predicate(text)
    hint = from_predicate_hint(text)
    assert hint is None or from_text(to_text(hint)) == hint


def test_the_words_of_a_filter_say_every_value_and_no_value_reads_as_a_condition():
    many = In("garage", tuple(f"G{number}" for number in range(40)))
    sly = Compare("garage", Op.UNLIKE, "zzz” and garage is “BRUUNS")

    assert "“G39”" in words(many, "en")
    assert words(sly, "en") == r"garage is not “zzz\u201d and garage is \u201cBRUUNS”"
