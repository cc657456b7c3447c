"""Pages: how a contract's promises are kept, what was asked, and what is disputed."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from torvet import catalogue, contracts, parties
from torvet.billing import escrow
from torvet.contracts import level_words
from torvet.kit.money import Currency, Money
from torvet.parties.signin import SignedIn
from torvet.web.pages import render
from torvet.web.parts import TheParts

from . import deciding, disputes, evidence, measuring, support
from .deciding import Ruling
from .forms import TITLE_MAX, WORDS_MAX, FindingSheet
from .model import LIVE, About, Outcome

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Words = Annotated[str, Form(min_length=1, max_length=WORDS_MAX)]


@router.get("/contracts/{contract_id}/service")
def service_page(contract_id: str, request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Show a contract's promises and how they were kept, questions, held money and disputes."""
    with parts.db.begin() as tx:
        contract = contracts.contract(tx, contract_id, caller)
        dataset = catalogue.dataset(tx, contract.dataset)
        asked = support.questions_of(tx, caller, contract_id)
        held = escrow.held(tx, escrow.Purpose.PREPAID, contract_id)
        months = measuring.reports_of(tx, caller, contract_id) if contract.levels else []
        live = [d for d in disputes.disputes_of(tx, caller) if d.contract == contract_id]
        now = measuring.so_far(tx, contract, parts.clock.now()) if contract.levels else None
    return render(
        request,
        "trust/service.html",
        contract=contract,
        dataset=dataset,
        promised=level_words.of_levels(contract.levels, contract.tariff),
        current=now and [FindingSheet.of(one) for one in now.findings],
        months=[(one, [FindingSheet.of(f) for f in one.report.findings]) for one in months],
        questions=asked,
        held=held,
        disputes=live,
        is_consumer=caller.party == contract.consumer,
    )


@router.post("/contracts/{contract_id}/questions")
def ask_on_page(
    contract_id: str,
    title: Annotated[str, Form(min_length=1, max_length=TITLE_MAX)],
    words: Words,
    caller: SignedIn,
    parts: TheParts,
) -> RedirectResponse:
    """Ask the provider something."""
    made = support.ask(parts, caller, contract_id, title=title, words=words)
    return RedirectResponse(f"/contracts/{contract_id}/questions/{made.id}", status_code=303)


@router.get("/contracts/{contract_id}/questions/{question_id}")
def question_page(
    contract_id: str, question_id: str, request: Request, caller: SignedIn, parts: TheParts
) -> Response:
    """Show a question and what was said."""
    with parts.db.begin() as tx:
        contract = contracts.contract(tx, contract_id, caller)
        found = support.question(tx, caller, contract_id, question_id)
    is_consumer = caller.party == contract.consumer
    return render(
        request,
        "trust/question.html",
        contract=contract,
        question=found,
        is_consumer=is_consumer,
    )


@router.post("/contracts/{contract_id}/questions/{question_id}")
def write_on_page(
    contract_id: str, question_id: str, words: Words, caller: SignedIn, parts: TheParts
) -> RedirectResponse:
    """Write into a question."""
    support.write(parts, caller, contract_id, question_id, words)
    return RedirectResponse(f"/contracts/{contract_id}/questions/{question_id}", status_code=303)


@router.post("/contracts/{contract_id}/questions/{question_id}/closing")
def close_on_page(
    contract_id: str, question_id: str, caller: SignedIn, parts: TheParts
) -> RedirectResponse:
    """Close a question."""
    support.close(parts, caller, contract_id, question_id)
    return RedirectResponse(f"/contracts/{contract_id}/service", status_code=303)


@router.post("/contracts/{contract_id}/disputes")
def open_on_page(  # noqa: PLR0917 - FastAPI calls it, by name
    contract_id: str,
    about: Annotated[About, Form()],
    words: Words,
    caller: SignedIn,
    parts: TheParts,
    subject: Annotated[str, Form(max_length=64)] = "",
) -> RedirectResponse:
    """Open a dispute."""
    made = disputes.open_dispute(
        parts, caller, contract_id, about=about, subject=subject.strip(), words=words
    )
    return RedirectResponse(f"/disputes/{made.id}", status_code=303)


@router.get("/disputes")
def disputes_page(request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """List the disputes of the caller's party; to the operator all that are not over."""
    with parts.db.begin() as tx:
        found = disputes.disputes_of(tx, caller, every=caller.operator, live_only=caller.operator)
    return render(request, "trust/disputes.html", disputes=found)


@router.get("/disputes/{dispute_id}")
def dispute_page(dispute_id: str, request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Show a dispute to its two parties and to the operator."""
    with parts.db.begin() as tx:
        found = disputes.known(tx, caller, dispute_id)
        said = disputes.messages(tx, dispute_id)
        shown = evidence.evidence_of(tx, dispute_id)
        both = parties.parties_by_id(tx, [found.provider, found.consumer])
    return render(
        request,
        "trust/dispute.html",
        dispute=found,
        messages=said,
        evidence=shown,
        names={str(key): party.name for key, party in both.items()},
        is_live=found.stage in LIVE,
    )


@router.post("/disputes/{dispute_id}/messages")
def write_into_dispute_on_page(
    dispute_id: str, words: Words, caller: SignedIn, parts: TheParts
) -> RedirectResponse:
    """Write into a dispute."""
    disputes.write(parts, caller, dispute_id, words)
    return RedirectResponse(f"/disputes/{dispute_id}", status_code=303)


@router.post("/disputes/{dispute_id}/withdrawal")
def withdraw_on_page(dispute_id: str, caller: SignedIn, parts: TheParts) -> RedirectResponse:
    """Take a dispute back."""
    disputes.withdraw(parts, caller, dispute_id)
    return RedirectResponse(f"/disputes/{dispute_id}", status_code=303)


@router.post("/disputes/{dispute_id}/decision")
def decide_on_page(  # noqa: PLR0917 - FastAPI calls it, by name
    dispute_id: str,
    outcome: Annotated[Outcome, Form()],
    reason: Words,
    caller: SignedIn,
    parts: TheParts,
    amount: Annotated[str, Form(max_length=20)] = "",
    currency: Annotated[Currency, Form()] = Currency.DKK,
    invoice: Annotated[str, Form(max_length=64)] = "",
) -> RedirectResponse:
    """Decide a dispute, as the operator."""
    named = amount.strip()
    ruling = Ruling(
        outcome=outcome,
        reason=reason,
        amount=Money.from_decimal_text(named, currency) if named else None,
        invoice=invoice.strip() or None,
    )
    deciding.decide(parts, caller, dispute_id, ruling)
    return RedirectResponse(f"/disputes/{dispute_id}", status_code=303)
