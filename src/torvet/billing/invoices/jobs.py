"""What is issued by itself: a month's invoices on the first of the next, one-off prices at once."""

from datetime import timedelta

from torvet.billing.periods import month_of
from torvet.jobs import every
from torvet.ports.parts import Parts

from . import store
from .issuing import issue_contract, issue_month

LOOK_EVERY_S = 600
AT_ONCE_EVERY_S = 300
AFTER_MIDNIGHT = timedelta(hours=6)
"""From a month's end until its run: use that is delivered late is metered by then."""


@every("billing.invoice-month", seconds=LOOK_EVERY_S)
def invoice_last_month(parts: Parts) -> None:
    """Issue last month's documents once, in the morning of the first; a run that broke goes on.

    Charges that come later are on the next month's.
    """
    now = parts.clock.now()
    month = month_of(now).plus(-1)
    if now < month.end + AFTER_MIDNIGHT:
        return
    with parts.db.begin() as tx:
        if store.has_run(tx, str(month)):
            return
    issue_month(parts, month)


@every("billing.invoice-at-once", seconds=AT_ONCE_EVERY_S)
def invoice_what_is_paid_once(parts: Parts) -> None:
    """Issue what has a price that is paid once, without waiting for the end of the month."""
    with parts.db.begin() as tx:
        contracts = store.contracts_paid_once(tx)
    for contract in contracts:
        issue_contract(parts, contract)
