"""What is paid in is read for, and no further: the last row of it is nobody's twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st
from sqlalchemy import text

from examples import examples
from torvet.audit import Fact
from torvet.billing import check_books
from torvet.billing.escrow import HoldNotFound, Purpose, held, hold
from torvet.billing.escrow.covering import cover, cover_all
from torvet.billing.escrow.deposits import deposit_for, return_held
from torvet.billing.escrow.errors import AmountNotHeld
from torvet.billing.escrow.releasing import release_due
from torvet.billing.periods import month_of
from torvet.contracts import (
    Funds,
    ReadRefused,
    Used,
    admit,
    hold_spending,
    put_funds,
    release,
    set_aside,
    spend,
    standing,
)
from torvet.contracts.levels.model import to_json

from .conftest import DAILY, kr


@pytest.fixture
def prepaid(town):
    """A contract at a krone a row, that Bo pays before."""
    return town.promised(DAILY, price="1 DKK per row", prepaid=True)


def pay_in(town, contract, ore):
    """Let a transfer with the contract's reference come in, and have it taken note of."""
    parts = town.parts
    wanted = deposit_for(parts, town.cast.bo, contract.id)
    with parts.db.begin() as tx:
        hold(
            tx,
            wanted.id,
            kr(ore),
            key=parts.new_id("k"),
            words="By the bank",
            at=parts.clock.now(),
            by="x",
        )
    cover_all(parts)
    return wanted


def read(town, contract, rows):
    return admit(
        town.parts, contract.id, caller=town.cast.bo, columns=None, rows=rows, channel="rest"
    )


def test_nothing_is_read_before_something_is_paid(town, prepaid):
    with pytest.raises(ReadRefused, match="paid in"):
        read(town, prepaid, 1)
    cover_all(town.parts)
    with pytest.raises(ReadRefused):
        read(town, prepaid, 1)


def test_what_is_held_covers_use_with_its_vat_and_no_more(town, prepaid):
    pay_in(town, prepaid, 1_250)

    read(town, prepaid, 8)
    with pytest.raises(ReadRefused):
        read(town, prepaid, 3)
    read(town, prepaid, 2)
    pay_in(town, prepaid, 125)

    read(town, prepaid, 1)


def test_a_month_that_is_paid_leaves_the_rest_for_the_next(town, prepaid):
    pay_in(town, prepaid, 2_500)
    town.square.use(prepaid.id, rows=12, at=prepaid.agreed_at)
    town.month_over()
    release_due(town.parts)

    with town.parts.db.begin() as tx:
        covers = cover(tx, prepaid.id, at=town.parts.clock.now())
        rest = held(tx, Purpose.PREPAID, prepaid.id).rest

    assert (rest, covers) == (kr(1_000), kr(800))
    assert check_books(town.parts).faults == ()


LAST_SECONDS = {
    "a month of 31 days": datetime(2027, 1, 31, 22, 59, 59, tzinfo=UTC),
    "February": datetime(2027, 2, 28, 22, 59, 59, tzinfo=UTC),
    "the month in which summer time begins": datetime(2027, 3, 31, 21, 59, 59, tzinfo=UTC),
    "the month in which summer time ends": datetime(2027, 10, 31, 22, 59, 59, tzinfo=UTC),
    "a year": datetime(2027, 12, 31, 22, 59, 59, tzinfo=UTC),
}


@pytest.mark.parametrize("last_second", LAST_SECONDS.values(), ids=LAST_SECONDS)
def test_the_first_read_of_a_month_is_let_through_and_pays_with_what_is_left(town, last_second):
    town.parts.clock.set(last_second - timedelta(days=3))
    prepaid = town.promised(DAILY, price="1 DKK per row", prepaid=True)
    pay_in(town, prepaid, 1_250)
    town.parts.clock.set(last_second)
    use(town, prepaid, 6)

    town.parts.clock.advance(seconds=1)  # and no job has run

    # Ten rows are paid for: what was read a second ago, in the other month, is not there again.
    with pytest.raises(ReadRefused, match="paid in"):
        read(town, prepaid, 5)
    use(town, prepaid, 3)
    cover_all(town.parts)
    use(town, prepaid, 1)
    with pytest.raises(ReadRefused):
        read(town, prepaid, 1)
    town.parts.clock.advance(hours=3)
    town.square.charge()
    cover_all(town.parts)
    with pytest.raises(ReadRefused):
        read(town, prepaid, 1)


def use(town, contract, rows):
    """Read so many rows, to the end."""
    admitted = read(town, contract, rows)
    fact = usage(admitted.contract, rows=rows, at=town.parts.clock.now())
    with town.parts.db.begin() as tx:
        spend(tx, admitted.contract, Used(rows=rows, requests=1), fact, admitted.hold)


def usage(contract, *, rows, at):
    return Fact(
        name="usage",
        at=at,
        actor="tk_1",
        subject=contract.id,
        parties=(),
        body={
            "contract": contract.id,
            "dataset": contract.dataset,
            "release": 1,
            "channel": "rest",
            "rows": rows,
            "bytes": 0,
            "requests": 1,
            "format": "json",
        },
    )


def test_a_subscription_of_the_new_month_is_paid_before_its_first_read(town):
    town.parts.clock.set(datetime(2027, 5, 1, 9, tzinfo=UTC))
    price = "5 DKK per month + 1 DKK per row"
    prepaid = town.promised(DAILY, price=price, prepaid=True)
    pay_in(town, prepaid, 1_500)
    use(town, prepaid, 1)

    town.parts.clock.set(datetime(2027, 5, 31, 22, 0, 1, tzinfo=UTC))

    # Twelve kroner without VAT, less two months and a row.
    with pytest.raises(ReadRefused, match=r"allows DKK\s1\.00"):
        read(town, prepaid, 2)
    read(town, prepaid, 1)


def test_what_is_charged_and_not_invoiced_is_not_covered_again(town, prepaid):
    pay_in(town, prepaid, 2_500)
    town.square.use(prepaid.id, rows=12, at=prepaid.agreed_at)
    town.parts.clock.advance(days=31)
    town.square.charge()

    with town.parts.db.begin() as tx:
        assert cover(tx, prepaid.id, at=town.parts.clock.now()) == kr(800)
    with pytest.raises(AmountNotHeld):
        return_held(town.parts, town.cast.bo, deposit_for(*mine(town, prepaid)).id, None)


def mine(town, contract):
    return town.parts, town.cast.bo, contract.id


def test_held_money_that_nothing_was_delivered_for_goes_back_when_asked(town, prepaid):
    wanted = pay_in(town, prepaid, 900)

    given = return_held(town.parts, town.cast.bo, wanted.id, None)

    assert given.amount == kr(900)
    assert return_held(town.parts, town.cast.bo, wanted.id, None) is None
    with pytest.raises(HoldNotFound):
        return_held(town.parts, town.cast.carla, wanted.id, kr(1))


def test_what_was_read_a_moment_ago_is_not_given_back(town, prepaid):
    wanted = pay_in(town, prepaid, 1_250)
    town.square.use(prepaid.id, rows=8)

    with pytest.raises(AmountNotHeld, match="not invoiced yet"):
        return_held(town.parts, town.cast.bo, wanted.id, None)


def test_what_is_being_read_and_what_no_meter_has_seen_is_not_given_back(town, prepaid):
    wanted = pay_in(town, prepaid, 1_250)
    at_work = read(town, prepaid, 8)
    with pytest.raises(AmountNotHeld):
        return_held(town.parts, town.cast.bo, wanted.id, None)

    # Counted for the cap, and in no sealed fact that the meter reads.
    unmetered = Fact(
        name="unmetered",
        at=town.parts.clock.now(),
        actor="x",
        subject=prepaid.id,
        parties=(),
        body={},
    )
    with town.parts.db.begin() as tx:
        spend(tx, at_work.contract, Used(rows=8), unmetered, at_work.hold)
    with pytest.raises(AmountNotHeld):
        return_held(town.parts, town.cast.bo, wanted.id, kr(1))


def test_what_was_given_back_is_not_read_for(town, prepaid):
    wanted = pay_in(town, prepaid, 1_250)
    release(town.parts, read(town, prepaid, 8).hold)

    return_held(town.parts, town.cast.bo, wanted.id, None)

    with pytest.raises(ReadRefused):
        read(town, prepaid, 1)


def test_a_contract_that_is_not_prepaid_takes_no_deposit(town):
    contract = town.promised(DAILY)

    with pytest.raises(HoldNotFound):
        deposit_for(town.parts, town.cast.bo, contract.id)
    assert to_json(contract.levels)["most_percent"] == 50


def test_files_are_fetched_for_what_is_held_and_no_further(town):
    contract = town.promised(DAILY, price="10 DKK per GB", prepaid=True)

    def fetch(gigabytes):
        with town.parts.db.begin() as tx:
            held = standing(tx, contract.id, town.parts.clock.now())
        return set_aside(
            town.parts, held, bytes=gigabytes * 10**9, channel="file", actor="file-url"
        )

    with pytest.raises(ReadRefused, match="paid in"):
        fetch(1)
    pay_in(town, contract, 2_500)
    release(town.parts, fetch(1))
    with pytest.raises(ReadRefused):
        fetch(3)
    assert fetch(2) is not None


def test_a_read_that_began_before_money_was_given_back_is_judged_by_what_is_left(town, prepaid):
    pay_in(town, prepaid, 1_250)
    parts, now = town.parts, town.parts.clock.now()

    with ThreadPoolExecutor(1) as pool:
        with parts.db.begin() as tx:
            hold_spending(tx, prepaid, now)
            reading = pool.submit(read, town, prepaid, 8)
            while not waits_for_a_lock(parts):
                assert not reading.done()
            put_funds(tx, prepaid.id, Funds(since=month_of(now).start, covers=kr(0)))

        with pytest.raises(ReadRefused):
            reading.result()


def waits_for_a_lock(parts):
    with parts.db.begin() as tx:
        return tx.scalar(text("select count(*) from pg_locks where not granted")) > 0


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(1, 4)),
        st.tuples(st.just("wait"), st.sampled_from([1, 3_600, 40_000, 20 * 86_400])),
        st.tuples(st.sampled_from(["look", "charge", "invoice"]), st.just(0)),
    ),
    min_size=4,
    max_size=16,
)


@pytest.mark.slow
@tried(
    max_examples=examples(10),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows_paid=st.integers(0, 12), over=st.integers(0, 124), steps=STEPS)
def test_whenever_jobs_run_a_read_is_let_through_just_where_it_is_paid_for(
    town, rows_paid, over, steps
):
    # Never back: documents are numbered by their days. Half a day before a later month is over.
    town.parts.clock.set(month_of(town.parts.clock.now()).plus(3).end - timedelta(hours=12))
    prepaid = town.promised(DAILY, price="1 DKK per row", prepaid=True)
    if rows_paid:
        pay_in(town, prepaid, rows_paid * 125 + over)
    taken = 0
    for what, number in steps:
        match what:
            case "wait":
                town.parts.clock.advance(seconds=number)
            case "look":
                cover_all(town.parts)
            case "charge":
                town.square.charge()
            case "invoice":
                town.square.charge()
                town.square.issued_now(town.cast.bo.party)
                release_due(town.parts)
            case "read" if taken + number <= rows_paid:
                use(town, prepaid, number)
                taken += number
            case "read":
                with pytest.raises(ReadRefused):
                    read(town, prepaid, number)
