"""What is credited and was paid goes back by itself: once, and never more than was credited."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from torvet.audit import facts_about, seal
from torvet.billing import check_books
from torvet.billing.invoices import NotCredited
from torvet.billing.payments import (
    PaysInvoices,
    decide,
    give_back,
    give_back_by_hand,
    lines_of,
    refund,
)
from torvet.billing.payments.errors import NotOverpaid
from torvet.billing.payouts import Payout, Stage, due, payouts_of
from torvet.parties import NotAllowed

from .conftest import BUYER, THE_OPERATOR, caller_for, kr

IBAN = "DK5000400440116243"


@pytest.fixture
def buyer(market):
    return market.square.party(replace(BUYER, iban=IBAN))


@pytest.fixture
def bought(market, buyer):
    """An invoice of 125 kr., paid by transfer."""
    invoice = market.sold(10_000, buyer=buyer)
    market.paid(invoice)
    return market.invoice(invoice.id)


def given(market, invoice, part, key):
    parts = market.parts
    with parts.db.begin() as tx:
        return give_back(
            tx,
            invoice.id,
            part=part,
            reason="As agreed",
            key=f"{invoice.id}:{key}",
            at=parts.clock.now(),
            by="x",
        )


def comes_in(market, invoice, amount):
    """Let a transfer come that is not what is owed; the operator says that it is for the invoice."""
    market.bank.comes_in(amount, invoice.reference)
    market.read()
    with market.parts.db.begin() as tx:
        (line,) = lines_of(tx, THE_OPERATOR)
    decide(market.parts, THE_OPERATOR, line.key, PaysInvoices(invoices=((invoice.number, None),)))


def to(market, party):
    with market.parts.db.begin() as tx:
        found = payouts_of(tx, THE_OPERATOR, every=True)
    return [one for one in found if one.party == party]


def test_what_was_paid_and_is_credited_goes_out_with_the_next_payment_file(market, buyer, bought):
    done = given(market, bought, kr(4_000), "a")

    (ordered,) = to(market, buyer)
    assert isinstance(done.sent, Payout)
    assert (ordered.amount, ordered.stage) == (kr(5_000), Stage.ORDERED)
    assert market.invoice(bought.id).owed == kr(0)
    _, document = market.pay_out()
    market.bank.takes(document)
    market.read()
    assert [one.stage for one in to(market, buyer)] == [Stage.PAID]
    seal(market.parts)
    with market.parts.db.begin() as tx:
        told = [fact.name for fact in facts_about(tx, ordered.id)]
    assert sorted(told) == ["payout-filed", "payout-ordered", "payout-paid"]
    assert check_books(market.parts).faults == ()


def test_the_same_credit_note_sends_nothing_twice(market, buyer, bought):
    first = given(market, bought, kr(4_000), "a")
    # Too much comes in besides: the same deed again must not take it for its own.
    comes_in(market, bought, kr(700))

    again = given(market, bought, kr(4_000), "a")

    assert again.note.id == first.note.id
    assert again.sent is None
    assert len(to(market, buyer)) == 1


def test_parts_go_back_until_nothing_is_left(market, buyer, bought):
    for number, part in enumerate((kr(1), kr(2_499), kr(7_500))):
        given(market, bought, part, number)
    with pytest.raises(NotCredited):
        given(market, bought, kr(1), "more")

    assert sum(one.amount.minor for one in to(market, buyer)) == 12_500
    assert market.invoice(bought.id).paid == kr(0)
    assert check_books(market.parts).faults == ()


def test_what_is_not_paid_is_credited_and_sends_nothing(market, buyer):
    invoice = market.sold(10_000, buyer=buyer)

    done = given(market, invoice, kr(4_000), "a")

    assert done.sent is None
    assert market.invoice(invoice.id).owed == kr(7_500)


def test_of_an_invoice_that_is_paid_in_part_only_what_is_too_much_goes_back(market, buyer):
    invoice = market.sold(10_000, buyer=buyer)
    comes_in(market, invoice, kr(9_000))

    given(market, invoice, kr(4_000), "a")

    assert [one.amount for one in to(market, buyer)] == [kr(1_500)]
    assert market.invoice(invoice.id).owed == kr(0)


def test_a_transfer_by_mistake_stays_for_the_operator(market, buyer, bought):
    comes_in(market, bought, kr(3_000))

    given(market, bought, kr(4_000), "a")

    assert [one.amount for one in to(market, buyer)] == [kr(5_000)]
    assert market.invoice(bought.id).owed == kr(-3_000)
    refund(market.parts, THE_OPERATOR, bought.number, amount=None, reason="a mistake")
    assert market.invoice(bought.id).owed == kr(0)


def test_a_buyer_without_an_account_is_told_why_it_waits(market):
    buyer = market.square.party(BUYER)
    invoice = market.sold(10_000, buyer=buyer)
    market.paid(invoice)
    given(market, invoice, kr(4_000), "a")
    market.pay_out()

    with market.parts.db.begin() as tx:
        (mine,) = [one for one in due(tx, 100) if one.party == buyer]
    assert (mine.payable, mine.why) == (kr(5_000), "its billing details name no account")
    market.square.details(replace(BUYER, party=buyer, iban=IBAN))
    market.pay_out()
    with market.parts.db.begin() as tx:
        assert [one for one in due(tx, 100) if one.party == buyer] == []
    assert [one.stage for one in to(market, buyer)] == [Stage.FILED]


def test_what_the_operator_takes_back_by_hand_goes_back_too(market, buyer, bought):
    with pytest.raises(NotAllowed):
        give_back_by_hand(market.parts, caller_for(buyer), bought.id, reason="mine", key="k")

    done = give_back_by_hand(market.parts, THE_OPERATOR, bought.id, reason="As agreed", key="k")

    assert done.sent is not None
    assert done.sent.amount == kr(12_500)
    assert check_books(market.parts).faults == ()


@pytest.mark.slow
def test_refunds_that_race_send_it_once(market, buyer, bought):
    def by_operator(_):
        try:
            return refund(market.parts, THE_OPERATOR, bought.number, amount=None, reason="credited")
        except NotOverpaid:
            return None

    def by_itself(number):
        return given(market, bought, kr(1_000), number % 2)

    with ThreadPoolExecutor(4) as pool:
        deeds = [
            pool.submit(deed, number) for number in range(6) for deed in (by_operator, by_itself)
        ]
        for deed in deeds:
            deed.result()

    assert sum(one.amount.minor for one in to(market, buyer)) == 2_500
    assert market.invoice(bought.id).owed == kr(0)
    assert check_books(market.parts).faults == ()
