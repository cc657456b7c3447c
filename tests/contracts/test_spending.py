"""A spending cap counts what charges count, and stops the next read, never one in its middle."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.audit import Fact
from torvet.billing.charging import Cause, Quantity, Terms, charges
from torvet.billing.periods import HOUR, Month
from torvet.contracts import (
    Order,
    PerUse,
    ReadRefused,
    Tariff,
    Tier,
    Tiering,
    Unit,
    Used,
    admit,
    contract,
    release,
    spend,
)
from torvet.contracts import holds as held_rows
from torvet.contracts.capping import spending_of
from torvet.contracts.spending import Spending, cost, counted_since, dearest, objection
from torvet.exchange import open_parts
from torvet.kit.money import Currency, Money, UnitPrice

DKK = Currency.DKK
LONG_AGO = datetime(2026, 1, 31, 12, tzinfo=UTC)
MARCH = Month(2026, 3)  # its clock changes: 743 hours

counts = st.integers(0, 10**6)
used = st.builds(Used, rows=counts, bytes=counts, requests=counts, answers=counts)
unit_prices = st.builds(UnitPrice, st.integers(1, 10**5), st.integers(0, 6), st.just(DKK))
rates = st.builds(
    PerUse,
    unit=st.sampled_from(Unit),
    per=st.sampled_from([1, 7, 1000]),
    tiers=st.tuples(
        st.builds(Tier, st.just(0), unit_prices),
        st.builds(Tier, st.integers(1, 10**6), unit_prices),
    ),
    tiering=st.sampled_from(Tiering),
    free_monthly=st.integers(0, 10**5),
)
tariffs = st.builds(
    Tariff,
    rates=st.lists(rates, min_size=1, max_size=3, unique_by=lambda rate: rate.unit).map(tuple),
    trial_days=st.sampled_from([0, 0, 10, 40]),
    at_most=st.none() | st.integers(1, 10**6).map(lambda minor: Money(minor, DKK)),
)
hours = st.integers(0, MARCH.hours - 1).map(lambda n: MARCH.start + n * HOUR)


@given(tariffs, st.lists(st.tuples(hours, used), max_size=10))
def test_what_is_spent_is_what_is_charged(tariff, reads):
    terms = Terms(contract="ct_1", tariff=tariff, agreed_at=LONG_AGO)
    quantities = [
        Quantity(unit=unit, hour=hour, counted=use.of(unit)) for hour, use in reads for unit in Unit
    ]
    charged = charges(terms, quantities, MARCH, until=MARCH.end)

    spent = Used()
    for hour, use in reads:
        if counted_since(tariff, LONG_AGO, hour) is not None:
            spent += use

    costs = {Cause.USE, Cause.MOST}
    assert cost(tariff, spent).minor == sum(
        one.amount.minor for one in charged if one.key.cause in costs
    )


@given(tariffs, used, used, st.data())
def test_whatever_part_of_a_read_that_was_let_through_is_used_stays_within_the_cap(
    tariff, before, wanted, data
):
    cap = Money(data.draw(st.integers(1, 10**7)), DKK)
    spending = Spending(since=MARCH.start, used=before)
    used_of_it = Used(
        rows=data.draw(st.integers(0, wanted.rows)),
        bytes=data.draw(st.integers(0, wanted.bytes)),
        requests=data.draw(st.integers(0, wanted.requests)),
        answers=data.draw(st.integers(0, wanted.answers)),
    )

    if objection(tariff, Order(cap=cap), spending, wanted) is None:
        # What was above the cap before, since it was lowered, may stay and grow no dearer.
        assert cost(tariff, before + used_of_it) <= max(cap, dearest(tariff, before, before))


@given(tariffs, used, used)
def test_the_dearest_of_a_range_is_no_less_than_anything_in_it(tariff, low, more):
    half = Used(
        rows=more.rows // 2,
        bytes=more.bytes // 2,
        requests=more.requests // 2,
        answers=more.answers // 2,
    )
    most = dearest(tariff, low, low + more)

    assert max(cost(tariff, low), cost(tariff, low + half), cost(tariff, low + more)) <= most


def usage(contract_id, parts, rows):
    return Fact(
        name="usage",
        at=parts.clock.now(),
        actor="tk_1",
        subject=contract_id,
        parties=(),
        body={"contract": contract_id, "rows": rows},
    )


def read(parts, caller, contract_id, rows, delivered=None):
    """Read `rows` under a contract, of which `delivered` were delivered."""
    admission = admit(parts, contract_id, caller=caller, columns=None, rows=rows, channel="rest")
    delivered = rows if delivered is None else delivered
    with parts.db.begin() as tx:
        use = Used(rows=delivered, requests=1)
        spend(tx, admission.contract, use, usage(contract_id, parts, delivered), admission.hold)


@pytest.fixture
def capped(alma, bo):
    def agreed(cap="10 DKK", price="1 DKK per row", *clauses):
        offer = alma.offer(*clauses, price=price)
        return bo.accept(offer, seen=offer["digest"], cap=cap)["id"]

    return agreed


def test_the_read_beyond_the_cap_is_refused_in_both_languages(parts, bo, capped, facts):
    contract_id = capped()
    read(parts, bo.caller, contract_id, 9)

    with pytest.raises(ReadRefused) as refused:
        read(parts, bo.caller, contract_id, 2)

    (said,), (sagt,) = refused.value.reasons, refused.value.reasons_da
    assert refused.value.clauses == ("spending-cap",)
    for words in ("DKK\u00a011.00", "DKK\u00a010.00", "DKK\u00a09.00", "2026-07-01 00:00"):
        assert words in said
    assert "torvet contract cap" in said
    assert "9,00\u00a0kr. er brugt" in sagt
    assert facts(contract_id)[-1]["body"]["clauses"] == ["spending-cap"]
    read(parts, bo.caller, contract_id, 1)


def test_all_that_stands_in_the_way_is_named_together(parts, bo, capped):
    contract_id = capped("10 DKK", "1 DKK per row", {"clause": "rows-per-day", "rows": 5})

    with pytest.raises(ReadRefused) as refused:
        read(parts, bo.caller, contract_id, 11)

    assert refused.value.clauses == ("rows-per-day", "spending-cap")


def test_what_was_not_delivered_can_be_read_again(parts, bo, capped):
    contract_id = capped()
    read(parts, bo.caller, contract_id, 10, delivered=4)
    admission = admit(parts, contract_id, caller=bo.caller, columns=None, rows=6, channel="rest")
    release(parts, admission.hold)

    read(parts, bo.caller, contract_id, 6)

    found = bo.get(f"/api/contracts/{contract_id}/spending")
    assert (found["spent"]["minor"], found["left"]["minor"], found["percent"]) == (1000, 0, 100)
    assert not any(found["held"].values())


def test_the_next_month_begins_with_nothing_spent(parts, bo, capped, clock):
    contract_id, caller = capped(), bo.caller
    read(parts, caller, contract_id, 10)
    midnight = datetime(2026, 6, 30, 22, tzinfo=UTC)  # in Copenhagen
    clock.set(midnight)

    read(parts, caller, contract_id, 10)

    found = spending_of(parts, caller, contract_id)
    assert (found.start, found.spent) == (midnight, Money(1000, DKK))


def test_a_read_at_work_across_midnight_counts_in_the_month_in_which_it_ends(
    parts, bo, capped, clock
):
    contract_id, caller = capped(), bo.caller
    clock.set(datetime(2026, 6, 30, 21, 59, tzinfo=UTC))
    at_work = admit(parts, contract_id, caller=caller, columns=None, rows=8, channel="rest")
    clock.set(datetime(2026, 6, 30, 22, 1, tzinfo=UTC))

    with pytest.raises(ReadRefused, match="other reads are at work"):
        read(parts, caller, contract_id, 3)
    with parts.db.begin() as tx:
        spend(tx, at_work.contract, Used(rows=8), usage(contract_id, parts, 8), at_work.hold)

    assert spending_of(parts, caller, contract_id).spent == Money(800, DKK)


def test_a_trial_costs_nothing_and_counts_nothing(parts, bo, capped, clock):
    contract_id = capped("10 DKK", "1 DKK per row + 7 days free")
    read(parts, bo.caller, contract_id, 1_000)
    clock.advance(timedelta(days=8))

    read(parts, bo.caller, contract_id, 10)

    assert bo.get(f"/api/contracts/{contract_id}/spending")["spent"]["minor"] == 1000


def test_at_80_percent_both_are_warned_once(parts, bo, capped, facts):
    contract_id = capped()
    for _ in range(9):
        read(parts, bo.caller, contract_id, 1)

    warned = [fact for fact in facts(contract_id) if fact["name"] == "cap-near"]
    assert [fact["body"]["spent"]["minor"] for fact in warned] == [800]
    assert bo.get(f"/api/contracts/{contract_id}/spending")["near"] is True
    assert "90 % of the spending cap" in bo.client.get(f"/contracts/{contract_id}").text


def test_the_consumer_raises_lowers_and_removes_its_cap(parts, alma, bo, capped, facts):
    contract_id = capped()
    path = f"/api/contracts/{contract_id}/cap"
    read(parts, bo.caller, contract_id, 10)
    with pytest.raises(ReadRefused):
        read(parts, bo.caller, contract_id, 1)

    assert bo.send("PUT", path, {"cap": "20 DKK"})["left"]["minor"] == 1000
    read(parts, bo.caller, contract_id, 1)
    bo.send("PUT", path, {"cap": {"minor": 500, "currency": "DKK"}})
    with pytest.raises(ReadRefused):
        read(parts, bo.caller, contract_id, 1)
    assert bo.send("PUT", path, {"cap": None})["cap"] is None
    read(parts, bo.caller, contract_id, 100)

    changes = [fact["body"] for fact in facts(contract_id) if fact["name"] == "cap-changed"]
    assert [(one["before"] or {}).get("minor") for one in changes] == [1000, 2000, 500]
    assert alma.send("PUT", path, {"cap": "5 DKK"}, 403)["code"] == "other-side"
    assert bo.send("PUT", path, {"cap": "5 EUR"}, 422)["code"] == "cap-invalid"
    assert bo.send("PUT", path, {"cap": "much"}, 422)["code"] == "cap-invalid"


def test_the_cap_is_set_on_the_contracts_page(bo, capped):
    contract_id = capped()

    form = {"cap": "12.50 DKK"}
    assert bo.client.post(f"/contracts/{contract_id}/cap", data=form).status_code == 200

    assert bo.get(f"/api/contracts/{contract_id}/spending")["cap"]["minor"] == 1250


@pytest.mark.parametrize("typed", ["2.000", "much", "5 EUR", "-1"])
def test_a_cap_that_cannot_be_comes_back_as_it_was_typed(bo, carla, capped, typed):
    contract_id = capped()
    path, before = f"/contracts/{contract_id}/cap", bo.get(f"/api/contracts/{contract_id}/spending")

    refused = bo.client.post(path, data={"cap": typed})

    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    assert f'value="{typed}"' in refused.text
    assert bo.get(f"/api/contracts/{contract_id}/spending") == before
    assert carla.client.post(path, data={"cap": "1"}).status_code == 404


def test_what_a_killed_process_held_is_given_back_after_a_while(parts, bo, capped, clock):
    contract_id = capped()
    admit(parts, contract_id, caller=bo.caller, columns=None, rows=10, channel="rest")
    with pytest.raises(ReadRefused):
        read(parts, bo.caller, contract_id, 1)

    clock.advance(held_rows.HOLD_LASTS + timedelta(seconds=1))
    with parts.db.begin() as tx:
        assert held_rows.release_old(tx, clock.now()) == 1

    read(parts, bo.caller, contract_id, 10)


def test_of_threads_that_race_for_the_last_of_a_cap_no_more_pass_than_it_allows(parts, bo, capped):
    contract_id, caller = capped(), bo.caller
    start = Barrier(16)

    def race(_):
        start.wait()
        try:
            read(parts, caller, contract_id, 1)
        except ReadRefused:
            return 0
        return 1

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(race, range(16))) == 10


def _race_elsewhere(settings, caller, contract_id, start, passed):
    with open_parts(settings, migrate=False) as parts:
        start.wait()
        for _ in range(6):
            try:
                read(parts, caller, contract_id, 1)
            except ReadRefused:
                continue
            passed.put(1)


@pytest.mark.slow
def test_of_processes_that_race_for_the_last_of_a_cap_no_more_pass_than_it_allows(
    settings, bo, capped
):
    contract_id = capped()
    fresh = multiprocessing.get_context("spawn")
    start, passed = fresh.Barrier(3), fresh.Queue()
    told = (settings, bo.caller, contract_id, start, passed)
    racers = [fresh.Process(target=_race_elsewhere, args=told) for _ in range(3)]
    for one in racers:
        one.start()
    for one in racers:
        one.join(60)

    assert [one.exitcode for one in racers] == [0, 0, 0]
    assert passed.qsize() == 10


def test_a_contract_without_a_cap_counts_all_the_same(parts, alma, bo):
    offer = alma.offer(price="1 DKK per row")
    contract_id = bo.accept(offer, seen=offer["digest"])["id"]
    read(parts, bo.caller, contract_id, 3)

    assert bo.send("PUT", f"/api/contracts/{contract_id}/cap", {"cap": "4 DKK"})["spent"] == {
        "minor": 300,
        "currency": "DKK",
    }
    with pytest.raises(ReadRefused):
        read(parts, bo.caller, contract_id, 2)
    with parts.db.begin() as tx:
        assert contract(tx, contract_id).order.cap == Money(400, DKK)
