"""Payment files hold ISO 20022's schema, and their sums are what is paid."""

from dataclasses import replace
from datetime import UTC, date, datetime
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from examples import examples
from torvet.billing.bank.errors import PayoutRefused
from torvet.billing.bank.model import Payout, PayoutAccount, PayoutFile
from torvet.billing.bank.pain import NAMESPACE, to_pain
from torvet.kit.money import Currency, Money

SCHEMA = etree.XMLSchema(file=str(files("sepaxml") / "schemas" / "pain.001.001.09.xsd"))
EXCHANGE = PayoutAccount(
    name="Torvet Drift I/S", country="DK", iban="DK5000400440116243", bic="NDEADKKK"
)
UTILITY = PayoutAccount(
    name="Nordlys Energi A/S", country="DK", iban="DK5000400440116243", bic=None
)
ONE = Payout(
    id="u-2026-06-1", to=UTILITY, amount=Money(123_450, Currency.DKK), reference="Juni 2026"
)
FILE = PayoutFile(
    id="torvet-2026-07-01",
    made_at=datetime(2026, 7, 1, 6, 0, tzinfo=UTC),
    pay_on=date(2026, 7, 2),
    payer=EXCHANGE,
    payouts=(ONE,),
)


def read(document):
    root = etree.fromstring(document)
    assert SCHEMA.validate(root), SCHEMA.error_log
    return root


def texts(root, path):
    return root.xpath(f"//{path}/text()", namespaces={"p": NAMESPACE})


@st.composite
def payout_files(draw):
    amounts = draw(
        st.lists(
            st.tuples(st.integers(1, 10**12), st.sampled_from(Currency)), min_size=1, max_size=9
        )
    )
    payouts = tuple(
        replace(ONE, id=f"p{number}", amount=Money(minor, currency))
        for number, (minor, currency) in enumerate(amounts)
    )
    return replace(FILE, payouts=payouts)


@settings(max_examples=examples(40))
@given(payout_files())
def test_counts_and_control_sums_are_those_of_the_transfers(file):
    root = read(to_pain(file))
    header, *blocks = texts(root, "p:CtrlSum")
    in_minor = [int(text.replace(".", "")) for text in (header, *blocks)]
    paid = [int(text.replace(".", "")) for text in texts(root, "p:InstdAmt")]

    assert in_minor[0] == sum(in_minor[1:]) == sum(paid)
    assert sorted(paid) == sorted(each.amount.minor for each in file.payouts)
    assert texts(root, "p:NbOfTxs")[0] == str(len(file.payouts))
    assert len(blocks) == len({each.amount.currency for each in file.payouts})


def test_each_transfer_can_be_told_on_the_statement():
    assert texts(read(to_pain(FILE)), "p:EndToEndId") == [ONE.id]


REFUSED = {
    "nothing to pay": replace(FILE, payouts=()),
    "one twice": replace(FILE, payouts=(ONE, ONE)),
    "less than nothing": replace(FILE, payouts=(replace(ONE, amount=Money(-1, Currency.DKK)),)),
    "an account with a slip": replace(
        FILE, payouts=(replace(ONE, to=replace(UTILITY, iban="DK5000400440116234")),)
    ),
    "an account that is too short": replace(
        FILE, payouts=(replace(ONE, to=replace(UTILITY, iban="DK50004004401162")),)
    ),
    "no reference": replace(FILE, payouts=(replace(ONE, reference=" "),)),
    "yesterday": replace(FILE, pay_on=date(2026, 6, 30)),
    "an id that is too long": replace(FILE, id="t" * 32),
    "a bank that is none": replace(FILE, payer=replace(EXCHANGE, bic="NORDEA")),
    "no zone": replace(FILE, made_at=FILE.made_at.replace(tzinfo=None)),
}


@pytest.mark.parametrize("file", REFUSED.values(), ids=REFUSED)
def test_what_a_bank_would_refuse_is_refused_before_it_is_written(file):
    with pytest.raises(PayoutRefused):
        to_pain(file)


def test_all_that_is_wrong_is_said_at_once():
    wrong = replace(ONE, amount=Money(0, Currency.DKK), reference="")

    with pytest.raises(PayoutRefused) as refused:
        to_pain(replace(FILE, payouts=(wrong,)))

    assert len(refused.value.faults) == 2
