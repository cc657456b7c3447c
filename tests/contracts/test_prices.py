"""Prices: what they cost, how they are said, and everything that is wrong with them."""

import json
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.contracts import (
    FREE,
    Approval,
    Case,
    Every,
    Offer,
    OfferId,
    OneOff,
    PerUse,
    Price,
    Subscription,
    Tariff,
    Tier,
    Tiering,
    Unit,
)
from torvet.contracts.errors import OdrlInvalid, PriceInvalid
from torvet.contracts.odrl.reader import read
from torvet.contracts.odrl.writer import offer_policy
from torvet.contracts.orders import is_ean
from torvet.contracts.prices import text as price_text
from torvet.contracts.prices import words as price_words
from torvet.contracts.prices.terms import from_json, tariff_from_json, tariff_json, to_json
from torvet.kit.money import Currency, Money, UnitPrice
from torvet.parties import PartyKind

from .written import ALMA, NOON, codes

DKK, EUR = Currency.DKK, Currency.EUR


def _rates(currency):
    amounts = st.integers(1, 10**11).map(lambda minor: Money(minor, currency))
    unit_prices = st.builds(UnitPrice, st.integers(1, 10**6), st.integers(0, 6), st.just(currency))
    later = st.lists(st.integers(1, 10**9), max_size=3, unique=True).map(sorted)
    tiers = later.flatmap(
        lambda starts: st.tuples(*(st.builds(Tier, st.just(n), unit_prices) for n in (0, *starts)))
    )
    use = st.builds(
        PerUse,
        unit=st.sampled_from(Unit),
        per=st.sampled_from([1, 1000, 10**6]),
        tiers=tiers,
        tiering=st.sampled_from(Tiering),
        free_monthly=st.integers(0, 10**6),
    )
    return st.tuples(
        st.none() | st.builds(OneOff, amounts),
        st.none() | st.builds(Subscription, amounts, st.sampled_from(Every)),
        use,
    ).map(lambda found: tuple(rate for rate in found if rate is not None)), amounts


def _tariffs(currency):
    rates, amounts = _rates(currency)
    return st.builds(
        Tariff, rates=rates, trial_days=st.integers(0, 366), at_most=st.none() | amounts
    )


tariffs = st.sampled_from(Currency).flatmap(_tariffs) | st.just(Tariff())
prices = st.sampled_from(Currency).flatmap(
    lambda currency: st.builds(
        Price,
        cases=st.tuples(
            st.builds(
                Case,
                purposes=st.lists(codes, min_size=1, max_size=2, unique=True).map(tuple),
                kinds=st.lists(st.sampled_from(PartyKind), max_size=2, unique=True).map(tuple),
                tariff=_tariffs(currency),
            ),
            st.builds(Case, tariff=_tariffs(currency)),
        ),
        valid_until=st.none() | st.just(datetime(2027, 1, 1, tzinfo=UTC)),
    )
)


@given(prices)
def test_a_price_is_read_back_as_it_was_written(price):
    assert from_json(to_json(price)) == price


def _policy(price):
    offer = Offer(
        id=OfferId("of_1"),
        dataset="ds_1",
        provider=ALMA,
        title="Terms",
        clauses=(),
        approval=Approval.AT_ONCE,
        audience=None,
        price=price,
        made_at=NOON,
        made_by=None,
        digest="0" * 64,
    )
    written = offer_policy(offer, uid="urn:of_1", target="urn:ds_1", assigner="urn:alma")
    return json.loads(json.dumps(written))


@given(
    prices
    | st.integers(1, 10**9).map(
        lambda minor: Price(cases=(Case(tariff=Tariff(rates=(OneOff(Money(minor, EUR)),))),))
    )
)
def test_a_price_goes_out_as_odrl_and_comes_in_the_same(price):
    assert read(_policy(price)).price == price


def _duty(*refinements, action="odrl:compensate"):
    return [{"action": [{"rdf:value": {"@id": action}, "refinement": list(refinements)}]}]


def _pays(right, unit="http://publications.europa.eu/resource/authority/currency/DKK", **more):
    said = {"leftOperand": "payAmount", "operator": "eq", "rightOperand": right}
    return {**said, **({} if unit is None else {"unit": {"@id": unit}}), **more}


@pytest.mark.parametrize("action", ["odrl:compensate", "pay"])
def test_one_amount_is_read_in_the_words_of_odrl(action):
    policy = _policy(FREE)
    policy["permission"][0]["duty"] = _duty(_pays("12.50"), action=action)

    assert read(policy).price.cases[0].tariff.rates == (OneOff(Money(1250, DKK)),)


@pytest.mark.parametrize(
    "duties",
    [
        _duty(_pays("12.50", unit=None)),
        _duty(_pays("12.50", unit="urn:beads")),
        _duty(_pays(12)),
        _duty(_pays("-1")),
        _duty(_pays("12.50", operator="lteq")),
        _duty(_pays("12.50"), _pays("13.50")),
        _duty(_pays("12.50")) * 2,
        _duty({"leftOperand": "torvet:price", "operator": "eq", "rightOperand": "{"}),
        _duty({"leftOperand": "torvet:price", "operator": "eq", "rightOperand": "[]"}),
    ],
)
def test_a_duty_to_pay_that_is_not_understood_is_refused(duties):
    policy = _policy(FREE)
    policy["permission"][0]["duty"] = duties

    with pytest.raises((OdrlInvalid, PriceInvalid)):
        read(policy)


@given(tariffs)
def test_a_tariff_is_read_back_as_it_was_written(tariff):
    assert tariff_from_json(tariff_json(tariff)) == tariff


@given(prices)
def test_every_price_can_be_said_in_both_languages(price):
    said = price_words.of_price(price)

    assert all(line.da.endswith(".") and line.en.endswith(".") for line in said)


ROWS = PerUse(unit=Unit.ROW, per=1000, tiers=(Tier(0, UnitPrice(1250, 2, DKK)),))


def test_a_price_by_use_is_said_as_people_say_it():
    rate = price_text.from_text("12.50 DKK per 1,000 rows, first 10000 free")

    said = price_words.of_price(rate)

    assert said[0].da.replace("\u00a0", " ") == (
        "12,50 kr. per 1.000 rækker; de første 10.000 om måneden er gratis."
    )
    assert said[0].en.replace("\u00a0", " ") == (
        "DKK 12.50 per 1,000 rows; the first 10,000 a month are free."
    )
    assert said[1].en == "Prices are without VAT."


def test_a_price_for_some_is_said_in_the_order_in_which_it_is_looked_at():
    price = from_json(
        {
            "cases": [
                {"kinds": ["research"], "rates": [{"rate": "free"}]},
                {"rates": [{"rate": "subscription", "amount": "500 EUR", "every": "year"}]},
            ]
        }
    )

    said = price_words.of_price(price)

    assert [line.en for line in said][:2] == [
        "For research institutions: free of charge.",
        "All others: €500.00 a year, paid in advance.",
    ]
    assert said[0].da == "Til forskningsinstitutioner: gratis."


def _tiered(tiering, free=0):
    tiers = (Tier(0, UnitPrice(10, 2, DKK)), Tier(100, UnitPrice(5, 2, DKK)))
    return PerUse(unit=Unit.REQUEST, tiers=tiers, tiering=tiering, free_monthly=free)


@pytest.mark.parametrize(
    ("rate", "counted", "minor"),
    [
        (ROWS, 500, 625),
        (ROWS, 1, Fraction(5, 4)),
        (_tiered(Tiering.GRADUATED), 100, 1000),
        (_tiered(Tiering.GRADUATED), 101, 1005),
        (_tiered(Tiering.GRADUATED, free=40), 40, 0),
        (_tiered(Tiering.GRADUATED, free=40), 101, 605),
        (_tiered(Tiering.GRADUATED, free=150), 200, 250),
        (_tiered(Tiering.VOLUME), 100, 1000),
        (_tiered(Tiering.VOLUME), 101, 505),
        (_tiered(Tiering.VOLUME, free=40), 101, 305),
        (_tiered(Tiering.VOLUME), 0, 0),
        (PerUse(unit=Unit.GB, tiers=(Tier(0, UnitPrice(2, 0, EUR)),)), 5 * 10**8, 100),
    ],
)
def test_a_month_of_use_costs(rate, counted, minor):
    assert rate.cost(counted) == minor


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 200))
def test_more_use_never_costs_less_under_graduated_tiers(one, more, free):
    rate = _tiered(Tiering.GRADUATED, free)

    assert rate.cost(one) <= rate.cost(one + more)


def test_the_first_case_that_fits_holds():
    price = from_json(
        {
            "cases": [
                {"purposes": ["ResearchAndDevelopment"], "rates": [{"rate": "free"}]},
                {"kinds": ["private"], "rates": [{"rate": "one-off", "amount": "900 DKK"}]},
            ]
        }
    )

    assert price.tariff_for("AcademicResearch", PartyKind.PRIVATE).is_free
    assert price.tariff_for("Marketing", PartyKind.PRIVATE).rates == (OneOff(Money(90000, DKK)),)
    assert price.tariff_for("Marketing", PartyKind.PUBLIC) is None


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("-5 DKK once", ["below zero"]),
        ("0 DKK once", ["say that it is free"]),
        ("5 SEK once", ["no amount of DKK or EUR"]),
        ("5 DKK per row + 1 EUR per month", ["mixes DKK and EUR"]),
        ("9000000000 DKK per row", ["more than 1000000.00 DKK for one"]),
        ("free + 5 DKK once", ["is free and has other rates"]),
        ("a lot", ["'a lot' is no price"]),
        ({"rates": [{"rate": "free"}], "valid_until": "9999-12-31T23:59:59Z"}, ["calendar"]),
        ({"rates": [{"rate": "free"}], "valid_from": "tomorrow"}, ["no instant"]),
        ({"rates": []}, ["rates, is no list"]),
        ({"cases": [{"rates": [{"rate": "free"}]}] * 2}, ["none after it is ever reached"]),
        (
            {
                "rates": [
                    {"rate": "one-off", "amount": {"minor": 10**12, "currency": "DKK"}},
                    {"rate": "per-use", "unit": "kg", "price": "1 DKK", "gift": 1},
                    {"rate": "auction"},
                ],
                "trial_days": True,
                "colour": "red",
            },
            ["more than 1000000000.00 DKK", "'kg'", "'gift'", "rate 3 says none", "'colour'"],
        ),
        (
            {
                "rates": [
                    {
                        "rate": "per-use",
                        "unit": "row",
                        "tiers": [{"beyond": 5, "price": "1 DKK"}],
                    }
                ],
                "at_least": "9 DKK",
                "at_most": "8 DKK",
            },
            ["begin at 0", "at_least above at_most"],
        ),
    ],
)
def test_everything_that_is_wrong_with_a_price_is_named_at_once(written, says):
    read = price_text.from_text if isinstance(written, str) else from_json

    with pytest.raises(PriceInvalid) as refused:
        read(written)

    assert [each for each in says if each not in str(refused.value)] == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["rates", "rate", "cases", "amount", "tiers", "price", "minor"]),
            inner | st.sampled_from(["free", "per-use", "one-off", "1 DKK"]),
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(json_values)
def test_any_json_is_a_price_or_is_refused_with_words(written):
    try:
        price = from_json(written)
    except PriceInvalid as error:
        refused = str(error)
    else:
        assert from_json(to_json(price)) == price
        return
    assert refused.endswith(".")


def test_a_price_without_a_word_is_free():
    assert price_text.from_text("free") == FREE
    assert FREE.is_free


@pytest.mark.parametrize("ean", ["5798009811578", "5790000435975"])
def test_an_ean_has_a_check_digit(ean):
    last = int(ean[-1])

    assert [d for d in range(10) if is_ean(f"{ean[:-1]}{d}")] == [last]
    assert not is_ean(ean[:-1])
