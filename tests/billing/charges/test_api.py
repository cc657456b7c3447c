"""Charges over HTTP, on a page, and proven."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from torvet.billing import check_books
from torvet.billing.charges.inspection import faults_of_charges

HOUR = timedelta(hours=1)


@pytest.fixture
def charged(parts, clock, market):
    contract = market.agreed("2 DKK per row + 100 DKK per month")
    market.use(contract, rows=3)
    clock.advance(HOUR)
    market.charge()
    market.use(contract, clock.now() - HOUR, rows=1)
    market.charge()
    return contract


def faults(parts):
    with parts.db.begin() as tx:
        return list(faults_of_charges(tx))


def test_charges_are_told_to_the_operator_and_to_no_stranger(client, charged, parts):
    assert client.get(f"/api/contracts/{charged}/charges").status_code == 401


def test_what_holds_is_proven(parts, charged):
    assert check_books(parts).faults == ()


@pytest.mark.parametrize(
    ("table", "change", "says"),
    [
        ("charges", "amount = amount + {0}", "is not what the log bears witness of"),
        ("charge_sheets", "amount = amount + {0}", "says"),
        ("charges", "portion = portion + {0} * 10", "the last of them"),
        ("usage_hours", "rows = rows + {0}", "too little"),
    ],
)
def test_what_was_changed_behind_the_back_is_found(  # noqa: PLR0917 - fixtures and cases
    parts, charged, behind_their_back, table, change, says
):
    this = f"update {table} set {change} where contract = '{charged}'"
    with behind_their_back(table, this.format(1), this.format(-1)):
        assert any(says in fault for fault in faults(parts)), faults(parts)

    assert faults(parts) == []


def test_the_database_refuses_to_change_charges(parts, charged):
    for statement in (
        "update charges set amount = 1",
        "delete from charges",
        "delete from charge_sheets",
        "update charge_sheets set amount = 1",
    ):
        with pytest.raises(Exception, match="charges"), parts.db.begin() as tx:
            tx.execute(text(statement))
