"""Charges: derived twice they are derived once, and hours are together exactly the month."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.billing.charging import (
    Cause,
    ChargeKey,
    Quantity,
    Terms,
    charges,
    outstanding,
    total,
)
from torvet.billing.periods import HOUR, Month, month_of
from torvet.contracts import (
    Every,
    OneOff,
    PerUse,
    Subscription,
    Tariff,
    Tier,
    Tiering,
    Unit,
)
from torvet.kit.money import Currency, Money, UnitPrice

DKK = Currency.DKK
OCTOBER = Month(2026, 10)
LONG_AGO = datetime(2026, 1, 31, 12, tzinfo=UTC)
LATER = datetime(2027, 6, 1, tzinfo=UTC)

hours = st.integers(0, OCTOBER.hours - 1).map(lambda n: OCTOBER.start + n * HOUR)
quantities = st.builds(
    Quantity,
    unit=st.sampled_from([Unit.ROW, Unit.GB]),
    hour=hours,
    counted=st.integers(0, 10**7),
)
used = st.lists(quantities, max_size=30)
unit_prices = st.builds(UnitPrice, st.integers(1, 10**5), st.integers(0, 6), st.just(DKK))
rates = st.builds(
    PerUse,
    unit=st.just(Unit.ROW),
    per=st.sampled_from([1, 7, 1000]),
    tiers=st.tuples(
        st.builds(Tier, st.just(0), unit_prices),
        st.builds(Tier, st.integers(1, 10**7), unit_prices),
    ),
    tiering=st.sampled_from(Tiering),
    free_monthly=st.integers(0, 10**6),
)
tariffs = st.builds(
    Tariff,
    rates=st.tuples(rates, st.just(Subscription(Money(10_000, DKK), Every.MONTH))),
    at_most=st.none() | st.integers(1, 10**6).map(lambda minor: Money(minor, DKK)),
    at_least=st.none() | st.just(Money(1, DKK)),
)


def _terms(tariff, **more):
    return Terms(**{"contract": "ct_1", "tariff": tariff, "agreed_at": LONG_AGO, **more})


def _sum(found, *causes):
    return sum(charge.amount.minor for charge in found if charge.key.cause in causes)


@given(tariffs, used, st.randoms())
def test_deriving_twice_is_deriving_once_in_whatever_order_and_portions(tariff, use, chance):
    shuffled = [
        part
        for one in use
        for part in (
            Quantity(unit=one.unit, hour=one.hour, counted=one.counted // 3),
            Quantity(unit=one.unit, hour=one.hour, counted=one.counted - one.counted // 3),
        )
    ]
    chance.shuffle(shuffled)

    once = charges(_terms(tariff), use, OCTOBER, until=LATER)

    assert charges(_terms(tariff), shuffled, OCTOBER, until=LATER) == once
    assert len({charge.key for charge in once}) == len(once)
    assert outstanding(once, {charge.key: charge.amount for charge in once}) == {}


@given(rates, used)
def test_the_hours_of_a_month_are_together_exactly_the_month(rate, use):
    found = charges(_terms(Tariff(rates=(rate,))), use, OCTOBER, until=LATER)

    counted = sum(one.counted for one in use if one.unit is Unit.ROW)
    assert total(found, DKK) == Money.rounded(rate.cost(counted), DKK)
    assert sum(charge.counted for charge in found) == counted


@given(tariffs, st.lists(used, max_size=4))
def test_what_comes_late_is_charged_once_whatever_was_charged_before(tariff, portions):
    charged = {}
    so_far = []
    for portion in portions:
        so_far += portion
        derived = charges(_terms(tariff), so_far, OCTOBER, until=LATER)
        for key, over in outstanding(derived, charged).items():
            charged[key] = charged.get(key, Money.zero(DKK)) + over

    whole = charges(_terms(tariff), so_far, OCTOBER, until=LATER)

    assert Money.total(list(charged.values()), DKK) == (
        total(whole, DKK) if portions else Money.zero(DKK)
    )


@given(tariffs, used)
def test_use_costs_at_most_what_the_tariff_says(tariff, use):
    found = charges(_terms(tariff), use, OCTOBER, until=LATER)

    sum_of_use = _sum(found, Cause.USE, Cause.MOST, Cause.LEAST)
    assert tariff.at_most is None or sum_of_use <= tariff.at_most.minor
    assert tariff.at_least is None or sum_of_use >= tariff.at_least.minor


ROWS = PerUse(unit=Unit.ROW, tiers=(Tier(0, UnitPrice(1, 2, DKK)),))


def test_a_subscription_from_the_last_of_january_is_paid_in_every_month():
    terms = _terms(Tariff(rates=(Subscription(Money(500, DKK), Every.MONTH),)))

    begins = [
        charge.key.begin.isoformat()
        for n in range(4)
        for charge in charges(terms, [], Month(2026, 1).plus(n), until=LATER)
    ]

    assert begins == [
        "2026-01-31T12:00:00+00:00",
        "2026-02-27T23:00:00+00:00",
        "2026-03-30T22:00:00+00:00",
        "2026-04-29T22:00:00+00:00",
    ]


def test_a_year_is_paid_once_a_year_and_a_one_off_price_once():
    rates = (Subscription(Money(500, DKK), Every.YEAR), OneOff(Money(9, DKK)))
    months = [Month(2026, 1).plus(n) for n in range(30)]

    found = [c for m in months for c in charges(_terms(Tariff(rates=rates)), [], m, until=m.end)]

    assert [(str(month_of(c.key.begin)), c.amount.minor) for c in found] == [
        ("2026-01", 9),
        ("2026-01", 500),
        ("2027-01", 500),
        ("2028-01", 500),
    ]


def test_nothing_is_charged_for_the_trial():
    terms = _terms(
        Tariff(rates=(ROWS, OneOff(Money(9, DKK))), trial_days=30),
        agreed_at=datetime(2026, 10, 1, 9, 30, tzinfo=UTC),
    )
    last_free = datetime(2026, 10, 30, 22, tzinfo=UTC)
    use = [Quantity(unit=Unit.ROW, hour=last_free + n * HOUR, counted=5) for n in range(3)]

    found = charges(terms, use, OCTOBER, until=LATER)

    assert terms.paid_from == datetime(2026, 10, 30, 23, tzinfo=UTC)
    assert _sum(found, Cause.USE) == 10
    assert [c.key.begin for c in found if c.key.cause is Cause.ONE_OFF] == [terms.paid_from]
    ended = _terms(terms.tariff, agreed_at=terms.agreed_at, ended_at=last_free)
    assert charges(ended, [], OCTOBER, until=LATER) == ()


def test_the_least_is_charged_when_the_month_is_over_by_its_hours():
    tariff = Tariff(rates=(ROWS,), at_least=Money(7450, DKK))
    half = OCTOBER.start + 100 * HOUR

    assert charges(_terms(tariff), [], OCTOBER, until=OCTOBER.end - HOUR) == ()
    assert _sum(charges(_terms(tariff), [], OCTOBER, until=OCTOBER.end), Cause.LEAST) == 7450
    ended = _terms(tariff, ended_at=half)
    assert _sum(charges(ended, [], OCTOBER, until=OCTOBER.end), Cause.LEAST) == 1000


def test_the_hour_that_comes_twice_in_october_is_two_hours():
    first = datetime(2026, 10, 25, 0, tzinfo=UTC)
    use = [Quantity(unit=Unit.ROW, hour=first + n * HOUR, counted=1) for n in range(2)]

    found = charges(_terms(Tariff(rates=(ROWS,))), use, OCTOBER, until=LATER)

    assert [str(charge.key) for charge in found] == [
        "ct_1:use:row:2026-10-25T00Z",
        "ct_1:use:row:2026-10-25T01Z",
    ]


def test_use_below_zero_is_a_bug():
    bad = [Quantity(unit=Unit.ROW, hour=OCTOBER.start, counted=-1)]

    with pytest.raises(ValueError, match="below zero"):
        charges(_terms(Tariff(rates=(ROWS,))), bad, OCTOBER, until=LATER)


def test_what_was_charged_and_is_derived_no_more_is_taken_back():
    key = ChargeKey("ct_1", Cause.USE, "row", OCTOBER.start)

    assert outstanding([], {key: Money(5, DKK)}) == {key: Money(-5, DKK)}


def test_free_use_is_charged_nothing():
    use = [Quantity(unit=Unit.ROW, hour=OCTOBER.start + timedelta(hours=1), counted=10**9)]

    assert charges(_terms(Tariff()), use, OCTOBER, until=LATER) == ()
