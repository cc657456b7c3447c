"""Giving back what was invoiced: a credit note, and the money that was paid for it.

One deed, whoever gives: a breach of a promise, a decided dispute, the operator by hand. What had
been paid with held money is held again; the rest is ordered back the way that it came
(docs/decisions/0208).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from torvet import parties
from torvet.billing import escrow
from torvet.billing.invoices import InvoiceId, IssuedInvoice, credit, credited_under
from torvet.billing.payouts import Payout
from torvet.kit.errors import ExchangeError
from torvet.kit.money import Money
from torvet.parties import Caller, Scope
from torvet.ports.parts import Parts

from . import card_store
from .model import CardRefund, CardRefundStage
from .refunds import ask_refund, order_back, ordered_as, overpaid

_NOTE, _REFUND = "iv_", "cr_"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """A credit note, and what this deed sends back for it: None where nothing was paid of it."""

    note: IssuedInvoice
    sent: CardRefund | Payout | None


def give_back(
    tx: Connection,
    invoice: str,
    *,
    reason: str,
    key: str,
    at: datetime,
    by: str,
    part: Money | None = None,
    contract: str | None = None,
) -> GivenBack:
    """Credit an invoice as `credit` does, and order back what was paid of it: once for its `key`.

    No more goes back than was credited, VAT included, and no more than is paid too much then.
    What somebody paid too much besides waits for the operator, who knows what it was for. Call
    `ask_for` when `tx` has committed. Raises what `credit` raises.
    """
    escrow.settle_alone(tx)
    before = credited_under(tx, key)
    note = credit(tx, invoice, reason=reason, key=key, at=at, by=by, part=part, contract=contract)
    if before is not None:
        return GivenBack(note=note, sent=None)
    assert note.preceding is not None, "a credit note names what it takes back"
    held = escrow.hold_again(
        tx, note.preceding, most=note.gross, key=key, words=reason, at=at, by=by
    )
    found = overpaid(tx, note.preceding)
    left = note.gross if held is None else note.gross - held
    back = min(left, -found.owed)
    if back.minor <= 0:
        return GivenBack(note=note, sent=None)
    sent = order_back(tx, found, back, key=_refund_of(note.id), reason=reason, at=at, by=by)
    return GivenBack(note=note, sent=sent)


def give_back_by_hand(
    parts: Parts,
    caller: Caller,
    invoice: str,
    *,
    reason: str,
    key: str,
    part: Money | None = None,
    contract: str | None = None,
) -> GivenBack:
    """Give back what was invoiced, as the operator, as a deed of its own."""
    parties.check(caller, Scope.OPERATE)
    with parts.db.begin() as tx:
        given = give_back(
            tx,
            invoice,
            reason=reason,
            key=f"operator:{key}",
            at=parts.clock.now(),
            by=caller.actor,
            part=part,
            contract=contract,
        )
    ask_for(parts, [given.note.id])
    return given


def sent_for(tx: Connection, note: IssuedInvoice) -> CardRefund | Payout | None:
    """Return what a credit note ordered back; None where nothing had been paid of it.

    What had been paid with held money is held again, and not sent.
    """
    assert note.preceding is not None, "a credit note names what it takes back"
    return ordered_as(tx, note.preceding, _refund_of(note.id))


def ask_for(parts: Parts, notes: Iterable[str]) -> None:
    """Ask the card provider for what credit notes, by id, send back to cards.

    Whatever stands in the way of that is left to the job that asks again.
    """
    for note in notes:
        with parts.db.begin() as tx:
            made = card_store.refund(tx, id_=_refund_of(InvoiceId(note)))
        if made is None or made.stage is not CardRefundStage.ASKED:
            continue
        try:
            ask_refund(parts, made)
        except (ExchangeError, SQLAlchemyError):
            log.exception("refund left for later", refund=made.id)


def _refund_of(note: InvoiceId) -> str:
    """Return the id of the refund that a credit note orders: one for each."""
    return _REFUND + note.removeprefix(_NOTE)
