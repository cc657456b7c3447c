"""What somebody changes behind the triggers' back is told by `torvet billing check`."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from torvet.billing import check_books
from torvet.billing.invoices import invoice_faults

from .conftest import BUYER, SELLER

CHANGES = {
    "an amount": ("invoices", "set net = net + 1 where number = 'F-000001'", "amount"),
    "a document": (
        "invoices",
        "set document = document || ' '::bytea where number = 'F-000001'",
        "digest is another",
    ),
    "a digest": (
        "invoices",
        (
            "set document = document || ' '::bytea, digest = sha256(document || ' '::bytea)"
            " where number = 'F-000001'"
        ),
        "bears witness",
    ),
    "a number": ("invoices", "set number = 'F-000003' where number = 'F-000001'", "is missing"),
    "a fee": (
        "invoice_sales",
        (
            "set fee = fee + 1, share = share - 1 where invoice in"
            " (select id from invoices where number = 'F-000001')"
        ),
        "was not posted as it says",
    ),
    "a charge": (
        "charge_sheets",
        (
            "set amount = amount + 1 where invoice in"
            " (select id from invoices where number = 'F-000001')"
        ),
        "and its charges to",
    ),
}


@pytest.mark.parametrize(("table", "change", "told"), CHANGES.values(), ids=CHANGES)
def test_what_was_changed_is_named(parts, square, table, change, told):
    with parts.db.begin() as tx:
        there = tx.scalar(text("select count(*) from invoices where kind = '380'"))
    if there < 2:
        seller = square.party(SELLER)
        for _ in range(2):
            square.use(square.agreed("2 DKK per row", seller, square.party(BUYER)), rows=50)
        square.month_over()

    assert check_books(parts).faults == ()
    with pytest.raises(DBAPIError), parts.db.begin() as tx:
        tx.execute(text(f"update {table} {change}"))

    assert told in "; ".join(faults_with(parts, table, change))


def faults_with(parts, table, change):
    """The faults there would be with the change, which is rolled back."""
    with parts.db.connect() as tx, tx.begin() as changing:
        tx.execute(text(f"alter table {table} disable trigger user"))
        tx.execute(text(f"update {table} {change}"))
        tx.execute(text("set constraints all immediate"))
        found = list(invoice_faults(tx))
        changing.rollback()
    return found
