"""What is written holds EN 16931, Peppol BIS Billing 3 and Denmark's rules, and reads back."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from torvet.billing.invoices.drafting import credit_note, line_of
from torvet.billing.invoices.errors import InvoiceRefused, InvoiceUnreadable
from torvet.billing.invoices.model import Endpoint, Kind, PaidByCard, VatCategory, VatTreatment
from torvet.billing.invoices.rules import totals_of
from torvet.billing.invoices.ubl import to_ubl
from torvet.billing.invoices.ubl_names import profile_of
from torvet.billing.invoices.ubl_reader import from_ubl
from torvet.kit.money import Currency

from .cast import (
    CITY,
    CLUB,
    IBAN,
    ISSUED,
    ROWS,
    STARTUP,
    SWEDISH,
    UTILITY,
    eur,
    invoice,
    kr,
    lines_for,
)
from .official import faults_of, held, norm_faults, peppol_faults, schema_faults

DOMESTIC = invoice()
STANDARD = DOMESTIC.lines[0].vat
PER_ROW = replace(
    DOMESTIC, lines=(line_of("Rækker", kr(15_625), STANDARD, counted=ROWS, note="1,25 mio."),)
)
TO_THE_CITY = invoice(buyer=CITY, purchase_order="PO-2026-118", buyer_reference="4711")
ABROAD = invoice(
    buyer=SWEDISH,
    amounts=(),
    lines=lines_for(UTILITY, SWEDISH, eur(1_999), eur(333)),
    currency=Currency.EUR,
    means=IBAN,
)
IN_EURO = invoice(
    amounts=(),
    lines=lines_for(UTILITY, STARTUP, eur(10_001)),
    currency=Currency.EUR,
    means=IBAN,
    vat_in_kroner=kr(18_650),
)
FROM_A_CLUB = invoice(seller=CLUB)
ZERO_RATED = replace(
    DOMESTIC,
    lines=tuple(
        replace(line, vat=VatTreatment(category=VatCategory.ZERO, percent=Decimal(0)))
        for line in DOMESTIC.lines
    ),
)
SELF_BILLED = replace(DOMESTIC, kind=Kind.SELF_BILLED_INVOICE)
WITH_A_REBATE = invoice(amounts=(kr(49_900), kr(-10_033)))
IN_PARTS = replace(
    DOMESTIC,
    lines=(
        *DOMESTIC.lines,
        line_of(
            "Undervisning",
            kr(99_901),
            VatTreatment(category=VatCategory.EXEMPT, percent=Decimal(0), reason="Momsloven § 13"),
        ),
    ),
)
PAID = invoice(means=PaidByCard(reference="ch_81"), prepaid=totals_of(DOMESTIC).with_tax)
PAID_IN_PART = invoice(prepaid=kr(100))
ELSEWHERE = invoice(buyer=replace(STARTUP, endpoint=Endpoint(scheme="0088", value="5798005770220")))

DOCUMENTS = {
    "within Denmark": DOMESTIC,
    "per row": PER_ROW,
    "to a public body": TO_THE_CITY,
    "reverse charge in euro": ABROAD,
    "Danish VAT in euro": IN_EURO,
    "below the threshold": FROM_A_CLUB,
    "zero rated": ZERO_RATED,
    "self-billed": SELF_BILLED,
    "with a rebate": WITH_A_REBATE,
    "in two categories": IN_PARTS,
    "paid by card": PAID,
    "paid in part": PAID_IN_PART,
    "to another endpoint": ELSEWHERE,
}


@pytest.mark.parametrize("made", DOCUMENTS.values(), ids=DOCUMENTS)
def test_an_invoice_and_what_takes_it_back_hold_all_rules_and_read_back(made):
    back = credit_note(made, number="K-000007", issued_on=ISSUED)

    assert from_ubl(held(made)) == made
    assert from_ubl(held(back)) == back


@st.composite
def invoices(draw):
    currency = draw(st.sampled_from(Currency))
    seller, buyer = draw(st.sampled_from([(UTILITY, STARTUP), (UTILITY, SWEDISH), (CLUB, CITY)]))
    amount = eur if currency is Currency.EUR else kr
    amounts = draw(st.lists(st.integers(1, 10**9).map(amount), min_size=1, max_size=6))
    made = invoice(
        seller,
        buyer,
        (),
        lines=lines_for(seller, buyer, *amounts),
        currency=currency,
        means=IBAN,
        note=draw(st.none() | st.text("aæØ€<&>\"'中🎈 \n", min_size=1).filter(str.strip)),
    )
    tax = totals_of(made).tax
    in_kroner = kr(tax.minor * 7) if tax and currency is Currency.EUR else None
    return replace(made, vat_in_kroner=in_kroner)


@settings(max_examples=examples(12))
@given(invoices())
def test_every_invoice_holds_all_rules_and_reads_back(made):
    assert from_ubl(held(made)) == made


@given(invoices())
def test_the_same_invoice_is_the_same_bytes(made):
    assert to_ubl(made) == to_ubl(from_ubl(to_ubl(made)))


def test_a_self_billed_document_says_so_in_its_profile():
    assert b"selfbilling:3.0" in held(SELF_BILLED)
    assert b">389<" in to_ubl(SELF_BILLED)


BROKEN = {
    "an element that is another": (schema_faults, b"cbc:IssueDate>", b"cbc:IssuedOn>"),
    "a payable amount that is another": (norm_faults, b">819.06<", b">819.07<"),
    "a scheme that is another": (peppol_faults, b"0184", b"0007"),
}


@pytest.mark.parametrize(("rules", "right", "wrong"), BROKEN.values(), ids=BROKEN)
def test_the_rules_see_what_is_wrong(rules, right, wrong):
    document = to_ubl(DOMESTIC)
    assert right in document

    assert rules(document.replace(right, wrong)) != []


def test_denmarks_rules_are_among_them():
    faults = faults_of(
        to_ubl(DOMESTIC).replace(b">42</cbc:PaymentMeansCode", b">30</cbc:PaymentMeansCode")
    )

    assert any(fault.startswith("DK-R-005") for fault in faults)


UNREADABLE = {
    "no XML": b"F-000042",
    "something else": b"<Order/>",
    "a bomb": b'<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;">]><Invoice>&d;</Invoice>',
    "no number": to_ubl(DOMESTIC).replace(b"<cbc:ID>F-000042</cbc:ID>", b"", 1),
    "another currency": to_ubl(DOMESTIC).replace(b"DKK", b"SEK"),
    "another profile": to_ubl(DOMESTIC).replace(
        profile_of(Kind.INVOICE)[0].encode(), b"urn:oioubl:2.1"
    ),
    "no day": to_ubl(DOMESTIC).replace(b"2026-07-01", b"1st of July"),
    "no number of rows": to_ubl(DOMESTIC).replace(b'unitCode="C62">1<', b'unitCode="C62">many<'),
    "a third of an oere": to_ubl(DOMESTIC).replace(b">499.00</cbc:Line", b">499.003</cbc:Line"),
}


@pytest.mark.parametrize("document", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_invoice_is_refused_with_the_reason(document):
    with pytest.raises(InvoiceUnreadable):
        from_ubl(document)


PART = credit_note(
    DOMESTIC,
    number="K-000009",
    issued_on=ISSUED,
    lines=(line_of("Nedsat", kr(3), STANDARD),),
    vat=kr(0),
)


def test_the_vat_of_a_part_may_be_an_ore_beside_its_rate_and_reads_back():
    written = to_ubl(PART)

    assert faults_of(written) == []
    assert from_ubl(written) == PART
    assert totals_of(PART).with_tax == kr(3)


@pytest.mark.parametrize("wrong", [replace(PART, vat=kr(3)), replace(DOMESTIC, vat=kr(1))])
def test_no_other_vat_is_written(wrong):
    with pytest.raises(InvoiceRefused, match="VAT"):
        to_ubl(wrong)
