"""What was metered is charged exactly once: whatever is retried, restarted or delivered late."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from torvet.audit import facts_about
from torvet.billing.charges import SheetsBilled, bill, charge_now, charged_of, totals_of, waiting
from torvet.billing.charges.rules import hour_of
from torvet.kit.money import Currency, Money

HOUR = timedelta(hours=1)
WHOLE_YEAR = datetime(2028, 1, 1, tzinfo=UTC)


def kr(minor):
    return Money(minor, Currency.DKK)


def standing(parts, contract):
    """What was charged under each key, over all portions."""
    sums = defaultdict(lambda: (0, kr(0)))
    with parts.db.begin() as tx:
        for one in charged_of(tx, contract):
            counted, amount = sums[one.key]
            sums[one.key] = (counted + one.counted, amount + one.amount)
    return {key: value for key, value in sums.items() if value[0] or value[1]}


def amounts(parts, contract):
    with parts.db.begin() as tx:
        return [(one.key.cause, one.amount.minor) for one in charged_of(tx, contract)]


def test_an_hour_is_charged_when_it_is_over_and_once(parts, clock, market):
    contract = market.agreed("2 DKK per row")
    market.use(contract, rows=3)

    market.charge()
    assert amounts(parts, contract) == []
    clock.advance(HOUR)
    market.charge()
    assert market.charge() == 0

    assert amounts(parts, contract) == [("use", 600)]
    with parts.db.begin() as tx:
        assert totals_of(tx, contract) == [(kr(600), kr(600))]


def test_use_that_comes_late_makes_a_further_portion(parts, clock, market):
    contract = market.agreed("2 DKK per row")
    noon = clock.now()
    market.use(contract, rows=3)
    clock.advance(HOUR)
    market.charge()

    market.use(contract, noon, rows=1)
    market.charge()

    with parts.db.begin() as tx:
        found = charged_of(tx, contract)
    assert [(one.portion, one.counted, one.amount.minor) for one in found] == [
        (0, 3, 600),
        (1, 1, 200),
    ]


def test_one_fact_tells_of_each_month_that_was_charged_and_none_of_nothing(parts, market, clock):
    contract = market.agreed("2 DKK per row + 100 DKK per month")
    market.use(contract, rows=3)
    clock.advance(2 * HOUR)
    market.charge()
    market.charge()

    with parts.db.begin() as tx:
        facts = [fact for fact in facts_about(tx, contract) if fact.name == "charged"]
    assert [fact.body["charges"] for fact in facts] == [2]
    assert facts[0].body["amount"] == {"minor": 10_600, "currency": "DKK"}


PRICES = st.sampled_from(
    [
        "0.0125 DKK per row",
        "3 DKK per request + 200 DKK per month",
        "12.50 DKK per 1000 rows, first 700 free",
        "1 DKK per answer + 0.5 DKK per gb + 10 days free + 7 DKK once",
    ]
)
uses = st.lists(
    st.tuples(
        st.integers(0, 24 * 70),  # hours after the contract
        st.integers(0, 24 * 40),  # hours that it takes to be told
        st.integers(0, 2_000),
        st.sampled_from(["rest", "sharing", "file", "answers"]),
    ),
    max_size=8,
)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.tuples(PRICES, st.sampled_from([{}, {"least": 900, "most": 5_000}])),
    uses,
    st.lists(st.integers(1, 24 * 20), min_size=1, max_size=6),
)
def test_whatever_order_use_is_delivered_in_the_sum_is_that_of_all_at_once(
    parts, market, priced, told, pauses
):
    clock = parts.clock
    price, bounds = priced
    began = datetime(2027, 1, 31, 9, tzinfo=UTC)
    clock.set(began)
    contract = market.agreed(price, **bounds)
    queue = sorted(told, key=lambda one: one[0] + one[1])
    for pause in [*pauses, 24 * 120]:
        clock.advance(pause * HOUR)
        while queue and began + (queue[0][0] + queue[0][1]) * HOUR <= clock.now():
            hour, _, count, channel = queue.pop(0)
            at = began + hour * HOUR
            market.use(contract, at, rows=count, bytes=count * 10**6, channel=channel)
        market.charge()
        assert market.charge() == 0

    assert not queue
    assert standing(parts, contract) == market.all_at_once(contract, hour_of(clock.now()))


def test_a_subscription_of_31_january_is_charged_on_the_last_day_of_february(parts, clock, market):
    clock.set(datetime(2027, 1, 31, 9, tzinfo=UTC))
    contract = market.agreed("100 DKK per month")
    clock.set(datetime(2027, 4, 2, tzinfo=UTC))

    market.charge()

    with parts.db.begin() as tx:
        begins = [one.key.begin for one in charged_of(tx, contract)]
    assert begins == [
        datetime(2027, 3, 30, 22, tzinfo=UTC),
        datetime(2027, 2, 27, 23, tzinfo=UTC),
        datetime(2027, 1, 31, 9, tzinfo=UTC),
    ]


def test_the_hour_that_comes_twice_in_october_is_two_hours(parts, clock, market):
    clock.set(datetime(2027, 10, 30, 9, tzinfo=UTC))
    contract = market.agreed("2 DKK per row")
    for hour in (0, 1):  # both are 2 o'clock in Copenhagen
        market.use(contract, datetime(2027, 10, 31, hour, 30, tzinfo=UTC), rows=1)
    clock.set(datetime(2027, 11, 1, tzinfo=UTC))

    market.charge()

    assert amounts(parts, contract) == [("use", 200), ("use", 200)]


def test_a_clock_that_is_set_back_takes_nothing_back(parts, clock, market):
    contract = market.agreed("100 DKK per month + 1 DKK per row")
    market.use(contract, rows=5)
    clock.advance(40 * 24 * HOUR)
    market.charge()
    before = standing(parts, contract)

    clock.advance(-39 * 24 * HOUR)
    market.use(contract, rows=1)
    market.charge()

    after = standing(parts, contract)
    assert sum(counted for counted, _ in after.values()) == 6
    assert {key: before[key] for key in before if key.meter == "month"} == {
        key: after[key] for key in after if key.meter == "month"
    }


def test_a_least_is_charged_when_the_month_is_over_and_shrinks_with_late_use(parts, clock, market):
    clock.set(datetime(2027, 1, 1, 0, tzinfo=UTC))
    contract = market.agreed("1 DKK per row", datetime(2026, 12, 31, 23, tzinfo=UTC), least=10_000)
    market.use(contract, rows=30)
    clock.set(datetime(2027, 2, 1, 1, tzinfo=UTC))
    market.charge()
    assert sorted(amounts(parts, contract)) == [("least", 7_000), ("use", 3_000)]

    market.use(contract, datetime(2027, 1, 5, tzinfo=UTC), rows=100)
    market.charge()

    with parts.db.begin() as tx:
        assert totals_of(tx, contract)[0][0] == kr(13_000)


def test_what_is_invoiced_is_not_waiting_and_is_invoiced_once(parts, clock, market):
    contract = market.agreed("2 DKK per row")
    market.use(contract, rows=3)
    clock.advance(HOUR)
    market.charge()

    with parts.db.begin() as tx:
        found = list(waiting(tx, until=clock.now(), contract=contract))
        bill(tx, [one.sheet for one in found], "2026-00001")
    with parts.db.begin() as tx:
        assert list(waiting(tx, until=clock.now(), contract=contract)) == []
        assert totals_of(tx, contract) == [(kr(600), kr(0))]
        assert charged_of(tx, contract)[0].invoice == "2026-00001"
        with pytest.raises(SheetsBilled):
            bill(tx, [one.sheet for one in found], "2026-00002")


def test_an_invoice_at_once_has_the_hour_that_is_not_over(parts, clock, market):
    contract = market.agreed("2 DKK per row")
    clock.advance(timedelta(minutes=20))
    market.use(contract, rows=3)
    market.metered()

    assert charge_now(parts, contract) == 1
    market.use(contract, rows=1)
    clock.advance(HOUR)
    market.charge()

    assert sum(minor for _, minor in amounts(parts, contract)) == 800
