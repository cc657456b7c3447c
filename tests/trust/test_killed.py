"""A process that is killed while it credits breaches changes nothing but time."""

import subprocess
import sys
from pathlib import Path

import pytest

from torvet.audit import facts_about, seal
from torvet.billing import check_books
from torvet.billing.invoices import Kind
from torvet.billing.invoices import store as invoice_store
from torvet.billing.payments import read_file
from torvet.billing.payouts import payouts_of
from torvet.demo.bank import Bank
from torvet.trust import close_months, credit_due

from .conftest import DAILY, IN_JULY, OPERATOR, kr

KILLS = 12


@pytest.mark.slow
def test_breaches_are_credited_once_whoever_is_killed(town, parts):
    contracts = [town.promised(DAILY) for _ in range(6)]
    town.month_over()
    bank = Bank(iban=OPERATOR.iban)
    for one in town.invoices():
        bank.comes_in(one.owed, one.reference)
    read_file(parts, town.operator, bank.statement(IN_JULY.date()))
    program = Path(__file__).with_name("crediting_that_dies.py")
    url = parts.db.url.render_as_string(hide_password=False)
    arguments = [url, str(parts.settings.home), IN_JULY.isoformat(), str(KILLS)]

    done = subprocess.run(
        [sys.executable, str(program), *arguments], capture_output=True, text=True, check=True
    )
    close_months(parts)
    credit_due(parts)
    seal(parts)

    assert int(done.stdout) > 0
    with parts.db.begin() as tx:
        notes = invoice_store.page_of(
            tx, party=town.cast.bo.party, kinds=[Kind.CREDIT_NOTE], limit=100
        )
        back = [one.amount for one in payouts_of(tx, town.cast.bo)]
        told = [
            [fact.name for fact in facts_about(tx, one.id)].count("service-breach-credited")
            for one in contracts
        ]
    assert [note.net for note in notes] == [kr(2_000)] * len(contracts)
    assert told == [1] * len(contracts)
    assert back == [kr(2_500)] * len(contracts)  # what was paid of it, VAT included
    assert check_books(parts).faults == ()
