"""The operator's page of payments, and the buyer's way to pay by card."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from torvet import parties
from torvet.kit.errors import ExchangeError
from torvet.parties import Caller, Scope
from torvet.parties.signin import SignedIn
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import cards, inspection, service
from .errors import DecisionUnfit
from .forms import REASON_MAX
from .model import (
    Decision,
    Fills,
    Imported,
    IsApart,
    IsCardMoney,
    IsCost,
    IsPayout,
    Meaning,
    PaysInvoices,
    Stage,
)

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

ABOUT_MAX = 300


@router.get("/billing/payments")
def payments_page(request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Show what waits for a decision, and how the books stand to the bank."""
    return _page(request, caller, parts)


@router.post("/billing/payments/statements")
def read_on_page(
    request: Request, file: Annotated[UploadFile, File()], caller: SignedIn, parts: TheParts
) -> Response:
    """Take in a bank statement, and say what came of it."""
    parties.check(caller, Scope.OPERATE)
    try:
        done = service.read_file(parts, caller, file.file.read())
    except ExchangeError as error:
        return _page(request, caller, parts, error=error)
    return _page(request, caller, parts, done=done)


@router.post("/billing/payments/lines/{key}")
def decide_on_page(  # noqa: PLR0917 - FastAPI calls it, by name
    key: str,
    request: Request,
    means: Annotated[Meaning, Form()],
    caller: SignedIn,
    parts: TheParts,
    about: Annotated[str, Form(max_length=ABOUT_MAX)] = "",
) -> Response:
    """Say what a waiting line is; show the page again with what stands in the way."""
    try:
        service.decide(parts, caller, key, _decision(key, means, about.strip()[:REASON_MAX]))
    except ExchangeError as error:
        return _page(request, caller, parts, error=error)
    return RedirectResponse("/billing/payments", status_code=303)


@router.post("/invoices/{invoice_id}/card-payment")
def pay_on_page(invoice_id: str, request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Begin to pay an invoice by card, and show the way to the provider's page.

    A form may lead nowhere but here (Content-Security-Policy), so that the way is a link.
    """
    payment = cards.pay_by_card(parts, caller, invoice_id)
    return render(request, "billing/card.html", payment=payment, number=invoice_id)


def _decision(key: str, means: Meaning, about: str) -> Decision:
    match means:
        case Meaning.INVOICE if about:
            return PaysInvoices(invoices=((about, None),))
        case Meaning.HELD if about:
            return Fills(hold=about)
        case Meaning.PAYOUT | Meaning.RETURN if about:
            return IsPayout(payout=about)
        case Meaning.COST:
            return IsCost()
        case Meaning.CARD:
            return IsCardMoney()
        case Meaning.OTHER:
            return IsApart(reason=about)
        case _:
            raise DecisionUnfit(key, "what it is about is not named")


def _page(
    request: Request,
    caller: Caller,
    parts: TheParts,
    *,
    done: Imported | None = None,
    error: ExchangeError | None = None,
) -> Response:
    with parts.db.begin() as tx:
        waiting = service.lines_of(tx, caller, Stage.WAITING)
        recent = service.lines_of(tx, caller, Stage.BOOKED)[:50]
        balances = inspection.reconciled(tx)
    return render(
        request,
        "billing/payments.html",
        http_status=STATUS[error.kind] if error else 200,
        waiting=waiting,
        recent=recent,
        balances=balances,
        done=done,
        error=error,
        connected=parts.bank.connected,
    )
