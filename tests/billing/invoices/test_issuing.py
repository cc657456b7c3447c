"""A month's charges become documents, postings and facts that agree to the last øre."""

from dataclasses import replace

import pytest

from torvet.audit import facts_about
from torvet.billing import AccountKind, accounts_of, check_books
from torvet.billing.invoices import (
    NotCredited,
    Status,
    credit,
    issue_month,
    open_invoices,
    settle,
    settled_sales,
    what_waits,
)
from torvet.billing.invoices.errors import FaultCode
from torvet.billing.invoices.model import Cleared, DanishAccount, Iban, Kind, VatCategory
from torvet.billing.model import HOUSE
from torvet.contracts import Order, PerUse, Tariff, Tier, Unit
from torvet.kit.money import Currency, Money, UnitPrice
from torvet.parties import PartyKind

from .conftest import BUYER, CITIZEN, CITY, CLUB, JUNE, OPERATOR, SELLER, SWEDISH


def kr(ore):
    return Money(ore, Currency.DKK)


def eur(cent):
    return Money(cent, Currency.EUR)


TIERED = Tariff(
    rates=(
        PerUse(
            unit=Unit.ROW,
            tiers=(
                Tier(beyond=0, price=UnitPrice(2, 0, Currency.DKK)),
                Tier(beyond=10, price=UnitPrice(1, 0, Currency.DKK)),
            ),
            free_monthly=5,
        ),
    )
)


def balances(parts, party):
    with parts.db.begin() as tx:
        return {
            (one.account.kind, one.account.currency): one.balance.minor
            for one in accounts_of(tx, party)
        }


def test_a_month_becomes_an_invoice_and_a_self_billed_one(parts, square):
    seller, buyer = square.party(SELLER), square.party(BUYER)
    contract = square.agreed("2.50 DKK per row", seller, buyer)
    square.use(contract, rows=40)

    issued = square.month_over()

    (invoice,), (bill,) = issued.invoices, issued.self_bills
    assert issued.waiting == ()
    assert square.issued(invoice).net == kr(10_000)
    assert square.issued(invoice).vat == kr(2_500)
    assert square.issued(bill).net == kr(9_600)
    assert square.issued(bill).vat == kr(2_400)
    assert balances(parts, buyer) == {(AccountKind.RECEIVABLE, "DKK"): 12_500}
    assert balances(parts, seller) == {(AccountKind.PAYABLE, "DKK"): -12_000}
    assert check_books(parts).ok


def test_a_second_run_issues_nothing(square):
    seller, buyer = square.party(SELLER), square.party(BUYER)
    square.use(square.agreed("2 DKK per row", seller, buyer), rows=4)

    assert len(square.month_over().invoices) == 1
    assert square.month_over().invoices == ()


def test_the_documents_leave_facts_for_those_they_concern(parts, square):
    seller, buyer = square.party(SELLER), square.party(BUYER)
    square.use(square.agreed("2 DKK per row", seller, buyer), rows=4)
    issued = square.month_over()

    with parts.db.begin() as tx:
        (bought,) = facts_about(tx, issued.invoices[0])
        (sold,) = facts_about(tx, issued.self_bills[0])

    assert bought.parties == (buyer,)
    assert sold.parties == (seller,)
    assert bought.body["digest"] == square.issued(issued.invoices[0]).digest.hex()


def test_one_invoice_for_each_order_and_one_self_billed_document_for_each_provider(square):
    one, other = square.party(SELLER), square.party(CLUB)
    city = square.party(CITY, PartyKind.PUBLIC)
    schools = Order(purchase_order="PO-1", ean="5798005770220")
    roads = Order(purchase_order="PO-2", ean="5798005770220")
    for seller, order in ((one, schools), (other, schools), (one, roads)):
        square.use(square.agreed("2 DKK per row", seller, city, order=order), rows=10)

    issued = square.month_over()

    assert [square.document(id_).purchase_order for id_ in issued.invoices] == ["PO-1", "PO-2"]
    assert [len(square.document(id_).lines) for id_ in issued.invoices] == [2, 1]
    bills = [square.document(id_) for id_ in issued.self_bills]
    assert sorted(len(bill.lines) for bill in bills) == [1, 2]
    assert {bill.lines[0].vat.category for bill in bills} == {
        VatCategory.STANDARD,
        VatCategory.EXEMPT,
    }
    assert {type(bill.means) for bill in bills} == {Iban, Cleared}


def test_in_euro_vat_is_told_in_kroner_and_a_buyer_abroad_accounts_for_it(square):
    seller, near, far = square.party(SELLER), square.party(BUYER), square.party(SWEDISH)
    for buyer in (near, far):
        square.use(square.agreed("0.10 EUR per row", seller, buyer), rows=1_000)

    issued = square.month_over()

    documents = {square.issued(id_).party_to: square.document(id_) for id_ in issued.invoices}
    assert documents[near].vat_in_kroner == kr(18_651)
    assert "7,4604" in documents[near].note
    assert documents[far].lines[0].vat.category is VatCategory.REVERSE_CHARGE
    assert documents[far].vat_in_kroner is None
    assert isinstance(documents[near].means, Iban)


def test_kroner_are_paid_within_denmark_with_a_reference_that_checks(square):
    seller, buyer = square.party(SELLER), square.party(BUYER)
    square.use(square.agreed("2 DKK per row", seller, buyer), rows=4)

    invoice = square.issued(square.month_over().invoices[0])

    assert isinstance(square.document(invoice.id).means, DanishAccount)
    assert invoice.reference.startswith("RF")
    assert square.document(invoice.id).means.reference == invoice.reference


def test_a_citizen_buys_and_reads_the_invoice_at_the_exchange(square):
    seller, citizen = square.party(SELLER), square.party(CITIZEN, PartyKind.CITIZEN)
    square.use(square.agreed("2 DKK per row", seller, citizen), rows=4)

    document = square.document(square.month_over().invoices[0])

    assert document.buyer.name == "Åse Bæk"
    assert document.buyer.endpoint.value == OPERATOR.cvr


def test_tiers_are_told_in_the_note_and_one_price_in_the_line(square):
    seller, buyer = square.party(SELLER), square.party(BUYER)
    square.use(square.agreed("2 DKK per row", seller, buyer), rows=4)
    square.use(square.agreed(TIERED, seller, buyer), rows=20)

    plain, tiered = square.document(square.month_over().invoices[0]).lines

    assert (plain.quantity, plain.amount) == (4, kr(800))
    assert (tiered.quantity, tiered.amount) == (1, kr(2_000))
    assert "20 rækker" in tiered.note
    assert "2,00\u00a0kr. per række" in tiered.note


WAITING = {
    "a buyer without an address": (SELLER, None, FaultCode.ADDRESS_MISSING),
    "a seller without an address": (None, BUYER, FaultCode.ADDRESS_MISSING),
    "a VAT number of the wrong country": (
        SELLER,
        replace(SWEDISH, vat_number="DE123456789"),
        FaultCode.VAT_NUMBER_WRONG,
    ),
    "a buyer outside the union": (
        SELLER,
        replace(SWEDISH, country="NO", vat_number="NO123456785"),
        FaultCode.VAT_UNDECIDED,
    ),
    "a seller who is a private person": (CITIZEN, BUYER, FaultCode.CVR_MISSING),
}


@pytest.mark.parametrize(("seller", "buyer", "code"), WAITING.values(), ids=WAITING)
def test_what_cannot_be_written_waits_with_its_reasons_and_the_others_go_on(
    parts, square, seller, buyer, code
):
    good = square.agreed("2 DKK per row", square.party(SELLER), square.party(BUYER))
    bought = square.party(buyer)
    bad = square.agreed("2 DKK per row", square.party(seller), bought)
    for contract in (good, bad):
        square.use(contract, rows=4)

    issued = square.month_over()

    assert len(issued.invoices) == 1
    (waiting,) = issued.waiting
    assert (waiting.contracts, waiting.amount) == ((bad,), kr(800))
    assert code in [fault.code for fault in waiting.faults]
    with parts.db.begin() as tx:
        assert what_waits(tx, parts, party=bought) == (waiting,)
    square.details(replace(BUYER, party=bought))
    square.details(replace(SELLER, party=square.seller_of(bad)))
    assert len(issue_month(parts, JUNE).invoices) == 1


def test_a_public_body_without_its_ean_waits(square):
    city = square.party(replace(CITY, ean=""), PartyKind.PUBLIC)
    square.use(square.agreed("2 DKK per row", square.party(SELLER), city), rows=4)

    (waiting,) = square.month_over().waiting

    assert [fault.code for fault in waiting.faults] == [FaultCode.EAN_MISSING]
    square.details(replace(CITY, party=city))
    assert len(square.month_over().invoices) == 1


def test_without_the_exchanges_own_details_everything_waits(square):
    square.details(replace(OPERATOR, street="", iban="", registration="", account=""))
    seller, buyer = square.party(SELLER), square.party(BUYER)
    square.use(square.agreed("2 DKK per row", seller, buyer), rows=4)

    issued = square.month_over()

    assert issued.invoices == ()
    assert {one.party for one in issued.waiting} == {HOUSE}
    square.details(OPERATOR)
    assert len(square.month_over().invoices) == 1


def test_paid_in_part_and_then_in_full_it_is_settled(parts, square):
    seller, buyer = square.party(SELLER), square.party(BUYER)
    square.use(square.agreed("2 DKK per row", seller, buyer), rows=50)
    (id_,) = square.month_over().invoices

    with parts.db.begin() as tx:
        at = parts.clock.now()
        settle(tx, id_, kr(5_000), "lt_1", at=at)
        settle(tx, id_, kr(5_000), "lt_1", at=at)
        half = settle(tx, id_, kr(2_500), "lt_2", at=at)
        assert (half.status, half.owed) == (Status.OPEN, kr(5_000))
        assert [one.owed for one in open_invoices(tx) if one.number == half.number] == [kr(5_000)]
        assert settled_sales(tx, seller) == []
        assert settle(tx, id_, kr(5_000), "lt_3", at=at).status is Status.PAID
        (sale,) = settled_sales(tx, seller)

    assert (sale.share, sale.share_vat, sale.fee) == (kr(9_600), kr(2_400), kr(400))


def test_a_credit_note_takes_back_the_sale_the_share_and_the_fee(parts, square):
    seller, buyer = square.party(SELLER), square.party(BUYER)
    square.use(square.agreed("2 DKK per row", seller, buyer), rows=50)
    (id_,) = square.month_over().invoices

    with parts.db.begin() as tx:
        more = {"at": parts.clock.now(), "by": "x", "reason": "Tilgængelighed under det lovede"}
        note = credit(tx, id_, part=kr(1_000), key="sla:1", **more)
        assert credit(tx, id_, part=kr(1_000), key="sla:1", **more) == note
        with pytest.raises(NotCredited):
            credit(tx, id_, part=kr(9_001), key="sla:2", **more)

    assert (note.kind, note.net, note.vat) == (Kind.CREDIT_NOTE, kr(1_000), kr(250))
    assert balances(parts, buyer) == {(AccountKind.RECEIVABLE, "DKK"): 11_250}
    assert balances(parts, seller) == {(AccountKind.PAYABLE, "DKK"): -10_800}
    assert square.issued(id_).owed == kr(11_250)
    with parts.db.begin() as tx:
        rest = credit(tx, id_, key="all", at=parts.clock.now(), by="x", reason="Annulleret")
    assert rest.net == kr(9_000)
    assert square.issued(id_).status is Status.CREDITED
    assert set(balances(parts, buyer).values()) == {0}
    assert set(balances(parts, seller).values()) == {0}
    assert check_books(parts).ok
