"""Prepaid pledges pay the invoices of what was delivered; what is left goes back."""

from torvet.ports.parts import Parts

from . import rules, settling, store
from .model import PledgeStage


def pay_invoice(parts: Parts, pledge_id: str, request_id: str) -> bool:
    """Give back what is held for a pledge whose share is nothing; say whether all is settled."""
    with parts.db.begin() as tx:
        request = store.request(tx, request_id, locked=True)
        at = rules.moment_of(request, parts.clock.now())
        paid = store.pledges_of(tx, request.id, (PledgeStage.PAID,))
        found = next((one for one in paid if one.id == pledge_id), None)
        if found is None or found.settled or found.share:
            return False
        free = settling.returned(tx, found, words="nothing was to be paid", at=at, actor="exchange")
        store.replace_pledges(tx, [free])
    return True
