"""Questions: the same in other words is the same, and all else is refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.privacy.answers.question import Question, canonical, fitted
from torvet.privacy.answers.select import parse_select
from torvet.privacy.errors import AnswersInvalid, QuestionInvalid

from .asked import policy

SPEC = policy(
    keys={"zone": ["a", "b", "c"], "hour": {"first": 0, "last": 23}, "open": [True, False]}
)

SAME = [
    "select zone, count(*), sum(wh) from answers where hour between 7 and 9 group by zone",
    'SELECT sum("wh"), count(*) FROM answers WHERE hour >= 7 AND hour < 10 GROUP BY zone;',
    "select sum(wh), count(*) from answers where not (hour < 7 or 9 < hour) group by zone",
    "select sum(wh), count(*) from Answers where hour in (9, 8, 7, 7) and 1 = 1 group by zone",
    (
        "select sum(wh), count(*) from answers where (hour = 7 or hour = 8 or 9 = hour) and"
        " (zone = 'a' or zone <> 'a') and (open or not open) group by zone"
    ),
    "select sum(wh), count(*), count(*) from answers where hour > 6 and 10 > hour group by zone",
]

REFUSED = {
    "select max(wh) from answers": "max",
    "select count(*) as n from answers": "Alias",
    "select count(distinct zone) from answers": "Count",
    "select count(zone) from answers": "Count",
    "select sum(distinct wh) from answers": "DISTINCT",
    "select sum(wh * 2) from answers": "mul",
    "select sum(case when wh > 3 then wh end) from answers": "case",
    "select count(*) filter (where zone = 'a') from answers": "filter",
    "select count(*) over () from answers": "window",
    "select distinct count(*) from answers": "DISTINCT",
    "select count(*) from answers, answers": "JOIN",
    "select count(*) from answers a": "FROM answers",
    "select count(*) from other": "FROM answers",
    "select count(*) from x.answers": "FROM answers",
    "select count(*) from read_csv('/etc/passwd')": "FROM answers",
    "select count(*) from (select * from answers)": "FROM answers",
    "select count(*) from answers tablesample 10%": "FROM answers",
    "select count(*) from answers order by 1": "ORDER BY",
    "select count(*) from answers limit 3": "LIMIT",
    "select count(*) from answers group by zone having count(*) > 3": "HAVING",
    "select count(*) from answers group by all": "ALL",
    "select count(*) from answers group by rollup (zone)": "rollup",
    "select count(*) from answers group by lower(zone)": "lower",
    "select count(*) into t from answers": "into",
    "select count(*) from answers for update": "lock",
    "with t as (select 1) select count(*) from answers": "WITH",
    "select count(*) from answers union all select 1": "one SELECT",
    "select count(*) from answers; drop table answers": "one SELECT",
    "drop table answers": "one SELECT",
    "select * from answers": "Star",
    "select zone from answers": "not grouped",
    "select count(*) from answers where wh > 3": "no public key",
    "select count(*) from answers where meter = 'm1'": "no public key",
    "select count(*) from answers where zone like 'a%'": "like",
    "select count(*) from answers where zone is null": "is",
    "select count(*) from answers where hour % 2 = 0": "mod",
    "select count(*) from answers where hour = (select 1)": "subquery",
    "select count(*) from answers where hour < 'a'": "not compared",
    "select count(*) from answers where zone = 'a' or hour = 3": "ties",
    "select count(*) from answers where hour > 30": "no public value fits",
    "select": "FROM answers",
    "": "one SELECT",
    "select count(*) from answers where " + "(" * 300 + "true" + ")" * 300: "",
}


def test_the_same_in_other_words_is_the_same():
    assert len({canonical(parse_select(text, SPEC), SPEC) for text in SAME}) == 1


def test_a_question_in_json_is_the_same_as_in_sql():
    said = {
        "measures": [{"kind": "sum", "column": "wh"}, {"kind": "count"}],
        "where": {"hour": [9, 7, 8], "zone": ["c", "b", "a"]},
        "group_by": ["zone"],
    }
    assert canonical(Question.from_json(said), SPEC) == canonical(parse_select(SAME[0], SPEC), SPEC)


def test_a_key_with_one_value_left_is_no_other_question_when_grouped_by():
    one = parse_select("select zone, count(*) from answers where zone = 'a' group by zone", SPEC)
    other = parse_select("select count(*) from answers where zone in ('a')", SPEC)

    assert canonical(one, SPEC) == canonical(other, SPEC)
    assert fitted(one, SPEC).kept == {"zone": ("a",)}


@pytest.mark.parametrize("text", REFUSED)
def test_everything_else_is_refused_by_name(text):
    with pytest.raises(QuestionInvalid) as refused:
        parse_select(text, SPEC)

    assert REFUSED[text].lower() in str(refused.value).lower()


places = st.lists(st.sampled_from(range(24)), min_size=1, unique=True)
forms = st.builds(
    lambda hours, zones, measures, keys: {
        "measures": measures,
        "where": {"hour": hours, "zone": zones},
        "group_by": keys,
    },
    places,
    st.lists(st.sampled_from("abc"), min_size=1, unique=True),
    st.lists(
        st.sampled_from(
            [
                {"kind": "count"},
                {"kind": "mean", "column": "wh"},
                {"kind": "quantile", "column": "wh", "q": "0.5"},
                {"kind": "histogram", "column": "wh", "edges": ["0", "2.5"]},
            ]
        ),
        min_size=1,
        unique_by=str,
    ),
    st.lists(st.sampled_from(["zone", "hour"]), unique=True),
)


@given(forms, st.randoms())
def test_order_never_makes_another_question(said, chance):
    def mixed(values):
        return chance.sample(values, len(values))

    other = {
        "measures": mixed(said["measures"]),
        "where": {key: mixed(values) for key, values in said["where"].items()},
        "group_by": mixed(said["group_by"]),
    }
    one, two = Question.from_json(said), Question.from_json(other)

    assert canonical(one, SPEC) == canonical(two, SPEC)
    assert Question.from_json(one.to_json()) == one


@given(places, places)
def test_other_values_are_another_question(one, other):
    def asked(hours):
        said = {"measures": [{"kind": "count"}], "where": {"hour": hours}}
        return canonical(Question.from_json(said), SPEC)

    assert (asked(one) == asked(other)) == (set(one) == set(other))


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"measures": []}, "0 measures"),
        ({"measures": [{"kind": "max", "column": "wh"}]}, "max"),
        ({"measures": [{"kind": "count", "filter": "x"}]}, "no measure"),
        ({"measures": [{"kind": "sum", "column": "zone"}]}, "no declared bounds"),
        ({"measures": [{"kind": "quantile", "column": "wh", "q": 1}]}, "between 0 and 1"),
        ({"measures": [{"kind": "quantile", "column": "wh", "q": "NaN"}]}, "no number"),
        ({"measures": [{"kind": "histogram", "column": "wh", "edges": [5, 5]}]}, "rise"),
        ({"measures": [{"kind": "histogram", "column": "wh", "edges": [99]}]}, "up to"),
        ({"measures": [{"kind": "histogram", "column": "wh", "edges": []}]}, "0 edges"),
        ({"measures": [{"kind": "count"}], "where": {"zone": []}}, "nothing to count"),
        ({"measures": [{"kind": "count"}], "where": {"zone": ["x"]}}, "no public value"),
        ({"measures": [{"kind": "count"}], "where": {"open": [1]}}, "no public value"),
        ({"measures": [{"kind": "count"}], "where": {"meter": ["m"]}}, "no public key"),
        ({"measures": [{"kind": "count"}], "group_by": ["zone", "zone"]}, "twice"),
        ({"measures": [{"kind": "count"}], "sql": "x"}, "no object"),
        ([], "no object"),
    ],
)
def test_a_question_that_makes_no_sense_is_told_why(said, fault):
    with pytest.raises(QuestionInvalid, match=fault):
        fitted(Question.from_json(said), SPEC)


def test_a_question_of_too_many_cells_is_refused():
    spec = policy(keys={"zone": [f"z{n}" for n in range(5_000)], "hour": {"first": 0, "last": 23}})
    with pytest.raises(QuestionInvalid, match="120,000"):
        fitted(parse_select("select count(*) from answers group by zone, hour", spec), spec)


def test_a_policy_survives_storage():
    assert policy().from_json(SPEC.to_json()) == SPEC


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"unit": ""}, "unit"),
        ({"slot": []}, "slot"),
        ({"keys": {"zone": []}}, "zone"),
        ({"keys": {"zone": ["a", 1]}}, "zone"),
        ({"keys": {"zone": ["a", "a"]}}, "twice"),
        ({"bounds": {"wh": [10, 3]}}, "wh"),
        ({"bounds": {"wh": [0.5, 3]}}, "wh"),
        ({"bounds": {"wh": {"low": 0, "high": 3, "step": "NaN"}}}, "step"),
        ({"bounds": {"zone": [0, 1]}}, "no key"),
        ({"derive": {"hour": {"of": "at", "take": "minute"}}}, "derived"),
        ({"delta": 0.5}, "delta"),
        ({"micro_rho_per_consumer": None}, "micro_rho_per_consumer"),
        ({"micro_rho_per_consumer": 10**9}, "all of them together"),
        ({"refresh_days": 0}, "refresh_days"),
        ({"slots_per_unit": None}, "slots_per_unit"),
        ({"noise": "none"}, "noise"),
    ],
)
def test_a_policy_that_makes_no_sense_is_told_why(changes, fault):
    with pytest.raises(AnswersInvalid, match=fault):
        policy(**changes)


def test_everything_wrong_with_a_policy_is_told_at_once():
    with pytest.raises(AnswersInvalid) as refused:
        policy(slot=[], delta=7, bounds={"wh": [1, 1]})

    assert len(refused.value.faults) == 3
