"""Sales whose money stays where it is while somebody disputes them. Payouts ask here first."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from . import store


def stop_payouts(tx: Connection, invoice: str, contract: str, *, cause: str, at: datetime) -> None:
    """Keep what `invoice` says of `contract` from being paid out until `cause` is lifted.

    What it says of others goes on: their providers have no part in it.
    """
    store.stop(tx, invoice, contract, cause=cause, at=at)


def lift_stops(tx: Connection, cause: str, *, at: datetime) -> None:
    """Let everything that `cause` stopped be paid out again, unless another stops it too."""
    store.lift(tx, cause, at)


def stopped(tx: Connection, invoices: Sequence[str]) -> frozenset[str]:
    """Return those of `invoices` (ids of sales) whose money is not to be paid out for now."""
    return store.stopped(tx, invoices) if invoices else frozenset()
