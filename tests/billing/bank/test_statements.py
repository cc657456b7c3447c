"""Statements of any version say the same, and a line pays what it names or nothing."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.billing.bank.camt import read_statements, unseen
from torvet.billing.bank.errors import StatementUnreadable
from torvet.billing.bank.matching import match
from torvet.billing.bank.model import Matched, OpenInvoice, StatementLine, Unclear, Unmatched
from torvet.kit.money import Currency, Money


def kr(ore):
    return Money(ore, Currency.DKK)


def entry(version, amount="819.06", *, sign="CRDT", status="BOOK", details="", own="B-1"):
    said = status if version < 6 else f"<Cd>{status}</Cd>"
    return (
        f'<Ntry><Amt Ccy="DKK">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd><Sts>{said}</Sts>'
        f"<BookgDt><Dt>2026-07-14</Dt></BookgDt><AcctSvcrRef>{own}</AcctSvcrRef>"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def details(version, *, reference="F-000042", free="Faktura F-000042", amount=None):
    name = "<Nm>Grønby Analyse ApS</Nm>"
    party = name if version < 8 else f"<Pty>{name}</Pty>"
    part = "" if amount is None else f'<Amt Ccy="DKK">{amount}</Amt>'
    if amount is not None and version < 4:
        part = f"<AmtDtls><TxAmt>{part}</TxAmt></AmtDtls>"
    return (
        f"<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>{part}"
        f"<RltdPties><Dbtr>{party}</Dbtr>"
        "<DbtrAcct><Id><IBAN>DK5000400440116243</IBAN></Id></DbtrAcct></RltdPties>"
        f"<RmtInf><Ustrd>{free}</Ustrd><Strd><CdtrRefInf><Ref>{reference}</Ref></CdtrRefInf></Strd>"
        "</RmtInf></TxDtls>"
    )


def statement(version, *entries):
    return (
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version:02}">'
        "<BkToCstmrStmt><GrpHdr><MsgId>m</MsgId></GrpHdr><Stmt><Id>s-7</Id>"
        "<Acct><Id><IBAN>DK5000400440116243</IBAN></Id><Ccy>DKK</Ccy></Acct>"
        f"{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def lines(document):
    (only,) = read_statements(document)
    return only.lines


@pytest.mark.parametrize("version", [2, 4, 8, 14])
def test_a_payment_is_read_whatever_the_version(version):
    (line,) = lines(statement(version, entry(version, details=details(version))))

    assert (line.amount, line.booked_on) == (kr(81_906), date(2026, 7, 14))
    assert (line.references, line.debtor) == (("F-000042",), "Grønby Analyse ApS")
    assert line.debtor_account == "DK5000400440116243"


@pytest.mark.parametrize("version", [2, 8])
def test_a_batch_is_a_line_for_each_of_its_payments(version):
    parts = details(version, reference="A", amount="500") + details(
        version, reference="B", amount="319.06"
    )

    made = lines(statement(version, entry(version, details=parts)))

    assert [(line.references, line.amount) for line in made] == [
        (("A",), kr(50_000)),
        (("B",), kr(31_906)),
    ]


def test_a_file_that_comes_again_in_another_version_says_nothing_new():
    first, again = (lines(statement(v, entry(v, details=details(v)))) for v in (2, 8))

    assert unseen(again, {line.key for line in first}) == ()


def test_two_payments_that_are_alike_are_two():
    twice = lines(statement(8, *2 * [entry(8, details=details(8))]))

    assert len(unseen(twice, set())) == 2
    assert unseen(twice, {line.key for line in twice}) == ()


def test_what_is_not_booked_yet_is_only_counted():
    (made,) = read_statements(statement(8, entry(8, status="PDNG"), entry(8)))

    assert (len(made.lines), made.pending) == (1, 1)


def test_money_that_went_out_is_below_zero():
    (line,) = lines(statement(8, entry(8, sign="DBIT")))

    assert line.amount == kr(-81_906)


UNREADABLE = {
    "no XML": b"date;amount",
    "another message": b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"/>',
    "a bomb": b'<!DOCTYPE a [<!ENTITY b "cc">]><Document>&b;</Document>',
    "another currency": statement(8, entry(8)).replace(b"DKK", b"SEK"),
    "a third of an oere": statement(8, entry(8, amount="1.003")),
    "neither in nor out": statement(8, entry(8, sign="BOTH")),
    "a batch that is not its parts": statement(
        8, entry(8, details=details(8, amount="1") + details(8, amount="2"))
    ),
    "no day": statement(8, entry(8)).replace(b"2026-07-14", b"14/07/2026"),
}


@pytest.mark.parametrize("document", UNREADABLE.values(), ids=UNREADABLE)
def test_of_a_file_that_is_not_whole_nothing_is_taken(document):
    with pytest.raises(StatementUnreadable):
        read_statements(document)


FIRST = OpenInvoice(number="F-000042", reference="F-000042", owed=kr(81_906))
SECOND = OpenInvoice(number="F-000043", reference="F-000043", owed=kr(81_906))
PAYMENT = StatementLine(
    key="k",
    booked_on=date(2026, 7, 14),
    amount=kr(81_906),
    references=(),
    text="",
    debtor="Grønby Analyse ApS",
    debtor_account=None,
)


@pytest.mark.parametrize(
    "text", ["F-000042", "f 000042", "Faktura F-000042, tak", "betaling:f000042"]
)
def test_a_line_pays_the_invoice_that_it_names(text):
    assert match(replace(PAYMENT, text=text), [FIRST, SECOND]) == Matched(invoice=FIRST, over=kr(0))


def test_too_little_and_too_much_are_told():
    named = replace(PAYMENT, references=("F-000042",))

    assert match(replace(named, amount=kr(81_900)), [FIRST]) == Matched(invoice=FIRST, over=kr(-6))
    assert match(replace(named, amount=kr(81_910)), [FIRST]) == Matched(invoice=FIRST, over=kr(4))


def test_a_line_that_names_two_invoices_is_not_guessed_about():
    both = match(replace(PAYMENT, text="F-000042 og F-000043"), [FIRST, SECOND])

    assert isinstance(both, Unclear)
    assert both.invoices == (FIRST, SECOND)


def test_the_same_amount_alone_is_no_match():
    none = match(replace(PAYMENT, text="tak for data"), [FIRST, SECOND])

    assert isinstance(none, Unmatched)
    assert none.alike == (FIRST, SECOND)


def test_a_number_within_a_longer_one_is_not_named():
    assert isinstance(match(replace(PAYMENT, text="F-0000421"), [FIRST]), Unmatched)


def test_another_currency_is_unclear():
    in_euro = replace(PAYMENT, amount=Money(81_906, Currency.EUR), references=("F-000042",))

    assert isinstance(match(in_euro, [FIRST]), Unclear)


@given(st.integers(-(10**9), 0))
def test_money_that_went_out_pays_nothing(ore):
    assert isinstance(match(replace(PAYMENT, amount=kr(ore), text="F-000042"), [FIRST]), Unmatched)
