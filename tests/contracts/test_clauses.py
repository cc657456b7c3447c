"""What a contract allows: laws over every set of clauses, and the words of each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from torvet.contracts import (
    Allowed,
    Answers,
    Approval,
    Attribution,
    Columns,
    Purposes,
    Refused,
    Regions,
    RequestsPerMinute,
    RowFilter,
    RowsPerDay,
    Stage,
    Validity,
    decide,
    projection_of,
    words,
)
from torvet.contracts.clauses import CLAUSES
from torvet.contracts.errors import ClauseInvalid, PurposeUnknown
from torvet.contracts.periods import day_of
from torvet.contracts.purposes import ANY, PURPOSES, is_within
from torvet.contracts.rules import objections_to_accepting
from torvet.contracts.terms import digest_of, fitted, from_json, to_json
from torvet.kit.canonical import canonical
from torvet.kit.filters import FilterInvalid, from_text, to_sql
from torvet.parties import PartyId

from .written import ASK, BO, KINDS, LEASE, NAMES, NOON, TYPES, asks, clauses, codes, terms


@given(st.lists(clauses, max_size=5), clauses, asks)
def test_a_clause_more_never_allows_more(held, extra, ask):
    # The one clause that says which of two things a contract gives is not added to the other.
    assume(not (ask.question and extra == Answers()))
    before = decide(replace(LEASE, clauses=tuple(held)), ask)
    after = decide(replace(LEASE, clauses=(*held, extra)), ask)

    assert before == Allowed() or after != Allowed()


@given(st.lists(clauses, max_size=5), asks)
def test_a_contract_gives_rows_or_answers_and_never_both(held, ask):
    contract = replace(LEASE, clauses=tuple(held))
    withheld = decide(contract, replace(ask, question=Answers() not in held))

    assert isinstance(withheld, Refused)
    assert "answers" in {objection.source for objection in withheld.objections}


@given(st.lists(clauses, max_size=6), asks)
def test_a_refusal_names_every_clause_that_objects_and_no_other(held, ask):
    verdict = decide(replace(LEASE, clauses=tuple(held)), ask)
    named = [] if verdict == Allowed() else [objection.source for objection in verdict.objections]

    objecting = [clause.kind for clause in held if clause.objection(ask) is not None]
    by_rule = [] if ask.reader == BO else ["reader"]
    by_rule += ["answers"] if ask.question and Answers() not in held else []
    assert named == by_rule + objecting


@given(
    asks, st.lists(clauses, max_size=3), st.sampled_from([s for s in Stage if s != Stage.AGREED])
)
def test_nothing_but_an_agreed_contract_allows_anything(ask, held, stage):
    verdict = decide(replace(LEASE, clauses=tuple(held), stage=stage), ask)

    assert isinstance(verdict, Refused)
    assert verdict.objections[0].source == "stage"


@given(asks, st.integers(0, 30), st.lists(clauses, max_size=4))
def test_asking_for_more_rows_is_never_allowed_where_fewer_are_not(ask, more, held):
    contract = replace(LEASE, clauses=tuple(held))
    fewer, many = decide(contract, ask), decide(contract, replace(ask, rows=ask.rows + more))

    assert fewer == Allowed() or many != Allowed()


@given(clauses)
def test_a_clause_survives_storage(clause):
    assert from_json(to_json(clause)) == clause
    assert canonical(to_json(from_json(to_json(clause)))) == canonical(to_json(clause))


@given(terms)
def test_terms_that_fit_are_left_as_they_are(offered):
    assert fitted(offered, TYPES) == offered
    assert fitted(offered[::-1], TYPES) == offered


def _digest(offered):
    return digest_of("ds_parking", "Parking", Approval.AT_ONCE, offered)


@given(terms, terms)
def test_terms_have_one_digest_and_others_have_another(one, other):
    same = _digest(one) == _digest(other)

    assert same == ([to_json(c) for c in one] == [to_json(c) for c in other])


@given(clauses)
def test_a_clause_is_said_in_both_languages(clause):
    said = clause.words()

    assert said.da.endswith(".")
    assert said.en.endswith(".")
    assert said.da != said.en


ROWS = [
    (g, o, o + 1, None) for g in ("A", "B", "C'", None) for o in (0, 3, 9, None) if o is not None
]


@pytest.fixture(scope="module")
def cells():
    """Say which (row, column) pairs of a small table a projection shows, as DuckDB runs it."""
    with duckdb.connect() as session:
        session.execute("SET TimeZone = 'UTC'")
        session.execute(
            'CREATE TABLE t (id INT, garage TEXT, occupied INT, capacity INT, "at" TIMESTAMPTZ)'
        )
        session.executemany(
            "INSERT INTO t VALUES (?, ?, ?, ?, ?)", [(n, *row) for n, row in enumerate(ROWS)]
        )

        def shown(projection):
            condition = "true" if projection.filter is None else to_sql(projection.filter)
            rows = session.execute(f"SELECT id FROM t WHERE {condition}").fetchall()
            return {(row, name) for (row,) in rows for name in NAMES if projection.shows(name)}

        yield shown


@given(st.lists(clauses, max_size=4), clauses)
def test_a_clause_more_never_shows_more(cells, held, extra):
    before = projection_of(replace(LEASE, clauses=tuple(held)))
    after = projection_of(replace(LEASE, clauses=(*held, extra)))

    assert cells(after) <= cells(before)


@given(terms, terms)
def test_projections_share_a_key_exactly_where_they_are_the_same(one, other):
    a, b = (projection_of(replace(LEASE, clauses=held)) for held in (one, other))

    assert (a.key == b.key) == (a == b)
    assert (a.key == "all") == (a.columns is None and a.filter is None)


def test_the_order_in_which_columns_are_named_makes_no_projection_of_its_own():
    a = replace(LEASE, clauses=(Columns(("garage", "at")),))
    b = replace(LEASE, clauses=(Columns(("at", "garage")),))

    assert a.projection.key == b.projection.key


def test_a_refusal_names_all_that_stands_in_the_way_in_two_languages():
    strict = replace(
        LEASE,
        stage=Stage.REVOKED,
        reason="the source was wrong",
        clauses=(
            Purposes(("AcademicResearch",)),
            Validity(None, NOON),
            Columns(("garage", "occupied")),
            RowsPerDay(1_000),
            RequestsPerMinute(2),
            Regions(("EU",)),
            Attribution("City of Aarhus"),
        ),
    )
    ask = replace(
        ASK,
        reader=PartyId("pa_carla"),
        columns=("garage", "secret"),
        rows=1_200,
        rows_today=4,
        requests_this_minute=2,
        region="US",
    )

    verdict = decide(strict, ask)

    assert verdict.reasons == (
        "the contract is revoked: the source was wrong",
        "the contract is with another party than the one that reads",
        "the purpose is “improving transport and mobility”, and only “academic research” is allowed",
        "the contract expired at 2026-06-01 14:00, before this read",
        "column secret is not shared under this contract, which shows garage, occupied",
        "1,200 rows are asked for, and of 1,000 a day 4 are used",
        "2 requests were made this minute, and 2 are allowed",
        "the reader is at home in US, and only EU is allowed",
    )
    assert verdict.objections[5].words.da == (
        "der bedes om 1.200 rækker, og af 1.000 pr. døgn er 4 brugt"
    )


def test_terms_are_said_in_plain_words():
    held = (
        Purposes(("PublicBenefit",)),
        Validity(None, datetime(2026, 12, 31, 23, tzinfo=UTC)),
        Columns(("garage", "occupied")),
        RowFilter(from_text("garage = 'BRUUNS'")),
        Attribution("City of Aarhus"),
    )

    assert words(replace(LEASE, clauses=held), "da") == [
        "Data må bruges til “samfundsnytte”.",
        "Gælder til 01.01.2027 kl. 00.00.",
        "Kun disse kolonner deles: garage, occupied.",
        "Kun rækker hvor garage er “BRUUNS” deles.",
        "Angiv kilden, hvor data vises: “City of Aarhus”.",
    ]


def test_a_source_that_is_a_sentence_keeps_its_one_full_stop():
    named = Attribution("See the dataset's page.").words()

    assert named.en == "Name the source wherever the data is shown: “See the dataset's page.”"
    assert named.da == "Angiv kilden, hvor data vises: “See the dataset's page.”"


@given(codes)
def test_a_purpose_is_within_all_that_are_broader_and_within_any(code):
    assert is_within(code, code)
    assert is_within(code, ANY)
    for broader in PURPOSES[code].broader:
        assert is_within(code, broader)
        assert not is_within(broader, code)


@given(codes, codes, codes)
def test_within_is_transitive(a, b, c):
    assert not (is_within(a, b) and is_within(b, c)) or is_within(a, c)


def test_every_broader_purpose_is_in_the_table():
    named = {broader for purpose in PURPOSES.values() for broader in purpose.broader}

    assert named <= set(PURPOSES)
    assert all(purpose.label.da and purpose.label.en for purpose in PURPOSES.values())


def test_a_narrower_purpose_satisfies_a_broader_clause_and_not_the_other_way_round():
    broad = replace(LEASE, clauses=(Purposes(("PublicBenefit",)),))

    assert decide(broad, ASK) == Allowed()
    assert decide(broad, replace(ASK, purpose=ANY)) != Allowed()


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-06-01T21:59:59+00:00", "2026-06-01"),
        ("2026-06-01T22:00:00+00:00", "2026-06-02"),
        # In winter midnight is an hour later in UTC; on 29 March the day has 23 hours.
        ("2026-03-28T22:59:59+00:00", "2026-03-28"),
        ("2026-03-28T23:00:00+00:00", "2026-03-29"),
        ("2026-03-29T21:59:59+00:00", "2026-03-29"),
        ("2026-03-29T22:00:00+00:00", "2026-03-30"),
        ("2026-10-24T22:00:00+00:00", "2026-10-25"),
        ("2026-10-25T22:59:59+00:00", "2026-10-25"),
        ("2026-10-25T23:00:00+00:00", "2026-10-26"),
    ],
)
def test_a_day_begins_at_midnight_of_the_place_summer_and_winter(at, day):
    assert day_of(datetime.fromisoformat(at)).isoformat() == day


def test_terms_are_accepted_before_they_begin_and_never_after_they_end():
    ahead = Validity(NOON + timedelta(days=1), NOON + timedelta(days=2))

    assert objections_to_accepting((ahead, RowsPerDay(1)), ASK) == ()
    late = replace(ASK, at=NOON + timedelta(days=2))
    assert [o.source for o in objections_to_accepting((ahead,), late)] == ["validity"]


@pytest.mark.parametrize(
    ("clause", "error", "says"),
    [
        (Purposes(()), ClauseInvalid, "0 codes"),
        (Purposes(("WorldPeace",)), PurposeUnknown, "WorldPeace"),
        (Regions(("Jylland",)), ClauseInvalid, "ISO 3166"),
        (Validity(), ClauseInvalid, "neither"),
        (Validity(NOON, NOON), ClauseInvalid, "ends before"),
        (Validity(datetime.fromisoformat("2026-06-01"), None), ClauseInvalid, "time zone"),
        (Columns(("secret",)), ClauseInvalid, "no column secret"),
        (Columns(()), ClauseInvalid, "names 0"),
        (RowFilter(from_text("secret = 1")), FilterInvalid, "no column 'secret'"),
        (RowsPerDay(0), ClauseInvalid, "not between"),
        (RequestsPerMinute(10**9), ClauseInvalid, "not between"),
        (Attribution(" "), ClauseInvalid, "no text"),
    ],
)
def test_a_clause_that_cannot_be_executed_is_refused_with_what_is_wrong(clause, error, says):
    with pytest.raises(error, match=says):
        fitted((clause,), TYPES)


def test_terms_say_each_thing_once():
    with pytest.raises(ClauseInvalid, match="twice"):
        fitted((RowsPerDay(1), RowsPerDay(2)), TYPES)


def test_columns_cannot_be_named_before_there_is_a_release():
    assert fitted((RowsPerDay(1),), None) == (RowsPerDay(1),)
    for clause in (Columns(("garage",)), RowFilter(from_text("garage = 'A'"))):
        with pytest.raises(ClauseInvalid, match="no release yet"):
            fitted((clause,), None)


def test_every_kind_of_clause_is_written_by_the_laws():
    assert len(KINDS) == len(CLAUSES)


def test_answers_stand_beside_no_row_filter():
    with pytest.raises(ClauseInvalid, match="row filter"):
        fitted((Answers(), RowFilter(from_text("garage = 'A'"))), TYPES)


def test_the_words_of_a_clause_leave_nothing_out():
    names = tuple(f"column_{number}" for number in range(40))

    assert Columns(names).words() != Columns((*names[:-1], "cpr")).words()
    assert "cpr" in Columns((*names, "cpr")).words().en
    codes = tuple(f"{number:02}" for number in range(40))
    assert "39" in Regions(codes).words().da
