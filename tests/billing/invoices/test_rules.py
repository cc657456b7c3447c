"""Totals are the charges to the øre, a credit note takes all of it back, and faults are told."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.billing.invoices.drafting import Counted, balance_of, credit_note, line_of
from torvet.billing.invoices.errors import FaultCode, InvoiceRefused, NotCredited, VatUndecided
from torvet.billing.invoices.model import Iban, Kind, PaidByCard, Period, Unit, VatCategory
from torvet.billing.invoices.rules import check, totals_of
from torvet.billing.invoices.ubl import to_ubl
from torvet.billing.invoices.vat import treatment_of
from torvet.kit.money import Currency, Money, UnitPrice, round_half_away

from .cast import (
    CITY,
    CLUB,
    IBAN,
    ISSUED,
    STARTUP,
    SWEDISH,
    UTILITY,
    VAT,
    eur,
    invoice,
    kr,
    lines_for,
)

ore = st.integers(-(10**9), 10**9)
counted = st.none() | st.builds(
    Counted,
    quantity=st.decimals(0, 10**6, places=3),
    unit=st.sampled_from(Unit),
    unit_price=st.builds(
        UnitPrice, st.integers(0, 10**6), st.integers(0, 6), st.just(Currency.DKK)
    ),
)
STANDARD = treatment_of(UTILITY, STARTUP, VAT)


@given(st.lists(st.tuples(ore, counted), min_size=1, max_size=12))
def test_totals_are_the_sum_of_the_charges_and_the_vat_on_it(charges):
    lines = tuple(line_of("Målinger", kr(minor), STANDARD, counted=of) for minor, of in charges)
    whole = sum(minor for minor, _ in charges)
    tax = round_half_away(Fraction(whole, 4))

    totals = totals_of(invoice(lines=lines))

    assert totals.lines == kr(whole)
    assert totals.tax == kr(tax)
    assert totals.payable == totals.with_tax == kr(whole + tax)


@given(st.lists(ore, min_size=1, max_size=8))
def test_a_credit_note_takes_all_of_it_back(amounts):
    made = invoice(lines=lines_for(UTILITY, STARTUP, *map(kr, amounts)))
    back = credit_note(made, number="K-1", issued_on=ISSUED)

    assert balance_of(made, [back]) == kr(0)
    with pytest.raises(NotCredited):
        credit_note(
            made,
            number="K-2",
            issued_on=ISSUED,
            lines=lines_for(UTILITY, STARTUP, kr(1)),
            earlier=[back],
        )


@given(counted.filter(bool))
def test_a_line_shows_how_much_was_used_where_that_comes_to_its_amount(of):
    amount = of.unit_price.times(of.quantity)

    assert line_of("Målinger", amount, STANDARD, counted=of).quantity == of.quantity
    assert line_of("Målinger", amount + kr(1), STANDARD, counted=of).unit is Unit.PIECE


def test_half_an_oere_of_vat_is_rounded_away_from_zero_once():
    lines = lines_for(UTILITY, STARTUP, kr(1), kr(1))

    assert totals_of(invoice(lines=lines)).tax == kr(1)
    assert totals_of(invoice(lines=lines[:1])).tax == kr(0)


def test_what_was_paid_by_card_is_owed_back_with_the_credit_note():
    paid = kr(81_906)
    made = invoice(means=PaidByCard(reference="ch_81"), prepaid=paid)
    back = credit_note(made, number="K-1", issued_on=ISSUED)

    assert check(made).payable == kr(0)
    assert balance_of(made, [back]) == -paid


def test_a_credit_note_is_not_credited():
    back = credit_note(invoice(), number="K-1", issued_on=ISSUED)

    with pytest.raises(NotCredited):
        credit_note(back, number="K-2", issued_on=ISSUED)


GOOD = invoice()
LINE = GOOD.lines[0]
NO_ADDRESS = replace(STARTUP, address=None)
FAULTY = {
    FaultCode.NUMBER_MISSING: replace(GOOD, number=" "),
    FaultCode.NAME_MISSING: replace(GOOD, buyer=replace(STARTUP, name="")),
    FaultCode.ADDRESS_MISSING: replace(GOOD, buyer=NO_ADDRESS),
    FaultCode.COUNTRY_UNKNOWN: replace(
        GOOD, buyer=replace(STARTUP, address=replace(STARTUP.address, country="Danmark"))
    ),
    FaultCode.CVR_MISSING: replace(GOOD, seller=replace(UTILITY, cvr=None)),
    FaultCode.CVR_WRONG: replace(GOOD, buyer=replace(STARTUP, cvr="123")),
    FaultCode.VAT_NUMBER_MISSING: replace(GOOD, seller=replace(UTILITY, vat_number=None)),
    FaultCode.VAT_NUMBER_WRONG: replace(GOOD, buyer=replace(STARTUP, vat_number="SE556677889901")),
    FaultCode.EAN_WRONG: replace(GOOD, buyer=replace(CITY, ean="5798005770221")),
    FaultCode.EMAIL_WRONG: replace(GOOD, buyer=replace(STARTUP, email="aase")),
    FaultCode.UNREACHABLE: replace(GOOD, buyer=replace(STARTUP, cvr=None, vat_number=None)),
    FaultCode.SAME_PARTY: replace(GOOD, buyer=UTILITY),
    FaultCode.NO_LINES: replace(GOOD, lines=()),
    FaultCode.DESCRIPTION_MISSING: replace(GOOD, lines=(replace(LINE, description=""),)),
    FaultCode.AMOUNT_WRONG: replace(GOOD, lines=(replace(LINE, amount=kr(1)),)),
    FaultCode.PRICE_NEGATIVE: replace(
        GOOD,
        lines=(
            replace(LINE, quantity=Decimal(-1), unit_price=UnitPrice(-49_900, 2, Currency.DKK)),
        ),
    ),
    FaultCode.CURRENCY_MIX: replace(GOOD, lines=(LINE, *lines_for(UTILITY, STARTUP, eur(100)))),
    FaultCode.VAT_WRONG: replace(
        GOOD, lines=(replace(LINE, vat=replace(LINE.vat, category=VatCategory.EXEMPT)),)
    ),
    FaultCode.VAT_NOT_IN_KRONER: replace(
        GOOD, currency=Currency.EUR, means=IBAN, lines=lines_for(UTILITY, STARTUP, eur(100))
    ),
    FaultCode.REFERENCE_MISSING: replace(GOOD, buyer_reference=None),
    FaultCode.PRECEDING_MISSING: replace(GOOD, kind=Kind.CREDIT_NOTE, due_on=None),
    FaultCode.DUE_DATE_MISSING: replace(GOOD, due_on=None),
    FaultCode.DATES_OUT_OF_ORDER: replace(
        GOOD, period=Period(first=date(2026, 6, 2), last=date(2026, 6, 30))
    ),
    FaultCode.MEANS_WRONG: replace(GOOD, means=Iban(iban="DK01", bic=None, reference="F-000042")),
    FaultCode.OWES_THE_BUYER: replace(GOOD, lines=lines_for(UTILITY, STARTUP, kr(-1_000))),
    FaultCode.PREPAID_TOO_MUCH: replace(GOOD, prepaid=kr(10**8)),
    FaultCode.UNPRINTABLE: replace(GOOD, contract="k\x00"),
}


@pytest.mark.parametrize(("code", "faulty"), FAULTY.items(), ids=FAULTY)
def test_what_is_wrong_is_told_before_anything_is_written(code, faulty):
    with pytest.raises(InvoiceRefused) as refused:
        to_ubl(faulty)

    assert code in {fault.code for fault in refused.value.faults}


def test_a_public_body_gets_no_invoice_without_its_ean():
    with pytest.raises(InvoiceRefused) as refused:
        to_ubl(invoice(buyer=replace(CITY, ean=None)), to_public_body=True)

    assert [fault.code for fault in refused.value.faults] == [FaultCode.EAN_MISSING]


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(InvoiceRefused) as refused:
        check(replace(GOOD, buyer=NO_ADDRESS, lines=(), due_on=None))

    assert len(refused.value.faults) == 3


@pytest.mark.parametrize(
    ("seller", "buyer", "category"),
    [
        (UTILITY, STARTUP, VatCategory.STANDARD),
        (UTILITY, SWEDISH, VatCategory.REVERSE_CHARGE),
        (CLUB, STARTUP, VatCategory.EXEMPT),
        (SWEDISH, STARTUP, VatCategory.REVERSE_CHARGE),
    ],
)
def test_vat_follows_from_who_sells_to_whom(seller, buyer, category):
    assert treatment_of(seller, buyer, VAT).category is category


@pytest.mark.parametrize(
    ("seller", "buyer"),
    [
        (SWEDISH, SWEDISH),
        (replace(SWEDISH, vat_number=None), STARTUP),
        (UTILITY, replace(SWEDISH, vat_number=None)),
        (UTILITY, replace(SWEDISH, address=replace(SWEDISH.address, country="NO"))),
        (UTILITY, NO_ADDRESS),
    ],
)
def test_where_no_rule_tells_vat_is_not_guessed(seller, buyer):
    with pytest.raises(VatUndecided):
        treatment_of(seller, buyer, VAT)


def test_nothing_owed_is_no_money():
    assert balance_of(invoice(), []) == Money(81_906, Currency.DKK)
