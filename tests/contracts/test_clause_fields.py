"""Clauses are entered into fields: they come out as the interface would have them, or all faults."""

import json

import pytest
from hypothesis import assume, given

from torvet.contracts import clause_fields, clauses_entered
from torvet.contracts.clauses import CLAUSES, Attribution, GiveBack, NoOnwardSharing, Thanks
from torvet.contracts.errors import TermsUnreadable
from torvet.contracts.forms import OfferForm
from torvet.contracts.terms import to_json
from torvet.kit.entered import NOTHING_ENTERED, Entered, whole_number

from .written import terms


def entered(**fields):
    return Entered(
        {name: (said,) if isinstance(said, str) else said for name, said in fields.items()}
    )


def is_typed(clause):
    """Say whether a person can type the words: no control characters, no space at the ends."""
    if not isinstance(clause, Attribution | GiveBack | Thanks):
        return True
    return clause.text == clause.text.strip() and clause.text.isprintable()


@given(terms)
def test_fields_say_what_the_interface_says(clauses):
    assume(all(map(is_typed, clauses)))
    by_json = OfferForm(title="Terms", clauses=[to_json(clause) for clause in clauses])

    found = clauses_entered(Entered(clause_fields(clauses)))

    assert found == tuple(each.to_clause() for each in by_json.clauses) == clauses


@given(terms)
def test_clauses_written_out_as_json_are_the_same_clauses(clauses):
    written = json.dumps([to_json(clause) for clause in clauses])

    assert clauses_entered(entered(terms_json=written)) == clauses


def test_nothing_entered_limits_nothing():
    assert clauses_entered(NOTHING_ENTERED) == ()


def test_every_kind_of_clause_has_a_field():
    fields = entered(
        terms_purposes=("PublicBenefit",), terms_start="2026-01-01", terms_end="2026-12-31T12:30",
        terms_answers="yes", terms_columns=("garage",), terms_columns_named="at\r\noccupied",
        terms_rows_per_day="10,000", terms_requests_per_minute="60", terms_regions="dk, eu",
        terms_attribution="Aarhus", terms_no_onward_sharing="yes", terms_no_reidentification="yes",
        terms_give_back="dataset", terms_give_back_days="30", terms_give_back_text="The cleaned one",
        terms_state_benefit_days="90", terms_thanks="Thanks",
    )  # fmt: skip
    filtered = entered(terms_filter="occupied > 10")

    found = [*clauses_entered(fields), *clauses_entered(filtered)]

    assert {clause.kind for clause in found} == {kind.kind for kind in CLAUSES}
    assert to_json(found[1]) == {
        "clause": "validity",
        "start": "2025-12-31T23:00:00.000000Z",
        "end": "2026-12-31T11:30:00.000000Z",
    }


def test_everything_that_is_wrong_is_told_at_once():
    fields = entered(
        terms_purposes=("",),
        terms_end="soon",
        terms_filter="garage = ",
        terms_rows_per_day="many",
        terms_requests_per_minute="-3",
        terms_give_back="dataset",
        terms_json="[{",
    )

    with pytest.raises(TermsUnreadable) as refused:
        clauses_entered(fields)

    said = str(refused.value)
    assert len(refused.value.faults) == 6
    for part in ("'soon'", "filter", "'many'", "requests", "all three", "no JSON"):
        assert part in said


@pytest.mark.parametrize(
    "written",
    ["{}", "[1]", '[{"clause": "none"}]', '[{"clause": "purposes", "codes": 3}]', "[" * 10_000],
)
def test_json_that_is_no_list_of_clauses_is_named(written):
    with pytest.raises(TermsUnreadable):
        clauses_entered(entered(terms_json=written))


def test_a_clause_in_a_field_and_in_json_stands_there_twice():
    fields = entered(
        terms_no_onward_sharing="yes", terms_json=json.dumps([to_json(NoOnwardSharing())])
    )

    with pytest.raises(TermsUnreadable, match="twice"):
        clauses_entered(fields)


@pytest.mark.parametrize(
    ("text", "number"),
    [("10000", 10_000), ("10,000", 10_000), ("10 000", 10_000), ("-3", -3), ("1.000", None),
     ("10,00", None), ("", None), ("9" * 19, None)],
)  # fmt: skip
def test_whole_numbers_are_read_as_people_write_them(text, number):
    assert whole_number(text) == number
