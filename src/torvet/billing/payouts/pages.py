"""The page of payouts: what is due, what is on its way, and for the operator the next file."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from torvet import parties
from torvet.kit.errors import ExchangeError
from torvet.parties import Caller, Scope
from torvet.parties.signin import SignedIn
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import service
from .api import REASON_MAX
from .model import LIVE, Run

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/billing/payouts")
def payouts_page(
    request: Request, caller: SignedIn, parts: TheParts, *, every: bool = False
) -> Response:
    """Show what is due to the reader's party and was paid out to it, or to all parties."""
    return _page(request, caller, parts, every=every)


@router.post("/billing/payouts")
def pay_out_on_page(request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Pay out all that is due, as the operator, and show the file."""
    parties.check(caller, Scope.OPERATE)
    try:
        run = service.pay_out(parts, caller)
    except ExchangeError as error:
        return _page(request, caller, parts, every=True, error=error)
    return _page(request, caller, parts, every=True, run=run)


@router.post("/billing/payouts/{payout}/cancellation")
def cancel_on_page(
    payout: str,
    reason: Annotated[str, Form(min_length=1, max_length=REASON_MAX)],
    caller: SignedIn,
    parts: TheParts,
) -> RedirectResponse:
    """Take back a payout that the bank will not make, as the operator."""
    service.cancel(parts, caller, payout, reason)
    return RedirectResponse("/billing/payouts?every=true", status_code=303)


def _page(
    request: Request,
    caller: Caller,
    parts: TheParts,
    *,
    every: bool,
    run: Run | None = None,
    error: ExchangeError | None = None,
) -> Response:
    with parts.db.begin() as tx:
        found = service.payouts_of(tx, caller, every=every)
        dues = service.due_to(tx, caller, parts.settings.payout_minor_min, every=every)
        wanted = {one.party for one in found} | {one.party for one in dues}
        known = parties.parties_by_id(tx, sorted(wanted))
    return render(
        request,
        "billing/payouts.html",
        http_status=STATUS[error.kind] if error else 200,
        found=found,
        dues=dues,
        names={id_: party.name for id_, party in known.items()},
        every=every,
        live=LIVE,
        run=run,
        error=error,
    )
