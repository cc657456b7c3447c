"""What was paid for a promise that is broken goes back by itself, whole way: to the bank and gone."""

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from torvet.billing import AccountKind, check_books
from torvet.billing.invoices import invoice
from torvet.billing.payments import read_file
from torvet.billing.payouts import Stage, kept_file, pay_out, payouts_of
from torvet.demo.bank import Bank
from torvet.trust import close_months, credit_due

from .conftest import BUYER, DAILY, IN_JULY, OPERATOR, kr

pytestmark = pytest.mark.slow


@pytest.fixture
def bank(parts):
    """The exchange's bank, which has not told of anything yet."""
    return Bank(iban=OPERATOR.iban)


def test_a_breach_of_what_was_paid_goes_back_with_the_next_payment_file(town, parts, bank, app):
    buyer = town.cast.bo
    town.square.details(replace(BUYER, party=buyer.party, iban="DK9520000123456789"))
    known = {one.id for one in town.invoices()}
    contract = town.promised(DAILY)
    reader = TestClient(app, headers={"Authorization": f"Bearer {town.cast.token(buyer)}"})
    town.month_over()
    bought = [one for one in town.invoices() if one.id not in known]
    for one in bought:
        bank.comes_in(one.owed, one.reference)
    read_file(parts, town.operator, bank.statement(IN_JULY.date()))

    close_months(parts)
    assert credit_due(parts) >= 1
    assert credit_due(parts) == 0
    waiting = reader.get(f"/contracts/{contract.id}/service").text
    file = pay_out(parts, town.operator).file
    with parts.db.begin() as tx:
        document = kept_file(tx, town.operator, file).document
    bank.takes(document)
    read_file(parts, town.operator, bank.statement(IN_JULY.date()))

    gone = reader.get(f"/contracts/{contract.id}/service").text
    assert "DKK\u00a025.00 with VAT goes back by transfer" in waiting
    assert "DKK\u00a025.00 with VAT was transferred back" in gone
    with parts.db.begin() as tx:
        back = [
            (one.amount, one.stage)
            for one in payouts_of(tx, buyer)
            if one.account is AccountKind.RECEIVABLE
        ]
        assert [invoice(tx, None, one.id).owed for one in bought] == [kr(0)] * len(bought)
    assert back == [(kr(2_500), Stage.PAID)]
    assert check_books(parts).faults == ()
