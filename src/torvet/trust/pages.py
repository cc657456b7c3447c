"""Pages: how a contract's promises are kept, and what was asked under it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection

from torvet import catalogue, contracts
from torvet.billing import escrow
from torvet.billing.invoices import IssuedInvoice
from torvet.billing.payments import CardRefund, CardRefundStage
from torvet.billing.payments.giving_back import sent_for
from torvet.billing.payouts import Payout
from torvet.billing.payouts.model import Stage as PayoutStage
from torvet.contracts.levels import words as level_words
from torvet.kit.errors import ExchangeError
from torvet.parties import Caller, Role
from torvet.parties.signin import SignedIn
from torvet.ports.parts import Parts
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import disputes, measuring, planning, support
from .dispute_pages import NOTHING, SEE_OTHER, seen_document
from .forms import FindingSheet, Title, Words
from .model import KeptReport

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/contracts/{contract_id}/service")
def service_page(contract_id: str, request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Show a contract's promises and how they were kept, questions, held money and disputes."""
    return _service(request, caller, parts, contract_id)


@router.post("/contracts/{contract_id}/questions")
def ask_on_page(  # noqa: PLR0917 - FastAPI calls it, by name
    contract_id: str,
    request: Request,
    title: Annotated[Title, Form()],
    words: Annotated[Words, Form()],
    caller: SignedIn,
    parts: TheParts,
) -> Response:
    """Ask the provider something."""
    try:
        made = support.ask(parts, caller, contract_id, title=title, words=words)
    except ExchangeError as error:
        entered = {"title": title, "words": words}
        return _service(request, caller, parts, contract_id, entered=entered, error=error)
    return RedirectResponse(f"/contracts/{contract_id}/questions/{made.id}", SEE_OTHER)


@router.get("/contracts/{contract_id}/questions/{question_id}")
def question_page(
    contract_id: str, question_id: str, request: Request, caller: SignedIn, parts: TheParts
) -> Response:
    """Show a question and what was said."""
    return _question(request, caller, parts, contract_id, question_id)


@router.post("/contracts/{contract_id}/questions/{question_id}")
def write_on_page(  # noqa: PLR0917 - FastAPI calls it, by name
    contract_id: str,
    question_id: str,
    request: Request,
    words: Annotated[Words, Form()],
    caller: SignedIn,
    parts: TheParts,
) -> Response:
    """Write into a question."""
    try:
        support.write(parts, caller, contract_id, question_id, words)
    except ExchangeError as error:
        return _question(request, caller, parts, contract_id, question_id, {"words": words}, error)
    return RedirectResponse(f"/contracts/{contract_id}/questions/{question_id}", SEE_OTHER)


@router.post("/contracts/{contract_id}/questions/{question_id}/closing")
def close_on_page(
    contract_id: str, question_id: str, caller: SignedIn, parts: TheParts
) -> RedirectResponse:
    """Close a question."""
    support.close(parts, caller, contract_id, question_id)
    return RedirectResponse(f"/contracts/{contract_id}/service", SEE_OTHER)


def _service(
    request: Request,
    caller: Caller,
    parts: Parts,
    contract_id: str,
    *,
    entered: Mapping[str, str] = NOTHING,
    error: ExchangeError | None = None,
) -> Response:
    with parts.db.begin() as tx:
        contract = contracts.contract(tx, contract_id, caller)
        dataset = catalogue.dataset(tx, contract.dataset)
        asked = support.questions_of(tx, caller, contract_id)
        held = escrow.held(tx, escrow.Purpose.PREPAID, contract_id)
        months = measuring.reports_of(tx, caller, contract_id) if contract.levels else []
        live = [d for d in disputes.disputes_of(tx, caller) if d.contract == contract_id]
        now = measuring.so_far(tx, contract, parts.clock.now()) if contract.levels else None
        notes = {one.report.month: _notes(tx, caller, one) for one in months}
        planned = planning.announced(tx, dataset.id)
    is_consumer = caller.party == contract.consumer
    return render(
        request,
        "trust/service.html",
        http_status=200 if error is None else STATUS[error.kind],
        contract=contract,
        dataset=dataset,
        promised=level_words.of_levels(contract.levels, contract.tariff),
        current=now and [FindingSheet.of(one) for one in now.findings],
        months=[(one, [FindingSheet.of(f) for f in one.report.findings]) for one in months],
        notes=notes,
        questions=asked,
        held=held,
        disputes=live,
        planned=planned,
        is_consumer=is_consumer,
        may_announce=not is_consumer and caller.may(Role.STEWARD),
        may_dispute=caller.may(Role.BUYER if is_consumer else Role.STEWARD),
        entered=entered,
        error=error,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Note:
    """A credit note that a reader may open, and how its money goes back."""

    number: str
    sent: str


def _notes(tx: Connection, caller: Caller, kept: KeptReport) -> list[_Note]:
    """Return a month's credit notes to those who may open them: their two parties."""
    found = []
    for named in kept.notes:
        note = seen_document(tx, caller, named)
        if note is not None:
            found.append(_Note(number=note.number, sent=_sent(tx, note)))
    return found


def _sent(tx: Connection, note: IssuedInvoice) -> str:
    match sent_for(tx, note):
        case None:
            return ""
        case CardRefund(stage=CardRefundStage.DONE, amount=amount):
            return f"{amount.said('en')} with VAT went back to the card"
        case CardRefund(stage=CardRefundStage.ASKED, amount=amount):
            return f"{amount.said('en')} with VAT goes back to the card"
        case Payout(stage=PayoutStage.PAID, amount=amount):
            return f"{amount.said('en')} with VAT was transferred back"
        case Payout(stage=PayoutStage.ORDERED | PayoutStage.FILED, amount=amount):
            return f"{amount.said('en')} with VAT goes back by transfer"
        case failed:
            return f"{failed.amount.said('en')} with VAT could not be sent back, and is owed again"


def _question(  # noqa: PLR0917 - the page, and what was refused on it
    request: Request,
    caller: Caller,
    parts: Parts,
    contract_id: str,
    question_id: str,
    entered: Mapping[str, str] = NOTHING,
    error: ExchangeError | None = None,
) -> Response:
    with parts.db.begin() as tx:
        contract = contracts.contract(tx, contract_id, caller)
        found = support.question(tx, caller, contract_id, question_id)
    is_consumer = caller.party == contract.consumer
    return render(
        request,
        "trust/question.html",
        http_status=200 if error is None else STATUS[error.kind],
        contract=contract,
        question=found,
        is_consumer=is_consumer,
        may_speak=caller.may(Role.READER if is_consumer else Role.STEWARD),
        entered=entered,
        error=error,
    )
