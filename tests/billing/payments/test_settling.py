"""Two who settle at once: nobody waits in a circle, and no held money pays what is credited."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import event, text

from torvet import contracts
from torvet.billing import check_books, escrow
from torvet.billing.escrow.covering import cover, cover_all
from torvet.billing.payments import give_back
from torvet.contracts import Order

from .conftest import BUYER, LATER, SELLER, kr

WAITED_S_MAX = 10


@pytest.fixture
def prepaid(market):
    """A hold of 300 kr., and an open invoice of 125 kr. that it is to pay."""
    square = market.square
    buyer = square.party(BUYER)
    market.parts.clock.set(datetime(2026, 6, 10, tzinfo=UTC))
    contract = square.agreed(
        "1 DKK per row", square.party(SELLER), buyer, order=Order(prepaid=True)
    )
    held = market.prepaid(buyer, contract)
    square.use(contract, rows=100)
    square.month_over()
    market.parts.clock.set(LATER)
    market.bank.comes_in(kr(30_000), held.reference)
    market.read()
    (bought,) = square.bought(buyer)
    return held, bought


def until_somebody_waits(parts):
    end = time.monotonic() + WAITED_S_MAX
    waits = text("select count(*) from pg_locks where not granted")
    while time.monotonic() < end:
        with parts.db.begin() as tx:
            if tx.scalar(waits):
                return
    raise AssertionError("nobody waits")


def rest(parts, held):
    with parts.db.begin() as tx:
        return escrow.statement(tx, held.id).hold.rest


def test_held_money_pays_nothing_that_is_being_credited(parts, market, prepaid):
    held, bought = prepaid

    with ThreadPoolExecutor(1) as pool:
        with parts.db.begin() as tx:
            now = parts.clock.now()
            give_back(tx, bought.id, reason="Late", key=bought.id, at=now, by="x")
            beside = pool.submit(escrow.release_due, parts)
            until_somebody_waits(parts)
        assert beside.result() == 0

    assert rest(parts, held) == kr(30_000)
    assert market.invoice(bought.id).owed == kr(0)
    assert check_books(parts).faults == ()


def test_a_statement_is_read_while_held_money_pays_the_invoice_that_is_on_it(
    parts, market, prepaid
):
    held, bought = prepaid
    market.bank.comes_in(kr(12_500), bought.reference)
    market.bank.comes_in(kr(5_000), held.reference)
    begun = []

    with ThreadPoolExecutor(1) as pool:

        def release_beside(*said):
            if not begun and "insert into invoice_payments" in said[2].lower():
                begun.append(pool.submit(escrow.release_due, parts))
                until_somebody_waits(parts)

        event.listen(parts.db, "after_cursor_execute", release_beside)
        try:
            done = market.read()
        finally:
            event.remove(parts.db, "after_cursor_execute", release_beside)
        assert begun[0].result() == 0

    assert (done.booked, done.waiting) == (2, 0)
    assert rest(parts, held) == kr(35_000)
    assert market.invoice(bought.id).owed == kr(0)
    assert check_books(parts).faults == ()


def test_what_is_given_back_covers_no_read_though_it_was_reckoned_with_meanwhile(parts, prepaid):
    held, _ = prepaid
    escrow.release_held(parts)

    with ThreadPoolExecutor(1) as pool:
        with parts.db.begin() as tx:
            back = {"key": held.id, "words": "Asked back", "at": parts.clock.now(), "by": "x"}
            escrow.give_back(tx, held.id, kr(17_500), **back)
            cover(tx, held.subject, at=parts.clock.now())
            beside = pool.submit(cover_all, parts)
            until_somebody_waits(parts)
        beside.result()

    with parts.db.begin() as tx:
        assert contracts.funds_of(tx, held.subject).covers == kr(0)
