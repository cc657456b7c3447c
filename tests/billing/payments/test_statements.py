"""A statement's lines pay what they name, to the øre; all others wait until a person decides."""

import pytest

from torvet.audit import facts_about
from torvet.billing import check_books, escrow
from torvet.billing.escrow import Purpose
from torvet.billing.invoices import Status
from torvet.billing.payments import (
    DecisionUnfit,
    Fills,
    IsApart,
    IsCost,
    LineDecided,
    LineNotFound,
    Meaning,
    PaysInvoices,
    Stage,
    decide,
    faults_of_payments,
    lines_of,
    store,
)
from torvet.billing.payments.errors import OtherAccount
from torvet.billing.payments.rules import is_account
from torvet.demo.bank import Bank
from torvet.kit.money import Currency
from torvet.parties import NotAllowed

from .conftest import THE_OPERATOR, caller_for, kr


def waiting(parts):
    with parts.db.begin() as tx:
        return lines_of(tx, THE_OPERATOR)


def faults(parts):
    with parts.db.begin() as tx:
        return list(faults_of_payments(tx))


@pytest.fixture
def fresh(parts, market):
    """Nothing waits: what another test left is set apart."""
    for line in waiting(parts):
        decide(parts, THE_OPERATOR, line.key, IsApart(reason="left by another test"))
    return market


def test_a_transfer_that_names_an_invoice_and_is_its_amount_settles_it(parts, market):
    invoice = market.sold(10_000)

    done = market.paid(invoice)

    assert (done.fresh, done.booked, done.waiting) == (1, 1, 0)
    assert market.invoice(invoice.id).status is Status.PAID
    assert market.balance("receivable", invoice.party_to) == 0
    with parts.db.begin() as tx:
        fact = facts_about(tx, invoice.id)[0]
    assert fact.name == "payment-received"
    assert fact.parties == (invoice.party_to,)
    assert check_books(parts).ok


def test_a_file_that_is_read_again_says_nothing_new(parts, market):
    invoice = market.sold(10_000)
    market.bank.comes_in(invoice.owed, invoice.reference)
    document = market.bank.statement(parts.clock.now().date())

    assert market.read(document).booked == 1
    assert market.read(document).known
    # The same lines in another file: its bytes differ, its lines do not.
    again = market.read(document.replace(b"<MsgId>", b"<MsgId>again"))
    assert (again.known, again.fresh, again.booked) == (False, 0, 0)
    assert market.invoice(invoice.id).owed == kr(0)


@pytest.mark.parametrize(("over", "why"), [(50, "0.50 DKK too much"), (-50, "0.50 DKK too little")])
def test_too_much_or_too_little_waits_for_a_person(parts, fresh, over, why):
    invoice = fresh.sold(10_000)

    fresh.paid(invoice, invoice.owed + kr(over))

    (line,) = waiting(parts)
    assert why in line.why
    assert invoice.number in line.why
    assert fresh.invoice(invoice.id).status is Status.OPEN
    assert faults(parts) == []

    decided = decide(
        parts, THE_OPERATOR, line.key, PaysInvoices(invoices=((invoice.number, None),))
    )

    assert (decided.stage, decided.meaning) == (Stage.BOOKED, Meaning.INVOICE)
    assert fresh.invoice(invoice.id).owed == kr(-over)
    assert check_books(parts).ok
    with pytest.raises(LineDecided):
        decide(parts, THE_OPERATOR, line.key, IsCost())


def test_a_second_payment_of_the_same_invoice_waits(parts, fresh):
    invoice = fresh.sold(10_000)
    fresh.bank.comes_in(invoice.owed, invoice.reference)
    fresh.bank.comes_in(invoice.owed, invoice.reference)

    done = fresh.read()

    assert (done.booked, done.waiting) == (1, 1)
    assert "names no open invoice" in waiting(parts)[0].why


def test_one_transfer_for_two_invoices_is_divided_by_a_person(parts, fresh):
    one, other = fresh.sold(10_000), fresh.sold(20_000)
    fresh.bank.comes_in(one.owed + other.owed, words=f"{one.number} and {other.number}")
    fresh.read()
    (line,) = waiting(parts)
    assert "names 2 open invoices" in line.why

    decide(
        parts,
        THE_OPERATOR,
        line.key,
        PaysInvoices(invoices=((one.number, one.owed), (other.number, None))),
    )

    assert fresh.invoice(one.id).status is fresh.invoice(other.id).status is Status.PAID


def test_the_same_amount_without_a_name_is_not_guessed(parts, fresh):
    invoice = fresh.sold(31_415)

    fresh.bank.comes_in(invoice.owed, words="Thank you")
    fresh.read()

    (line,) = waiting(parts)
    assert invoice.number in line.why
    assert fresh.invoice(invoice.id).status is Status.OPEN


def test_money_for_a_hold_is_held(parts, market):
    party = market.square.party()
    held = market.prepaid(party, "ct_prepaid")

    market.bank.comes_in(kr(70_000), held.reference)
    market.read()

    assert market.balance("escrow", party) == -70_000
    with parts.db.begin() as tx:
        assert escrow.held(tx, Purpose.PREPAID, "ct_prepaid").rest == kr(70_000)
        assert list(escrow.faults_of_holds(tx)) == []


def test_a_person_says_what_to_hold_what_it_cost_and_what_is_none_of_ours(parts, fresh):
    party = fresh.square.party()
    with parts.db.begin() as tx:
        held = escrow.open_hold(
            tx,
            party=party,
            currency=Currency.DKK,
            purpose=Purpose.PLEDGE,
            subject="pl_1",
            at=parts.clock.now(),
        )
    fee = fresh.balance("fee")
    fresh.bank.comes_in(kr(500), words="my pledge")
    fresh.bank.goes_out(kr(75), words="Gebyr")
    fresh.bank.goes_out(kr(1_000), words="Rent of the office")
    fresh.read()
    by_amount = {line.amount.minor: line.key for line in waiting(parts)}

    decide(parts, THE_OPERATOR, by_amount[500], Fills(hold=held.id))
    decide(parts, THE_OPERATOR, by_amount[-75], IsCost())
    apart = decide(parts, THE_OPERATOR, by_amount[-1_000], IsApart(reason="the city pays it"))

    assert fresh.balance("escrow", party) == -500
    assert fresh.balance("fee") == fee + 75
    assert (apart.stage, apart.transaction) == (Stage.APART, None)
    assert faults(parts) == []
    assert check_books(parts).ok


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda _i, _b: PaysInvoices(invoices=()), "one at least"),
        (lambda i, _b: PaysInvoices(invoices=((i.number, None),) * 2), "named once"),
        (lambda i, _b: PaysInvoices(invoices=((i.number, kr(1)),)), "not together"),
        (lambda i, _b: PaysInvoices(invoices=((i.number, kr(0)),)), "no part of"),
        (lambda _i, bill: PaysInvoices(invoices=((bill, None),)), "no invoice that a buyer pays"),
        (lambda _i, _b: IsApart(reason=" "), "a reason"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(parts, fresh, make, fault):
    invoice = fresh.sold(10_000)
    (sale,) = fresh.square.sales(invoice=invoice.id)
    fresh.bank.comes_in(kr(7_777), words="hello")
    fresh.read()
    (line,) = waiting(parts)

    with pytest.raises(DecisionUnfit, match=fault):
        decide(parts, THE_OPERATOR, line.key, make(invoice, sale.self_bill))

    assert waiting(parts) == [line]


def test_a_statement_of_another_account_is_not_taken(parts, market):
    other = Bank(iban="DE89370400440532013000")
    other.comes_in(kr(500))

    with pytest.raises(OtherAccount):
        market.read(other.statement(parts.clock.now().date()))


OWN = "DK9100400440116243"


@pytest.mark.parametrize(
    ("said", "own"),
    [
        (OWN, True),
        ("dk91 0040 0440 1162 43", True),
        ("00400440116243", True),
        ("0040 0440116243", True),
        ("400440116243", True),
        ("0040440116243", True),
        ("0440116243", False),
        ("440116243", False),
        ("43", False),
        ("", False),
        ("0", False),
        ("00410440116243", False),
        ("004004401162430", False),
        ("SE9100400440116243", False),
        ("٠٠٤٠٠٤٤٠١١٦٢٤٣", False),
    ],
)
def test_an_account_is_told_whole_or_it_is_another(said, own):
    assert is_account(said, OWN) is own
    assert not is_account(said, "")


def test_outside_denmark_only_the_iban_is_the_account():
    assert is_account("DE89370400440532013000", "DE89370400440532013000")
    assert not is_account("370400440532013000", "DE89370400440532013000")


def test_only_the_operator_reads_and_decides(parts, market):
    buyer = caller_for(market.square.party())

    with pytest.raises(NotAllowed):
        decide(parts, buyer, "x", IsCost())
    with parts.db.begin() as tx, pytest.raises(NotAllowed):
        lines_of(tx, buyer)
    with pytest.raises(LineNotFound):
        decide(parts, THE_OPERATOR, "12345678", IsCost())


def test_a_statement_of_many_years_is_looked_up_in_one_question(parts):
    with parts.db.begin() as tx:
        assert store.seen(tx, {f"{number:064x}" for number in range(70_000)}) == set()
