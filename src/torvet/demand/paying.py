"""The money of pledges after delivery: each contract is invoiced, what is held pays, the rest goes.

Nothing here moves money by itself. A contract's share is charged and invoiced as any other, and
what was held for the pledge is held for its contract, whose invoices it pays.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from torvet.billing import charges, escrow, invoices
from torvet.jobs.queue import defer
from torvet.ports.parts import Parts

from . import rules, settling, store
from .model import Pledge, PledgeStage

INVOICE = "demand.invoice"


def hand_over(tx: Connection, paid: Pledge, *, at: datetime, actor: str) -> Pledge:
    """Let a pledge pay for its contract: what is held is the contract's, an invoice follows."""
    assert paid.contract is not None, "what was delivered has a contract"
    if not paid.share:
        return settling.returned(tx, paid, words="nothing was to be paid", at=at, actor=actor)
    if paid.hold is not None:
        escrow.hand_on(tx, paid.hold, paid.contract)
    defer(tx, INVOICE, contract=paid.contract)
    return paid


def invoice_delivery(parts: Parts, contract: str) -> None:
    """Charge and invoice a contract now; where no invoice can be written, it waits as others do.

    However often this is called, it is charged and invoiced once.
    """
    charges.charge_now(parts, contract)
    invoices.issue_contract(parts, contract)


def settle_rest(parts: Parts, pledge_id: str, request_id: str) -> bool:
    """Give back what is left of a prepaid pledge when its share is paid; say whether it is."""
    with parts.db.begin() as tx:
        request = store.request(tx, request_id, locked=True)
        at = rules.moment_of(request, parts.clock.now())
        paid = store.pledges_of(tx, request.id, (PledgeStage.PAID,))
        found = next((one for one in paid if one.id == pledge_id), None)
        if found is None or found.settled or found.contract is None:
            return False
        if not _is_paid(tx, found.contract):
            return False
        words = "its share is paid"
        free = settling.returned(tx, found, words=words, at=at, actor="exchange")
        store.replace_pledges(tx, [replace(free, settled=True)])
    return True


def _is_paid(tx: Connection, contract: str) -> bool:
    """Say whether all that a contract was charged is on invoices of which nothing is owed."""
    charged = charges.charged_of(tx, contract)
    issued = {one.invoice for one in charged if one.invoice is not None}
    if not charged or any(one.invoice is None for one in charged):
        return False
    return all(invoices.invoice(tx, None, one).owed.minor <= 0 for one in issued)
