"""A process that is killed anywhere while it moves money has moved it once, or not at all."""

import os
import signal
from dataclasses import replace

import pytest

from billing.payments.conftest import SELLER, THE_OPERATOR, bank, kr, market
from torvet.backends.bank_transfer import BankByFiles
from torvet.billing import check_books
from torvet.billing.payments import faults_of_payments, read_file
from torvet.billing.payouts import pay_out, payouts_of
from torvet.exchange import open_parts

from .publisher import Death

__all__ = ["bank", "market"]

POINTS = (1, 12, 45, 90, 140, 200, 270, 350, 500, 700, 1_000, 1_400)
"""Steps of the work at which it dies; where it lives on it was over before."""
SURELY = 45
"""Steps that the work has for certain."""
ROOMS = (
    "torvet/billing/payments/service.py",
    "torvet/billing/payments/booking.py",
    "torvet/billing/payments/store.py",
    "torvet/billing/payouts/service.py",
    "torvet/billing/payouts/store.py",
    "torvet/billing/service.py",
    "torvet/billing/store.py",
    "torvet/backends/bank_transfer.py",
    "torvet/audit/service.py",
)


def done_until(parts, deed, point):
    """Do `deed` in a process of its own that is killed at step `point`; tell whether it was."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with open_parts(parts.settings, migrate=False) as opened:
                own = replace(opened, clock=parts.clock, bank=parts.bank)
                with Death(point, ROOMS):
                    deed(own)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def everything(parts):
    with parts.db.begin() as tx:
        assert list(faults_of_payments(tx)) == []
    assert check_books(parts).faults == ()


@pytest.mark.parametrize("point", POINTS)
def test_what_is_due_is_paid_out_once_whenever_the_payer_is_killed(market, tmp_path, point):
    folder = tmp_path / "bank"
    parts = replace(market.parts, bank=BankByFiles(folder))
    seller = market.square.party(SELLER)
    market.paid(market.sold(100_000, seller=seller))

    died = done_until(parts, lambda own: pay_out(own, THE_OPERATOR), point)
    assert died or point > SURELY
    pay_out(parts, THE_OPERATOR)

    with parts.db.begin() as tx:
        mine = [one for one in payouts_of(tx, THE_OPERATOR, every=True) if one.party == seller]
    assert [(one.amount, one.stage.value) for one in mine] == [(kr(120_000), "filed")]
    left = list((folder / "out").glob("pf_*.xml"))
    orders = sum(mine[0].transfer.encode() in file.read_bytes() for file in left)
    # Whoever dies between noting a file as sent and leaving it has sent nothing.
    noted = (folder / "sent" / f"{mine[0].file}.xml").exists()
    assert orders == 1 or (orders == 0 and noted)
    everything(parts)


@pytest.mark.parametrize("point", POINTS)
def test_a_statement_is_booked_once_whenever_its_reader_is_killed(market, point):
    parts, invoice = market.parts, market.sold(100_000)
    market.bank.comes_in(invoice.owed, invoice.reference)
    market.bank.comes_in(kr(7), words="no name")
    document = market.bank.statement(parts.clock.now().date())

    died = done_until(parts, lambda own: read_file(own, THE_OPERATOR, document), point)
    assert died or point > SURELY
    read_file(parts, THE_OPERATOR, document)

    assert market.invoice(invoice.id).paid == invoice.gross
    assert market.balance("receivable", invoice.party_to) == 0
    everything(parts)
