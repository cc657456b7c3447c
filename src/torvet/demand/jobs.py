"""What happens to requests by itself: deadlines, promised days, and money that comes or goes."""

from torvet.jobs import every, job
from torvet.ports.parts import Parts

from . import paying, pledging, settling, store
from .model import PledgeStage

SETTLE_EVERY_S = 30
AT_ONCE_MAX = 500


@every("demand.settle", seconds=SETTLE_EVERY_S)
def settle(parts: Parts) -> None:
    """Bring every request that is due to its end, and look after what is prepaid.

    Each request is a transaction of its own: a process may be killed between any two of them.
    """
    with parts.db.begin() as tx:
        due = store.due(tx, parts.clock.now(), AT_ONCE_MAX)
    for request in due:
        settling.settle_due(parts, request)
    with parts.db.begin() as tx:
        held = store.unsettled(tx, "", AT_ONCE_MAX)
    for pledge in held:
        if pledge.stage is PledgeStage.WAITING:
            pledging.look_for_money(parts, pledge.id, pledge.request)
        elif pledge.stage is PledgeStage.PAID:
            paying.settle_rest(parts, pledge.id, pledge.request)


@job(paying.INVOICE)
def invoice(parts: Parts, *, contract: str) -> None:
    """Invoice what was delivered to one pledger, once."""
    paying.invoice_delivery(parts, contract)
