"""The operator's page of payments, and the buyer's way to pay by card."""

from collections.abc import Mapping
from itertools import islice
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from torvet import parties
from torvet.kit.errors import ExchangeError
from torvet.kit.money import Currency, Money
from torvet.parties import Caller, Scope
from torvet.parties.signin import SignedIn
from torvet.ports.parts import Parts
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import cards, inspection, service, store
from .errors import DecisionUnfit
from .model import (
    Decision,
    Fills,
    IsApart,
    IsCardMoney,
    IsCost,
    IsPayout,
    Meaning,
    PaysInvoices,
    Stage,
)

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

ABOUT_MAX = 2_000
RECENT, LINES_SHOWN, FAULTS_SHOWN = 20, 200, 20
STAGES = {
    Stage.BOOKED: "in the books",
    Stage.APART: "set apart: they move no money of the books",
    Stage.WAITING: "wait for a decision",
}
Count = Annotated[int | None, Query(ge=0, le=10**9)]


@router.get("/billing/payments")
def payments_page(  # noqa: PLR0917 - FastAPI calls it, by name
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    known: bool = False,
    lines: Count = None,
    fresh: Count = None,
    booked: Count = None,
    waiting: Count = None,
) -> Response:
    """Show what waits for a decision, and how the books stand to the bank."""
    done = {"known": known, "lines": lines, "fresh": fresh, "booked": booked, "waiting": waiting}
    return _page(request, caller, parts, done=None if None in done.values() else done)


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
    told = {
        "known": done.known,
        "lines": done.lines,
        "fresh": done.fresh,
        "booked": done.booked,
        "waiting": done.waiting,
    }
    return RedirectResponse(f"/billing/payments?{urlencode(told)}", status_code=303)


@router.get("/billing/payments/lines")
def lines_page(
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    stage: Stage = Stage.BOOKED,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """List the lines that are decided, the newest first."""
    with parts.db.begin() as tx:
        skip = (page - 1) * LINES_SHOWN
        found = service.lines_of(tx, caller, stage, skip=skip, limit=LINES_SHOWN + 1)
    return render(
        request,
        "billing/lines.html",
        found=found[:LINES_SHOWN],
        more=len(found) > LINES_SHOWN,
        stage=stage,
        stages=STAGES,
        page=page,
    )


@router.post("/billing/payments/lines/{key}")
def decide_on_page(  # noqa: PLR0917 - FastAPI calls it, by name
    key: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    means: Annotated[str, Form(max_length=20)] = "",
    about: Annotated[str, Form(max_length=ABOUT_MAX)] = "",
) -> Response:
    """Say what a waiting line is; show the page again with what stands in the way."""
    parties.check(caller, Scope.OPERATE)
    try:
        with parts.db.begin() as tx:
            currency = store.line(tx, key).amount.currency
        service.decide(parts, caller, key, _decision(key, means, about.strip(), currency))
    except ExchangeError as error:
        entered = {"key": key, "means": means, "about": about}
        return _page(request, caller, parts, error=error, entered=entered)
    return RedirectResponse("/billing/payments", status_code=303)


@router.post("/invoices/{invoice_id}/card-payment")
def pay_on_page(invoice_id: str, request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Begin to pay an invoice by card, and show the way to the provider's page.

    A form may lead nowhere but here (Content-Security-Policy), so that the way is a link.
    """
    payment = cards.pay_by_card(parts, caller, invoice_id)
    return render(request, "billing/card.html", payment=payment, number=invoice_id)


def _decision(key: str, means: str, about: str, currency: Currency) -> Decision:
    match means:
        case Meaning.INVOICE if about:
            named = about.replace(",", " ").split() if "=" not in about else about.split()
            return PaysInvoices(invoices=tuple(_part(one, currency) for one in named))
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


def _part(written: str, currency: Currency) -> tuple[str, Money | None]:
    """Read `F-000041`, or `F-000041=125.00` where the line pays several."""
    number, equals, amount = written.strip(",;").partition("=")
    return number, Money.typed(amount, currency) if equals else None


def _page(
    request: Request,
    caller: Caller,
    parts: Parts,
    *,
    done: Mapping[str, object] | None = None,
    entered: Mapping[str, str] | None = None,
    error: ExchangeError | None = None,
) -> Response:
    with parts.db.begin() as tx:
        waiting = service.lines_of(tx, caller, Stage.WAITING)
        recent = service.lines_of(tx, caller, Stage.BOOKED, limit=RECENT)
        statements = service.statements_of(tx, caller, RECENT)
        balances = inspection.reconciled(tx)
        shaky = list(islice(inspection.faults_of_payments(tx), FAULTS_SHOWN))
    return render(
        request,
        "billing/payments.html",
        http_status=STATUS[error.kind] if error else 200,
        waiting=waiting,
        recent=recent,
        statements=statements,
        balances=balances,
        faults=shaky,
        done=done,
        entered=entered or {"key": "", "means": "", "about": ""},
        error=error,
        connected=parts.bank.connected,
    )
