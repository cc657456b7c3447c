"""Money that is held is held once, for one thing, and no øre of it is made or lost."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from billing.invoices.conftest import BUYER, SELLER
from torvet.billing import HOUSE, Account, AccountKind, KeyReused, accounts_of, check_books
from torvet.billing.escrow import (
    AmountNotHeld,
    HoldClosed,
    HoldNotFound,
    HoldShort,
    Move,
    Purpose,
    faults_of_holds,
    give_back,
    give_back_all,
    held_of,
    hold,
    hold_again,
    hold_named,
    open_hold,
    release,
    release_due,
    release_held,
    statement,
)
from torvet.billing.invoices import credit, invoice, open_invoices
from torvet.contracts import Order
from torvet.kit.money import Currency, Money

BO = "pt_bo"


def kr(ore):
    return Money(ore, Currency.DKK)


def opened(parts, party, subject, purpose=Purpose.PREPAID):
    with parts.db.begin() as tx:
        return open_hold(
            tx,
            party=party,
            currency=Currency.DKK,
            purpose=purpose,
            subject=subject,
            at=parts.clock.now(),
        )


@pytest.fixture
def held(parts):
    """An empty hold of Bo's, for a contract of its own."""
    return opened(parts, BO, parts.new_id("ct"))


def deed(parts, what, held, amount, **more):
    with parts.db.begin() as tx:
        return what(
            tx,
            held.id,
            kr(amount),
            **{"key": parts.new_id("k"), "words": "As agreed", **more},
            at=parts.clock.now(),
            by="x",
        )


def rest(parts, held):
    with parts.db.begin() as tx:
        return statement(tx, held.id).hold.rest.minor


def faults(parts):
    with parts.db.begin() as tx:
        return list(faults_of_holds(tx))


def balance(parts, kind, party):
    wanted = Account(kind=kind, party=party, currency=Currency.DKK)
    with parts.db.begin() as tx:
        found = [one.balance.minor for one in accounts_of(tx, party) if one.account == wanted]
    return sum(found)


def test_what_comes_in_is_held_released_and_given_back(parts, held):
    deed(parts, hold, held, 10_000)
    deed(parts, release, held, 6_000, invoice="iv_1")
    deed(parts, give_back, held, 4_000)

    with parts.db.begin() as tx:
        told = statement(tx, held.id, party=BO)
    assert [one.move for one in told.moves] == [Move.HELD, Move.RELEASED, Move.GIVEN_BACK]
    assert told.hold.rest == kr(0)
    assert faults(parts) == []


def test_the_same_line_of_the_bank_is_held_once(parts, held):
    first = deed(parts, hold, held, 500, key="bank:1")

    again = deed(parts, hold, held, 500, key="bank:1")

    assert again == first
    assert rest(parts, held) == 500
    with pytest.raises(KeyReused):
        deed(parts, hold, held, 501, key="bank:1")


def test_no_more_is_taken_than_is_held_for_this_thing(parts, held):
    other = opened(parts, BO, parts.new_id("pl"), Purpose.PLEDGE)
    deed(parts, hold, other, 10_000)
    deed(parts, hold, held, 100)

    with pytest.raises(HoldShort):
        deed(parts, release, held, 101, invoice="iv_1")
    with pytest.raises(HoldShort):
        deed(parts, give_back, held, 101)
    assert rest(parts, held) == 100


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_is_moved_by_an_amount_that_is_none(parts, held, amount):
    with pytest.raises(AmountNotHeld):
        deed(parts, hold, held, amount)


def test_one_currency_does_not_fill_the_other(parts, held):
    euro = Money(100, Currency.EUR)
    with parts.db.begin() as tx, pytest.raises(AmountNotHeld):
        hold(tx, held.id, euro, key="e", words="Euro", at=parts.clock.now(), by="x")


def test_a_settled_hold_takes_nothing_in(parts, held):
    deed(parts, hold, held, 700)
    with parts.db.begin() as tx:
        given = give_back_all(tx, held.id, key="end:1", words="Over", at=parts.clock.now(), by="x")

    assert given.amount == kr(700)
    with pytest.raises(HoldClosed):
        deed(parts, hold, held, 1)
    with parts.db.begin() as tx:
        again = give_back_all(tx, held.id, key="end:1", words="Over", at=parts.clock.now(), by="x")
    assert again == given


def test_a_hold_is_one_for_its_subject_and_named_by_its_reference(parts, held):
    assert opened(parts, BO, held.subject) == held
    with parts.db.begin() as tx:
        assert hold_named(tx, held.reference) == held
    with pytest.raises(HoldNotFound):
        opened(parts, "pt_carla", held.subject)


def test_a_stranger_sees_no_hold(parts, held):
    with parts.db.begin() as tx:
        assert held.id not in {one.id for one in held_of(tx, "pt_carla")}
        with pytest.raises(HoldNotFound):
            statement(tx, held.id, party="pt_carla")


def test_movements_are_never_changed(parts, held):
    deed(parts, hold, held, 100)

    with pytest.raises(DBAPIError, match="only ever added to"), parts.db.begin() as tx:
        tx.execute(text("update escrow_moves set amount = 1"))


def test_a_rest_that_is_not_its_moves_is_found(parts, held):
    deed(parts, hold, held, 100)
    with parts.db.begin() as tx:
        tx.execute(text("update escrow_holds set rest = 99 where id = :id"), {"id": held.id})

    said = check_books(parts).faults

    with parts.db.begin() as tx:
        tx.execute(text("update escrow_holds set rest = 100 where id = :id"), {"id": held.id})
    assert any(held.id in fault and "99 are left" in fault for fault in said)
    assert any("the books hold" in fault for fault in said)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["in", "release", "back"]), st.integers(1, 900)), max_size=12
    )
)
def test_no_sequence_makes_or_loses_money(parts, held, steps):
    before = {k: balance(parts, k, p) for k, p in ((AccountKind.BANK, HOUSE),)}
    start = rest(parts, held)
    came = gone = paid = 0
    for what, amount in steps:
        try:
            match what:
                case "in":
                    deed(parts, hold, held, amount)
                    came += amount
                case "release":
                    deed(parts, release, held, amount, invoice="iv_9")
                    paid += amount
                case "back":
                    deed(parts, give_back, held, amount)
                    gone += amount
        except HoldShort:
            continue

    assert rest(parts, held) == start + came - gone - paid
    assert balance(parts, AccountKind.BANK, HOUSE) - before[AccountKind.BANK] == came - gone
    assert faults(parts) == []


def test_a_prepaid_contract_pays_its_invoice_with_what_is_held(parts, square):
    seller, buyer = square.party(SELLER), square.party(BUYER)
    contract = square.agreed("1 DKK per row", seller, buyer, order=Order(prepaid=True))
    held = opened(parts, buyer, contract)
    deed(parts, hold, held, 20_000)
    square.use(contract, rows=100)
    square.month_over()

    assert release_due(parts) == 1
    assert release_due(parts) == 0

    (bought,) = square.bought(buyer)
    assert (bought.gross, bought.owed) == (kr(12_500), kr(0))
    assert rest(parts, held) == 7_500
    assert faults(parts) == []
    # What is credited goes back to where it came from.
    with parts.db.begin() as tx:
        credit(tx, bought.id, reason="Late", key="c1", at=parts.clock.now(), by="x", part=kr(1_000))
        assert hold_again(
            tx, bought.id, key="c1", words="Late", at=parts.clock.now(), by="x"
        ) == kr(1_250)
        assert invoice(tx, None, bought.id).owed == kr(0)
        assert hold_again(tx, bought.id, key="c1", words="x", at=parts.clock.now(), by="x") is None
    assert rest(parts, held) == 8_750
    assert check_books(parts).faults == ()


def test_an_invoice_that_is_paid_is_not_looked_at_again(parts, square):
    seller, buyer = square.party(SELLER), square.party(BUYER)
    contract = square.agreed("1 DKK per row", seller, buyer, order=Order(prepaid=True))
    deed(parts, hold, opened(parts, buyer, contract), 20_000)
    square.use(contract, rows=100)
    square.month_over()
    (bought,) = square.bought(buyer)
    looked_at = []

    def look(*it):
        looked_at.append(bought.id in str(it[3]))

    event.listen(parts.db, "before_cursor_execute", look)
    try:
        release_held(parts)
        paid_by = len(looked_at)
        assert any(looked_at)
        release_held(parts)
    finally:
        event.remove(parts.db, "before_cursor_execute", look)
    assert not any(looked_at[paid_by:])


def test_held_money_pays_only_the_part_of_its_contract(parts, square):
    seller, buyer = square.party(SELLER), square.party(BUYER)
    prepaid = square.agreed("1 DKK per row", seller, buyer, order=Order(prepaid=True))
    later = square.agreed("1 DKK per row", seller, buyer)
    held = opened(parts, buyer, prepaid)
    deed(parts, hold, held, 100_000)
    square.use(prepaid, rows=10)
    square.use(later, rows=30)
    square.month_over()

    release_due(parts)

    (bought,) = square.bought(buyer)
    assert (bought.gross, bought.paid) == (kr(5_000), kr(1_250))
    with parts.db.begin() as tx:
        assert bought.number in {one.number for one in open_invoices(tx)}
    parts.clock.advance(timedelta(days=1))
    assert release_due(parts) == 0
