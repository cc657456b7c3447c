"""Pages of payouts: what is due and why not yet, each payout with what it is for, and files."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from torvet import catalogue, parties
from torvet.billing.model import AccountKind
from torvet.kit.errors import ExchangeError
from torvet.kit.money import Money
from torvet.parties import Caller, Scope
from torvet.parties.signin import SignedIn
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import service
from .api import REASON_MAX
from .errors import DayUnreadable
from .model import LIVE, LineKind, Stage

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SEE_OTHER = 303
REFUSED = frozenset({403, 404})
NOTHING = "nothing"
DAY_MAX = 10
SAID = {
    AccountKind.PAYABLE: "Income of data",
    AccountKind.CONTRIBUTOR: "Shares of income",
    AccountKind.ESCROW: "Held money given back",
    AccountKind.RECEIVABLE: "Paid too much",
}
STAGES = {
    Stage.ORDERED: "waits for a payment file",
    Stage.FILED: "in a payment file; the bank has not told of it yet",
    Stage.PAID: "paid",
    Stage.RETURNED: "came back, and is owed again",
    Stage.CANCELLED: "taken back, and is owed again",
}
LINES = {
    LineKind.SALE: "Your part of a sale, with VAT",
    LineKind.SHARE: "Shared with others",
    LineKind.OTHER: "Other movements of the account",
}
UNDONE = frozenset({Stage.RETURNED, Stage.CANCELLED})


@router.get("/billing/payouts")
def payouts_page(
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    *,
    every: bool = False,
    run: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Show what is due to the reader's party and was paid out to it, or to all parties."""
    return _page(request, caller, parts, every=every, run=run)


@router.post("/billing/payouts")
def pay_out_on_page(
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    pay_on: Annotated[str, Form(max_length=DAY_MAX)] = "",
) -> Response:
    """Pay out all that is due, as the operator, and show the file."""
    parties.check(caller, Scope.OPERATE)
    try:
        run = service.pay_out(parts, caller, pay_on=_day(pay_on))
    except ExchangeError as error:
        return _page(request, caller, parts, every=True, error=error, pay_on=pay_on)
    return RedirectResponse(f"/billing/payouts?every=true&run={run.file or NOTHING}", SEE_OTHER)


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise DayUnreadable(text) from error


@router.get("/billing/payouts/{payout_id}")
def payout_page(payout_id: str, request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Show one payout and what it is for, to its party and to the operator."""
    return _payout_page(request, caller, parts, payout_id)


@router.post("/billing/payouts/{payout_id}/cancellation")
def cancel_on_page(
    payout_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    reason: Annotated[str, Form(min_length=1, max_length=REASON_MAX)],
) -> Response:
    """Take back a payout that the bank will not make, as the operator."""
    try:
        service.cancel(parts, caller, payout_id, reason)
    except ExchangeError as error:
        if STATUS[error.kind] in REFUSED:
            raise
        return _payout_page(request, caller, parts, payout_id, error=error, reason=reason)
    return RedirectResponse(f"/billing/payouts/{payout_id}", SEE_OTHER)


def _page(
    request: Request,
    caller: Caller,
    parts: TheParts,
    *,
    every: bool,
    run: str = "",
    error: ExchangeError | None = None,
    pay_on: str = "",
) -> Response:
    with parts.db.begin() as tx:
        found = service.payouts_of(tx, caller, every=every)
        dues = service.due_to(tx, caller, parts.settings.payout_minor_min, every=every)
        waiting = [] if every else service.waiting_sales(tx, caller)
        files = service.files(tx, caller) if every else []
        wanted = {one.party for one in found} | {one.party for one in dues}
        known = parties.parties_by_id(tx, sorted(wanted))
        datasets = catalogue.datasets_by_id(tx, sorted({one.dataset for one in waiting}))
    return render(
        request,
        "billing/payouts.html",
        http_status=STATUS[error.kind] if error else 200,
        found=found,
        undone=[one for one in found if one.stage in UNDONE],
        dues=dues,
        waiting=waiting,
        datasets=datasets,
        files=files,
        names={id_: party.name for id_, party in known.items()},
        every=every,
        run=run,
        made=next((one for one in files if one.id == run), None),
        error=error,
        pay_on=pay_on,
        said=SAID,
    )


def _payout_page(
    request: Request,
    caller: Caller,
    parts: TheParts,
    payout_id: str,
    *,
    error: ExchangeError | None = None,
    reason: str = "",
) -> Response:
    with parts.db.begin() as tx:
        it, lines = service.payout_of(tx, caller, payout_id)
        party = parties.party(tx, it.party)
        datasets = catalogue.datasets_by_id(
            tx, sorted({one.dataset for one in lines if one.dataset is not None})
        )
    return render(
        request,
        "billing/payout.html",
        http_status=STATUS[error.kind] if error else 200,
        it=it,
        party=party,
        lines=lines,
        total=Money.total([one.amount for one in lines], it.amount.currency),
        datasets=datasets,
        own=it.party == caller.party,
        invoice=it.source.partition(":")[2] if it.account is AccountKind.RECEIVABLE else "",
        may_cancel=caller.operator and it.stage in LIVE,
        error=error,
        reason=reason,
        said=SAID,
        stages=STAGES,
        words=LINES,
    )
