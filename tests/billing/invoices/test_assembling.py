"""Laws of what charges become: nothing is lost or made on the way to documents and postings."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from torvet.billing.charging import Cause
from torvet.billing.invoices.assembling import assemble
from torvet.billing.invoices.crediting import left_of
from torvet.billing.invoices.drafts import Book
from torvet.billing.invoices.issued import Sale
from torvet.billing.invoices.issuing import document_of, lines_of
from torvet.billing.invoices.lines import Charged
from torvet.billing.invoices.numbering import Series, out_of_order
from torvet.billing.model import HOUSE, Posting
from torvet.billing.rulebook import Fee, rules_on
from torvet.billing.rules import faults_of as posting_faults
from torvet.contracts import Contract, Order, Stage
from torvet.contracts.prices.text import from_text
from torvet.kit.money import Currency, Money
from torvet.parties import PartyKind

from .conftest import BUYER, CITIZEN, CITY, CLUB, OPERATOR, SELLER, SWEDISH

DAY = date(2026, 7, 1)
AT = datetime(2026, 6, 12, 10, tzinfo=UTC)
SELLERS = {"pt_1": SELLER, "pt_2": CLUB}
BUYERS = {
    "pt_3": BUYER,
    "pt_4": CITY,
    "pt_5": SWEDISH,
    "pt_6": CITIZEN,
    "pt_7": replace(BUYER, street=""),
}
PROFILES = {party: replace(it, party=party) for party, it in (SELLERS | BUYERS).items()}


def contract(number, provider, consumer, currency, order):
    return Contract(
        id=f"ct_{number}",
        offer="of_1",
        dataset="ds_1",
        provider=provider,
        consumer=consumer,
        purpose="",
        note="",
        clauses=(),
        stage=Stage.AGREED,
        share=f"s{number}",
        tariff=from_text(f"1 {currency} per row").cases[0].tariff,
        order=Order(purchase_order=order),
        requested_at=AT,
        requested_by=None,
        agreed_at=AT,
    )


@st.composite
def months(draw):
    """Contracts of any two parties in any currency, and what they were charged."""
    sides = st.tuples(
        st.sampled_from(sorted(SELLERS)),
        st.sampled_from(sorted(BUYERS)),
        st.sampled_from(Currency),
        st.sampled_from(["", "PO-1"]),
    )
    made = [
        contract(number, *of)
        for number, of in enumerate(draw(st.lists(sides, min_size=1, max_size=8)))
    ]
    charged = [
        Charged(
            contract=one.id,
            month=date(2026, 6, 1),
            cause=cause,
            meter=meter,
            counted=draw(st.integers(1, 10**6)) if cause is Cause.USE else 0,
            amount=Money(draw(st.integers(-(10**5), 10**9)), one.tariff.currency),
            first=AT,
            last=AT,
        )
        for one in made
        for cause, meter in draw(
            st.lists(
                st.sampled_from(
                    [(Cause.USE, "row"), (Cause.SUBSCRIPTION, "month"), (Cause.MOST, "month")]
                ),
                min_size=1,
                max_size=3,
                unique=True,
            )
        )
    ]
    fee = Fee(percent=Decimal(draw(st.integers(0, 10_000))) / 100, least=draw(st.integers(0, 500)))
    rules = rules_on(DAY)
    return charged, Book(
        day=DAY,
        rules=replace(rules, fees=dict.fromkeys(PartyKind, fee)),
        profiles=PROFILES | {HOUSE: OPERATOR},
        kinds=dict.fromkeys(PROFILES, PartyKind.PRIVATE) | {"pt_4": PartyKind.PUBLIC},
        contracts={one.id: one for one in made},
        titles={"ds_1": {"da": "Målinger"}},
    )


def sums(amounts):
    found = {}
    for amount in amounts:
        found[amount.currency] = found.get(amount.currency, 0) + amount.minor
    return {currency: minor for currency, minor in found.items() if minor}


@given(months())
def test_what_is_charged_is_invoiced_or_waits_to_the_last_oere(month):
    charged, book = month
    made = assemble(book, charged)

    assert sums(one.amount for one in charged) == sums(
        [draft.totals.lines for draft in made.invoices] + [one.amount for one in made.waiting]
    )
    issued = [sale.contract.id for draft in made.invoices for sale in draft.sales]
    waiting = [id_ for one in made.waiting for id_ in one.contracts]
    assert sorted(issued + waiting) == sorted(book.contracts.keys() & {c.contract for c in charged})


@given(months())
def test_a_sale_is_the_fee_and_the_share_and_documents_say_the_same(month):
    charged, book = month
    made = assemble(book, charged)

    for draft in made.invoices:
        assert (
            Money.total([sale.net for sale in draft.sales], draft.document.currency)
            == draft.totals.lines
        )
        assert all(sale.net == sale.fee + sale.share for sale in draft.sales)
    for bill in made.self_bills:
        currency = bill.document.currency
        assert Money.total([sale.share for sale in bill.sales], currency) == bill.totals.lines
        assert (
            Money.total([made.share_vat[s.contract.id] for s in bill.sales], currency)
            == bill.totals.tax
        )
    shared = [sale.share for draft in made.invoices for sale in draft.sales]
    assert sums(shared) == sums(bill.totals.lines for bill in made.self_bills)


@given(months())
def test_every_document_is_posted_in_balance_and_numbered_without_a_gap(month):
    charged, book = month
    made = assemble(book, charged)
    series = {prefix: Series(prefix=prefix) for prefix in ("F-", "A-", "K-", "AK-")}

    for draft in made.invoices:
        document = document_of(draft, book, series, "iv_1")
        sales = [sale_of(sale, made) for sale in draft.sales]
        posting = Posting(
            key="invoice:1", kind="invoice", words="w", lines=lines_of(document, sales)
        )
        assert posting_faults(posting) == ()
    assert series["F-"].issued == len(made.invoices)
    assert out_of_order("F-", [f"F-{n:06}" for n in range(1, len(made.invoices) + 1)]) == ()


def sale_of(sale, made):
    nothing = Money.zero(sale.net.currency)
    return Sale(
        invoice="iv_1",
        sale="iv_1",
        self_bill=None,
        contract=sale.contract.id,
        dataset="ds_1",
        provider=sale.contract.provider,
        consumer=sale.contract.consumer,
        net=sale.net,
        fee=sale.fee,
        share=sale.share,
        share_vat=made.share_vat.get(sale.contract.id, nothing),
    )


@given(st.integers(0, 10**12), st.decimals(0, 100, places=2), st.integers(0, 10**6))
def test_a_fee_is_never_more_than_the_sale(net, percent, least):
    fee = Fee(percent=percent, least=least).of(Money(net, Currency.DKK))

    assert 0 <= fee.minor <= net


def test_what_is_left_of_a_sale_is_the_sale_less_its_credit_notes():
    def of(invoice, minor):
        amounts = dict.fromkeys(("net", "fee", "share", "share_vat"), Money(minor, Currency.DKK))
        return Sale(
            invoice=invoice,
            sale="iv_1",
            self_bill=f"bill of {invoice}",
            contract="ct_1",
            dataset="ds_1",
            provider="pt_1",
            consumer="pt_3",
            **amounts,
        )

    (left,) = left_of([of("iv_2", -30), of("iv_1", 100)])

    assert (left.net.minor, left.self_bill) == (70, "bill of iv_1")
