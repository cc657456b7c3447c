"""What can be said of prices and promises as JSON can be entered into fields, and comes out alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.contracts.errors import PriceInvalid
from torvet.contracts.fields.levels import level_fields, levels_entered
from torvet.contracts.fields.prices import cases_shown, price_entered, price_fields
from torvet.contracts.forms import OfferForm
from torvet.contracts.levels.model import NO_LEVELS, LevelsInvalid
from torvet.contracts.levels.model import from_json as levels_from_json
from torvet.contracts.levels.model import to_json as levels_to_json
from torvet.contracts.model import Approval, Offer, OfferId
from torvet.contracts.offer_pages import Reading, draft_entered, offer_fields
from torvet.contracts.prices.model import FREE
from torvet.contracts.prices.terms import from_json, to_json
from torvet.contracts.service import Draft
from torvet.contracts.terms import to_json as terms_to_json
from torvet.kit.entered import NOTHING_ENTERED, Entered

from .test_clause_fields import entered, is_typed
from .test_prices import prices
from .test_service_levels import promises
from .written import ALMA, NOON, terms


@given(prices)
def test_fields_say_of_a_price_what_json_says(price):
    found = price_entered(Entered(price_fields(price)))

    assert found == from_json(to_json(price)) == price


@given(promises())
def test_fields_say_of_promises_what_json_says(promised):
    found = levels_entered(Entered(level_fields(promised)))

    assert found == levels_from_json(levels_to_json(promised)) == promised


def test_nothing_entered_is_free_and_promises_nothing():
    assert price_entered(NOTHING_ENTERED) == FREE
    assert levels_entered(NOTHING_ENTERED) == NO_LEVELS


def test_a_price_is_typed_as_people_type_it():
    found = price_entered(
        entered(
            price_currency="DKK", price_0_once="1500", price_0_subscription="500,50",
            price_0_every="year", price_0_row_price="12.50", price_0_row_per="1,000",
            price_0_row_free="10 000", price_0_row_tiers="1,000,000: 9,75\r\n\r\n5 000 000: 8",
            price_0_row_tiering="volume", price_0_gb_price="0,125 DKK", price_0_at_most="5000 dkk",
            price_0_trial_days="30", price_1_kinds=("research",), price_valid_until="2027-01-01",
        )
    )  # fmt: skip

    assert found == from_json({
        "cases": [
            {"kinds": ["research"], "rates": [{"rate": "free"}]},
            {
                "rates": [
                    {"rate": "one-off", "amount": "1500 DKK"},
                    {"rate": "subscription", "amount": "500.50 DKK", "every": "year"},
                    {"rate": "per-use", "unit": "row", "per": 1000, "free_monthly": 10_000,
                     "tiering": "volume",
                     "tiers": [{"beyond": 0, "price": "12.50 DKK"},
                               {"beyond": 1_000_000, "price": "9.75 DKK"},
                               {"beyond": 5_000_000, "price": "8 DKK"}]},
                    {"rate": "per-use", "unit": "gb", "price": "0.125 DKK"},
                ],
                "at_most": "5000 DKK", "trial_days": 30,
            },
        ],
        "valid_until": "2026-12-31T23:00:00Z",
    })  # fmt: skip


def test_a_letter_that_only_looks_like_one_of_a_currency_is_refused_as_any_other():
    with pytest.raises(PriceInvalid, match="is no amount such as"):
        price_entered(entered(price_0_row_price="2 D\u212a\u212a"))


def test_a_price_for_those_named_alone_has_none_for_others():
    found = price_entered(entered(price_only_named="yes", price_1_kinds=("public",)))

    assert [case.is_for_all for case in found.cases] == [False]


def test_all_that_is_absurd_in_a_price_is_told_at_once_by_the_names_of_the_fields():
    with pytest.raises(PriceInvalid) as refused:
        price_entered(
            entered(
                price_0_once="-5",
                price_0_subscription="1.250",
                price_0_row_price="1,250",
                price_0_row_per="0",
                price_0_gb_tiers="lots",
                price_0_at_least="9999999999999",
                price_0_trial_days="forever",
                price_1_kinds=("martian",),
                price_1_answer_price="99999999",
                price_valid_from="tomorrow",
            )
        )

    said = str(refused.value)
    assert len(refused.value.faults) == 11
    for part in (
        "the price, once, amount is -5.00 DKK, below zero",
        "the price, subscription: '1.250' is no amount",
        "the price, by row: '1,250' is no amount",
        "the price, by row, for how many, is 0",
        "'lots' is no tier",
        "the price, the least a month",
        "the price, days of trial, is 'forever'",
        "'martian'",
        "more than 1000000.00 DKK for one",
        "valid from is 'tomorrow'",
    ):
        assert part in said


@pytest.mark.parametrize(
    "fields",
    [
        {"price_only_named": "yes"},
        {"price_only_named": "yes", "price_0_once": "5", "price_1_kinds": ("public",)},
        {"price_1_once": "5", "price_0_once": "6"},
        {"price_0_once": "5 DKK", "price_0_subscription": "5 EUR"},
    ],
)
def test_a_price_that_is_nobodys_or_everybodys_twice_or_of_two_currencies_is_refused(fields):
    with pytest.raises(PriceInvalid):
        price_entered(entered(**fields))


def test_there_is_always_room_for_one_more_price():
    assert cases_shown(NOTHING_ENTERED) == 3
    assert cases_shown(entered(price_3_kinds=("public",))) == 3
    assert cases_shown(entered(**{f"price_{n}_once": "1" for n in (1, 2, 3)})) == 4
    assert cases_shown(entered(price_19_once="1")) == 19


def test_promises_are_typed_as_people_type_them():
    found = levels_entered(
        entered(
            levels_availability="99,5 %",
            levels_availability_back="99.5: 10 %\n95: 50",
            levels_availability_notice="48",
            levels_availability_hours="8",
            levels_freshness_as_stated="yes",
            levels_freshness_back="10",
            levels_most_percent="60",
        ),
        stated_hours=24,
    )

    assert levels_to_json(found) == {
        "levels": [
            {
                "level": "availability",
                "promised": "99.5",
                "back": [{"past": "99.5", "percent": 10}, {"past": "95", "percent": 50}],
                "maintenance": {"notice_hours": 48, "hours_a_month": 8},
            },
            {"level": "freshness", "promised": 24, "back": [{"past": 24, "percent": 10}]},
        ],
        "most_percent": 60,
    }


def test_all_that_is_wrong_with_promises_is_told_at_once_by_name():
    with pytest.raises(LevelsInvalid) as refused:
        levels_entered(
            entered(
                levels_availability="101",
                levels_availability_notice="1",
                levels_freshness="24",
                levels_freshness_as_stated="yes",
                levels_quality_back="5",
                levels_support="8",
                levels_support_back="soon: much",
                levels_most_percent="all",
            )
        )

    said = str(refused.value)
    for part in (
        "availability, promised, is no percentage",
        "hours a month",
        "freshness, promised",
        "quality, promised",
        "the first answer, step 1, past",
        "the first answer, step 1, percent",
        "the most that is given back",
    ):
        assert part in said


titles = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=40
).map(str.strip)
offers = st.builds(
    Offer,
    id=st.just(OfferId("of_1")),
    dataset=st.just("ds_1"),
    provider=st.just(ALMA),
    title=titles.filter(bool),
    clauses=terms.filter(lambda clauses: all(map(is_typed, clauses))),
    approval=st.sampled_from(Approval),
    audience=st.none(),
    price=st.just(FREE) | prices,
    levels=st.just(NO_LEVELS) | promises(),
    made_at=st.just(NOON),
    made_by=st.none(),
    digest=st.just(""),
)


@given(offers)
def test_the_form_of_an_offer_makes_the_offer_that_its_json_makes(offer):
    by_json = OfferForm(
        title=offer.title,
        approval=offer.approval,
        clauses=[terms_to_json(clause) for clause in offer.clauses],
        price=to_json(offer.price),
    )
    reading = Reading()

    draft = draft_entered(reading, Entered(offer_fields(offer, ())), None)

    assert reading.errors == []
    assert draft == Draft(
        title=by_json.title,
        approval=by_json.approval,
        clauses=tuple(clause.to_clause() for clause in by_json.clauses),
        price=by_json.to_price(),
        levels=offer.levels,
    )
