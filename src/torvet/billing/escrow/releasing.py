"""What is held pays the invoices that it is for, and is held again where one is credited."""

from datetime import datetime

import structlog
from sqlalchemy import Connection

from torvet.billing.invoices import (
    InvoiceId,
    IssuedInvoice,
    invoice,
    left_of,
    sales_of,
    settle,
)
from torvet.kit.errors import ExchangeError
from torvet.kit.money import Money
from torvet.ports.parts import Parts

from . import service, store
from .model import Hold, Move

EXCHANGE = "exchange"

log = structlog.get_logger(__name__)


def release_due(parts: Parts) -> int:
    """Pay open invoices with what is held for their contracts; return how many releases it took.

    Each hold in a transaction of its own; whatever is done again pays nothing twice.
    """
    with parts.db.begin() as tx:
        filled = store.filled(tx)
    done = 0
    for hold_id in filled:
        try:
            with parts.db.begin() as tx:
                done += release_for(tx, hold_id, at=parts.clock.now())
        except ExchangeError:
            log.exception("held money not released", hold=hold_id)
    return done


def release_for(tx: Connection, hold_id: str, *, at: datetime, by: str = EXCHANGE) -> int:
    """Pay the open invoices of one hold's contract, the oldest first, as far as it reaches."""
    done = 0
    store.settle_beside(tx)
    held = store.hold(tx, hold_id, locked=True)
    for found in store.open_for(tx, held.subject):
        held = store.hold(tx, hold_id)
        amount = _due(tx, held, found)
        if amount.minor <= 0:
            continue
        so_far = sum(one.hold == held.id for one in store.paid_to(tx, found))
        moved = service.release(
            tx,
            hold_id,
            amount,
            invoice=found,
            key=f"release:{found}:{hold_id}:{so_far}",
            words=f"Held for {held.subject}, delivered and invoiced",
            at=at,
            by=by,
        )
        settle(tx, found, amount, moved.transaction, at=at)
        done += 1
    return done


def _due(tx: Connection, held: Hold, found: str) -> Money:
    """Return what the hold pays of an invoice, as far as it reaches."""
    issued = invoice(tx, None, found)
    if issued.net.currency is not held.currency or issued.party_to != held.party:
        return Money.zero(held.currency)
    return min(due_on(tx, held.subject, issued), issued.owed, held.rest)


def due_on(tx: Connection, contract: str, issued: IssuedInvoice) -> Money:
    """Return a contract's part of an invoice, VAT included, that held money has not paid yet."""
    nothing = Money.zero(issued.net.currency)
    sales = left_of(sales_of(tx, issued.id))
    nets = [max(one.net.minor, 0) for one in sales]
    if not any(nets):
        return nothing
    parts = (issued.gross - issued.credited).share(nets)
    own = [part for part, one in zip(parts, sales, strict=True) if one.contract == contract]
    moved = [
        one.amount if one.move is Move.RELEASED else -one.amount
        for one in store.paid_to(tx, issued.id)
        if store.hold(tx, one.hold).subject == contract
    ]
    return Money.total(own, nothing.currency) - Money.total(moved, nothing.currency)


def hold_again(
    tx: Connection,
    invoice_id: str,
    *,
    key: str,
    words: str,
    at: datetime,
    by: str,
    most: Money | None = None,
) -> Money | None:
    """Put back what held money paid of an invoice beyond what is left of it; return how much.

    With `most`, what was credited, no more: what somebody paid too much by mistake is not held.
    """
    issued = invoice(tx, None, invoice_id)
    if issued.owed.minor >= 0:
        return None
    much = -issued.owed if most is None else min(most, -issued.owed)
    back = service.put_back(tx, issued.id, much, key=f"again:{key}", words=words, at=at, by=by)
    for one in back:
        settle(tx, InvoiceId(issued.id), -one.amount, one.transaction, at=at)
    return Money.total([one.amount for one in back], issued.net.currency)
