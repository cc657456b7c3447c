"""The sub-ledger held against the books: what is held for each thing is the escrow account."""

from collections.abc import Iterator

from sqlalchemy import Connection

from torvet.billing import service as books
from torvet.billing.model import AccountKind
from torvet.kit.money import Money

from . import store

FAULTS_MAX = 100


def faults_of_holds(tx: Connection) -> Iterator[str]:
    """Say where what is held is not what its moves make, or not what the books say."""
    for id_, wrong in store.crooked(tx, FAULTS_MAX):
        yield f"hold {id_} {wrong}"
    rests = store.rests(tx)
    accounts = {
        (one.account.party, one.account.currency): -one.balance
        for one in books.trial_balance(tx)
        if one.account.kind is AccountKind.ESCROW
    }
    for party, currency in sorted({*rests, *accounts}):
        nothing = Money.zero(currency)
        said = rests.get((party, currency), nothing)
        booked = accounts.get((party, currency), nothing)
        if said != booked:
            yield f"{said} are held for {party} by purpose, and the books hold {booked}"
