"""What is due is paid out once; what comes back is owed again."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import event, text

from billing.payments.conftest import BUYER, CLUB, OPERATOR, SELLER, THE_OPERATOR, caller_for, kr
from torvet.audit import facts_about
from torvet.backends.bank_transfer import BankByFiles
from torvet.billing import HOUSE, AccountKind, Posting, check_books, debit, escrow, post
from torvet.billing import credit as book_credit
from torvet.billing.invoices import Kind, credit, invoices_of, sales_of
from torvet.billing.payments import faults_of_payments, lines_of, refund
from torvet.billing.payments.errors import NotOverpaid
from torvet.billing.payouts import (
    LineKind,
    NoOwnAccount,
    PayoutNotFound,
    PayoutSettled,
    Stage,
    cancel,
    due,
    kept_file,
    pay_out,
    payout_of,
    payouts_of,
)
from torvet.billing.payouts.service import waiting_sales
from torvet.parties import NotAllowed


def of(parts, party):
    with parts.db.begin() as tx:
        return payouts_of(tx, caller_for(party))


def due_to(parts, party):
    with parts.db.begin() as tx:
        return [one for one in due(tx, 100) if one.party == party]


def sale(market, amount=100_000, **of_sale):
    """Sell and be paid; return the seller, and the invoice."""
    seller = of_sale.pop("seller", None) or market.square.party(SELLER)
    invoice = market.sold(amount, seller=seller, **of_sale)
    market.paid(invoice)
    return seller, invoice


def test_what_a_buyer_has_paid_is_paid_out_less_the_fee(parts, market):
    seller, _ = sale(market)

    run, document = market.pay_out()

    (payout,) = (one for one in run.payouts if one.party == seller)
    assert (payout.amount, payout.stage) == (kr(120_000), Stage.FILED)
    assert payout.transfer.encode() in document
    assert market.balance("payable", seller) == 0

    market.bank.takes(document)
    market.read()

    (paid,) = of(parts, seller)
    assert paid.stage is Stage.PAID
    with parts.db.begin() as tx:
        names = [fact.name for fact in facts_about(tx, payout.id)]
        assert list(faults_of_payments(tx)) == []
    assert names == ["payout-paid", "payout-filed", "payout-ordered"]
    assert check_books(parts).ok


def test_a_second_run_pays_nothing(market):
    seller, _ = sale(market)

    first, _ = market.pay_out()
    second, _ = market.pay_out()

    assert seller in {one.party for one in first.payouts}
    assert second.payouts == ()
    assert second.file is None


def test_what_is_not_paid_by_the_buyer_is_not_paid_out(parts, market):
    seller = market.square.party(SELLER)
    market.sold(100_000, seller=seller)

    market.pay_out()

    (one,) = due_to(parts, seller)
    assert (one.payable, one.held, one.why) == (kr(0), kr(120_000), "its sales are not paid yet")
    assert of(parts, seller) == []


def test_what_is_disputed_waits(parts, market):
    seller, invoice = sale(market)
    with parts.db.begin() as tx:
        (sold,) = sales_of(tx, invoice.id)
        escrow.stop_payouts(tx, invoice.id, sold.contract, cause="dp_1", at=parts.clock.now())

    market.pay_out()
    assert of(parts, seller) == []

    with parts.db.begin() as tx:
        escrow.lift_stops(tx, "dp_1", at=parts.clock.now())
    market.pay_out()
    assert [one.amount for one in of(parts, seller)] == [kr(120_000)]


def test_a_dispute_about_one_contract_stops_no_other_on_the_same_invoice(parts, market):
    seller, invoice = sale(market)
    with parts.db.begin() as tx:
        escrow.stop_payouts(tx, invoice.id, "ct_another", cause="dp_2", at=parts.clock.now())

    market.pay_out()

    assert [one.amount for one in of(parts, seller)] == [kr(120_000)]


def test_a_credit_note_is_taken_off_and_one_that_comes_late_off_the_next_payout(parts, market):
    seller, invoice = sale(market)
    give_back(parts, invoice, kr(40_000), key="early")

    market.pay_out()
    assert [one.amount for one in of(parts, seller)] == [kr(72_000)]

    give_back(parts, invoice, kr(10_000), key="late")
    (owes,) = due_to(parts, seller)
    assert (owes.payable, owes.why) == (kr(-12_000), "it has had more than is due")
    sale(market, seller=seller)
    market.pay_out()
    assert sorted(one.amount.minor for one in of(parts, seller)) == [72_000, 108_000]
    assert check_books(parts).ok


def give_back(parts, invoice, net, *, key):
    with parts.db.begin() as tx:
        credit(
            tx,
            invoice.id,
            part=net,
            reason="As agreed",
            key=f"{key}:{invoice.id}",
            at=parts.clock.now(),
            by="x",
        )


def test_a_transfer_that_comes_back_is_owed_again_and_waits_for_another_account(parts, market):
    seller, _ = sale(market)
    _, document = market.pay_out()
    market.bank.takes(document)
    market.read()
    (payout,) = of(parts, seller)

    market.bank.sends_back(payout.transfer, payout.amount)
    market.read()

    (back,) = of(parts, seller)
    assert (back.stage, back.why) == (Stage.RETURNED, "Returned: AC04")
    assert market.balance("payable", seller) == -120_000
    run, _ = market.pay_out()
    assert seller not in {one.party for one in run.payouts}
    assert "another account" in due_to(parts, seller)[0].why

    other = "DK9520000123456789"
    market.square.details(replace(SELLER, party=seller, iban=other))
    run, _ = market.pay_out()
    assert [one.to.iban for one in run.payouts if one.party == seller] == [other]
    with parts.db.begin() as tx:
        assert list(faults_of_payments(tx)) == []
    assert check_books(parts).ok


def test_a_return_that_is_told_before_its_transfer_is_understood(parts, market):
    seller, _ = sale(market)
    market.pay_out()
    (payout,) = of(parts, seller)

    market.bank.sends_back(payout.transfer, payout.amount)
    market.read()
    assert of(parts, seller)[0].stage is Stage.RETURNED
    market.bank._move(-payout.amount, transfer=payout.transfer)
    market.read()

    assert market.balance("payable", seller) == -120_000
    with parts.db.begin() as tx:
        assert list(faults_of_payments(tx)) == []


def test_a_transfer_that_is_made_twice_waits_for_a_person(parts, market):
    seller, _ = sale(market)
    market.pay_out()
    (payout,) = of(parts, seller)
    for _ in range(2):
        market.bank._move(-payout.amount, transfer=payout.transfer)

    done = market.read()

    assert (done.booked, done.waiting) == (1, 1)
    with parts.db.begin() as tx:
        assert any(payout.id in line.why for line in lines_of(tx, THE_OPERATOR))
    market.bank.comes_in(payout.amount, words="sorry, twice")


def test_what_the_bank_refuses_is_cancelled_and_owed_again(parts, market):
    seller, _ = sale(market)
    market.pay_out()
    (payout,) = of(parts, seller)

    with pytest.raises(NotAllowed):
        cancel(parts, caller_for(seller), payout.id, "please")
    cancel(parts, THE_OPERATOR, payout.id, "the bank refused the file")

    assert market.balance("payable", seller) == -120_000
    with pytest.raises(PayoutSettled):
        cancel(parts, THE_OPERATOR, payout.id, "again")
    with pytest.raises(PayoutNotFound):
        cancel(parts, THE_OPERATOR, "po_none", "again")
    market.pay_out()
    assert [one.stage for one in of(parts, seller)] == [Stage.FILED, Stage.CANCELLED]


def test_little_and_nowhere_to_pay_wait_with_the_reason(parts, market):
    little, _ = sale(market, 1_000)
    club, _ = sale(market, seller=market.square.party(CLUB))

    run, _ = market.pay_out()

    why = {one.party: one.why for one in run.waiting}
    assert why[little] == "it is below the smallest payout, 100.00 DKK"
    assert why[club] == "its billing details name no account"


def test_a_party_is_told_what_is_due_to_it_without_looking_at_all_others(parts, market):
    sellers = [sale(market)[0] for _ in range(3)]
    unpaid = market.square.party(SELLER)
    market.sold(10_000, seller=unpaid)

    def asked(**whose):
        questions = []
        with parts.db.connect() as tx:
            event.listen(tx, "before_cursor_execute", lambda *it: questions.append(it[2]))
            found = due(tx, 100, **whose)
        return found, questions

    every, of_all = asked()
    for party in (*sellers, unpaid):
        alone, of_one = asked(party=party)
        assert alone == [one for one in every if one.party == party] != []
        assert len(of_one) <= len(of_all)
    assert len(of_all) < 8


def test_today_is_the_day_of_the_bank_also_after_its_midnight(parts, market):
    sale(market)
    parts.clock.set(datetime(2026, 7, 20, 22, 30, tzinfo=UTC))

    run = pay_out(parts, THE_OPERATOR, pay_on=date(2026, 7, 20))

    assert b"<Dt>2026-07-21</Dt>" in market.document(run.file)
    with parts.db.begin() as tx:
        assert kept_file(tx, THE_OPERATOR, run.file).pay_on == date(2026, 7, 21)


def test_a_danish_account_is_paid_by_its_iban(market):
    seller = market.square.party(
        replace(SELLER, iban="", registration="0040", account="0440116243")
    )
    sale(market, seller=seller)

    run, _ = market.pay_out()

    (payout,) = (one for one in run.payouts if one.party == seller)
    assert payout.to.iban == "DK5000400440116243"


def test_without_an_account_of_its_own_the_exchange_pays_nothing(parts, market):
    seller, _ = sale(market)
    market.square.details(replace(OPERATOR, iban="", bic="", registration="", account=""))

    with pytest.raises(NoOwnAccount):
        market.pay_out()

    market.square.details(OPERATOR)
    assert of(parts, seller) == []
    run, _ = market.pay_out()
    assert seller in {one.party for one in run.payouts}


def test_what_escrow_gives_back_goes_with_the_next_file(parts, market):
    party = market.square.party(replace(BUYER, iban="DK5000400440116243"))
    held = market.prepaid(party, "ct_held")
    market.bank.comes_in(kr(50_000), held.reference)
    market.read()
    with parts.db.begin() as tx:
        escrow.give_back_all(
            tx, held.id, key="back", words="Not used", at=parts.clock.now(), by="x"
        )

    _, document = market.pay_out()
    market.bank.takes(document)
    market.read()

    (payout,) = of(parts, party)
    assert (payout.amount, payout.stage) == (kr(50_000), Stage.PAID)
    market.bank.sends_back(payout.transfer, payout.amount)
    market.read()
    # It is not held for anything any more, and owed.
    assert (market.balance("escrow", party), market.balance("payable", party)) == (0, -50_000)
    with parts.db.begin() as tx:
        assert list(faults_of_payments(tx)) == []
        assert list(escrow.faults_of_holds(tx)) == []


def test_what_was_paid_too_much_goes_back_once(parts, market):
    buyer = market.square.party(replace(BUYER, iban="DK5000400440116243"))
    _, invoice = sale(market, buyer=buyer)
    with pytest.raises(NotOverpaid):
        refund(parts, THE_OPERATOR, invoice.number, amount=None, reason="please")
    give_back(parts, invoice, kr(40_000), key="half")

    made = refund(parts, THE_OPERATOR, invoice.number, amount=None, reason="credited")

    assert made.amount == kr(50_000)
    assert market.invoice(invoice.id).owed == kr(0)
    with pytest.raises(NotOverpaid):
        refund(parts, THE_OPERATOR, invoice.number, amount=kr(1), reason="again")
    market.pay_out()
    cancel(parts, THE_OPERATOR, made.id, "the account is closed")
    assert market.invoice(invoice.id).owed == kr(-50_000)
    assert market.balance("receivable", buyer) == -50_000
    assert check_books(parts).ok


def test_a_file_is_left_for_the_bank_once(parts, market, tmp_path):
    connected = replace(market, parts=replace(parts, bank=folder(tmp_path)))
    sale(market)
    run, document = connected.pay_out()
    left = tmp_path / "out" / f"{run.file}.xml"
    assert left.read_bytes() == document

    left.unlink()  # the bank took it
    connected.pay_out()

    assert not left.exists()


def folder(path):
    return BankByFiles(path)


def lines(parts, payout, by=THE_OPERATOR):
    with parts.db.begin() as tx:
        return payout_of(tx, by, payout.id)[1]


def newest(parts, party):
    return of(parts, party)[0]


def test_a_payout_names_the_self_billed_documents_that_it_pays(parts, market):
    seller, first = sale(market)
    _, second = sale(market, 50_000, seller=seller)
    waits = market.sold(30_000, seller=seller)

    market.pay_out()

    told = lines(parts, newest(parts, seller), caller_for(seller))
    assert [(one.kind, one.invoice, one.amount) for one in told] == [
        (LineKind.SALE, first.id, kr(120_000)),
        (LineKind.SALE, second.id, kr(60_000)),
    ]
    numbers = {one.document for one in told}
    with parts.db.begin() as tx:
        mine = invoices_of(tx, caller_for(seller), kinds=[Kind.SELF_BILLED_INVOICE])
        (still,) = waiting_sales(tx, caller_for(seller))
    assert len(numbers) == 2
    assert numbers < {one.number for one in mine}
    assert (still.amount, still.why) == (kr(36_000), "its buyer has not paid all of it")

    market.paid(waits)
    market.pay_out()
    assert [one.invoice for one in lines(parts, newest(parts, seller))] == [waits.id]


def test_what_is_credited_after_it_was_paid_out_is_taken_off_the_next_payout_by_name(parts, market):
    seller, invoice = sale(market)
    market.pay_out()
    give_back(parts, invoice, kr(10_000), key="late")
    _, other = sale(market, seller=seller)

    market.pay_out()

    told = lines(parts, newest(parts, seller))
    assert sorted(one.amount.minor for one in told) == [-12_000, 120_000]
    assert {one.kind for one in told} == {LineKind.SALE}
    assert other.id in {one.invoice for one in told}
    assert all(one.document for one in told)


def test_what_is_disputed_after_it_was_paid_out_is_taken_off_and_comes_back(parts, market):
    seller, invoice = sale(market)
    market.pay_out()
    with parts.db.begin() as tx:
        (sold,) = sales_of(tx, invoice.id)
        escrow.stop_payouts(tx, invoice.id, sold.contract, cause="dp_9", at=parts.clock.now())
        (waits,) = waiting_sales(tx, caller_for(seller))
    assert waits.why == "it is disputed"
    sale(market, 200_000, seller=seller)

    market.pay_out()
    assert [one.amount for one in lines(parts, newest(parts, seller))] == [
        kr(-120_000),
        kr(240_000),
    ]

    with parts.db.begin() as tx:
        escrow.lift_stops(tx, "dp_9", at=parts.clock.now())
    market.pay_out()
    (back,) = lines(parts, newest(parts, seller))
    assert (back.invoice, back.amount) == (invoice.id, kr(120_000))


def test_what_came_back_is_in_the_next_payout_again(parts, market):
    seller, invoice = sale(market)
    market.pay_out()
    cancel(parts, THE_OPERATOR, newest(parts, seller).id, "the bank refused the file")

    market.pay_out()

    (line,) = lines(parts, newest(parts, seller))
    assert (line.invoice, line.amount) == (invoice.id, kr(120_000))
    assert check_books(parts).ok


def test_what_else_is_owed_is_a_line_of_its_own(parts, market):
    party = market.square.party(SELLER)
    with parts.db.begin() as tx:
        moved = (debit(AccountKind.BANK, HOUSE, kr(7_000)), credit_to(party, kr(7_000)))
        posting = Posting(key=f"t:{party}", kind="payout-back", words="Back", lines=moved)
        post(tx, posting, at=parts.clock.now(), by="x")
    sale(market, seller=party)

    market.pay_out()

    told = lines(parts, newest(parts, party))
    assert [(one.kind, one.amount) for one in told] == [
        (LineKind.SALE, kr(120_000)),
        (LineKind.OTHER, kr(7_000)),
    ]


def credit_to(party, amount):
    return book_credit(AccountKind.PAYABLE, party, amount)


def test_a_payout_is_told_to_its_party_and_the_operator_alone(parts, market):
    seller, _ = sale(market)
    market.pay_out()

    with parts.db.begin() as tx, pytest.raises(PayoutNotFound):
        payout_of(tx, caller_for(market.square.party(SELLER)), newest(parts, seller).id)


def test_a_payout_that_is_not_what_its_lines_make_is_found(parts, market):
    seller, _ = sale(market)
    market.pay_out()
    payout = newest(parts, seller).id
    change = text("update payout_lines set amount = amount + :more where payout = :payout")
    with parts.db.begin() as tx:
        tx.execute(change, {"more": 1, "payout": payout})

    said = check_books(parts).faults

    with parts.db.begin() as tx:
        tx.execute(change, {"more": -1, "payout": payout})
    assert f"payout {payout} is not what its lines make" in said
