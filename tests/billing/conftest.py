"""Parties, postings, and a way to break the books as only their owner could."""

from contextlib import contextmanager

import pytest
from sqlalchemy import text

from torvet.billing import AccountKind, Posting, credit, debit
from torvet.kit.money import Currency, Money

ALMA, BO, CARLA = "pt_alma", "pt_bo", "pt_carla"
NUMBERS = iter(range(10**9))


def kr(minor):
    return Money(minor, Currency.DKK)


def eur(minor):
    return Money(minor, Currency.EUR)


def a_charge(minor=12_500, *, key=None, buyer=BO, provider=ALMA, make=kr):
    """What `buyer` owes, of which the exchange keeps 4 %."""
    fee = make(minor).percent(4)
    return Posting(
        key=key or f"charge:{next(NUMBERS)}",
        kind="charge",
        words="Use of Parking spaces",
        lines=tuple(
            line
            for line in (
                debit(AccountKind.RECEIVABLE, buyer, make(minor)),
                credit(AccountKind.PAYABLE, provider, make(minor) - fee),
                credit(AccountKind.FEE, "", fee),
            )
            if line.amount
        ),
    )


def moved(kind, taken, given, minor, *, key=None):
    """`minor` øre from one account to another."""
    return Posting(
        key=key or f"{kind}:{next(NUMBERS)}",
        kind=kind,
        words="As it was agreed",
        lines=(debit(*given, kr(minor)), credit(*taken, kr(minor))),
    )


@pytest.fixture
def behind_their_back(parts):
    """Change the books with every trigger switched off, and put all back afterwards."""

    @contextmanager
    def changed(table, change, undo):
        def done(sql):
            with parts.db.begin() as tx:
                tx.execute(text(f"alter table {table} disable trigger user"))
                tx.execute(text(sql))
                for (name,) in tx.execute(
                    text(
                        "select tgname from pg_trigger where not tgisinternal "
                        f"and tgrelid = '{table}'::regclass"
                    )
                ).all():
                    tx.execute(text(f"alter table {table} enable always trigger {name}"))

        done(change)
        try:
            yield
        finally:
            done(undo)

    return changed
