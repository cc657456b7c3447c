"""Pages of disputes: for the two parties of a contract, and for the operator who decides."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from torvet import catalogue, contracts, parties
from torvet.billing.invoices import InvoiceNotFound, IssuedInvoice, invoice
from torvet.kit.errors import ExchangeError
from torvet.kit.money import Currency, Money
from torvet.parties import Caller, Role
from torvet.parties.signin import SignedIn
from torvet.ports.parts import Parts
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import deciding, disputes, evidence
from .deciding import Ruling
from .forms import Words
from .model import LIVE, About, Dispute, Outcome

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SHOWN = 50
SEE_OTHER = 303
NOTHING: Mapping[str, str] = MappingProxyType({})

Subject = Annotated[str, Field(max_length=64)]


class Contested(BaseModel):
    """What the form that opens a dispute says, as it was typed."""

    about: About
    subject: Subject = ""
    words: Words


class Ruled(BaseModel):
    """What the form of a decision says, as it was typed."""

    outcome: Outcome
    reason: Words
    amount: Annotated[str, Field(max_length=30)] = ""
    currency: Currency = Currency.DKK
    invoice: Subject = ""

    def to_ruling(self) -> Ruling:
        named = self.amount.strip()
        return Ruling(
            outcome=self.outcome,
            reason=self.reason,
            amount=Money.typed(named, self.currency) if named else None,
            invoice=self.invoice.strip() or None,
        )


@router.get("/contracts/{contract_id}/dispute")
def opening_page(  # noqa: PLR0917 - FastAPI calls it, by name
    contract_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    about: About = About.SERVICE,
    subject: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Ask what a party of a contract does not agree with, and why."""
    entered = {"about": about.value, "subject": subject}
    return _opening(request, caller, parts, contract_id, entered)


@router.post("/contracts/{contract_id}/disputes")
def open_on_page(
    contract_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    contested: Annotated[Contested, Form()],
) -> Response:
    """Open a dispute; one that cannot be opened comes back with what is wrong."""
    subject = contested.subject.strip()
    try:
        made = disputes.open_dispute(
            parts,
            caller,
            contract_id,
            about=contested.about,
            subject=subject,
            words=contested.words,
        )
    except ExchangeError as error:
        entered = contested.model_dump(mode="json")
        return _opening(request, caller, parts, contract_id, entered, error)
    return RedirectResponse(f"/disputes/{made.id}", SEE_OTHER)


@router.get("/disputes")
def disputes_page(
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    *,
    past: bool = False,
    after: Annotated[str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")] = None,
) -> Response:
    """List the disputes of the caller's party; to the operator all of them."""
    with parts.db.begin() as tx:
        found = disputes.disputes_of(
            tx, caller, every=caller.operator, live_only=not past, after=after, limit=SHOWN + 1
        )
        sides = {side for one in found for side in one.parties}
        known = parties.parties_by_id(tx, sorted(sides))
    return render(
        request,
        "trust/disputes.html",
        disputes=found[:SHOWN],
        following=found[SHOWN - 1].id if len(found) > SHOWN else None,
        names={str(key): party.name for key, party in known.items()},
        past=past,
    )


@router.get("/disputes/{dispute_id}")
def dispute_page(dispute_id: str, request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Show a dispute to its two parties and to the operator."""
    return _shown(request, caller, parts, dispute_id)


@router.post("/disputes/{dispute_id}/messages")
def write_into_dispute_on_page(
    dispute_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    words: Annotated[Words, Form()],
) -> Response:
    """Write into a dispute."""
    deed = partial(disputes.write, parts, caller, dispute_id, words)
    return _done(request, caller, parts, dispute_id, deed, {"words": words})


@router.post("/disputes/{dispute_id}/withdrawal")
def withdraw_on_page(
    dispute_id: str, request: Request, caller: SignedIn, parts: TheParts
) -> Response:
    """Take a dispute back."""
    deed = partial(disputes.withdraw, parts, caller, dispute_id)
    return _done(request, caller, parts, dispute_id, deed)


@router.post("/disputes/{dispute_id}/decision")
def decide_on_page(
    dispute_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    ruled: Annotated[Ruled, Form()],
) -> Response:
    """Decide a dispute, as the operator; what cannot be done comes back as it was typed."""

    def deed() -> None:
        deciding.decide(parts, caller, dispute_id, ruled.to_ruling())

    return _done(request, caller, parts, dispute_id, deed, ruled.model_dump(mode="json"))


def _done(  # noqa: PLR0917 - who does what where, and what they had entered
    request: Request,
    caller: Caller,
    parts: Parts,
    dispute_id: str,
    deed: Callable[[], object],
    entered: Mapping[str, str] = NOTHING,
) -> Response:
    try:
        deed()
    except ExchangeError as error:
        return _shown(request, caller, parts, dispute_id, entered=entered, error=error)
    return RedirectResponse(f"/disputes/{dispute_id}", SEE_OTHER)


def _shown(
    request: Request,
    caller: Caller,
    parts: Parts,
    dispute_id: str,
    *,
    entered: Mapping[str, str] = NOTHING,
    error: ExchangeError | None = None,
) -> Response:
    with parts.db.begin() as tx:
        found = disputes.known(tx, caller, dispute_id)
        said = disputes.messages(tx, dispute_id)
        shown = evidence.evidence_of(tx, dispute_id)
        both = parties.parties_by_id(tx, [found.provider, found.consumer])
        decision = found.decision
        note = decision and decision.credit_note and seen_document(tx, caller, decision.credit_note)
        about = seen_document(tx, caller, found.subject) if found.about is About.INVOICE else None
    may_speak = _may_speak(caller, found)
    return render(
        request,
        "trust/dispute.html",
        http_status=200 if error is None else STATUS[error.kind],
        dispute=found,
        messages=said,
        evidence=shown,
        names={str(key): party.name for key, party in both.items()},
        is_live=found.stage in LIVE,
        may_speak=may_speak,
        may_withdraw=may_speak and caller.party == found.opened_by,
        note=note,
        about=about,
        entered=entered,
        error=error,
    )


def seen_document(tx: Connection, caller: Caller, named: str) -> IssuedInvoice | None:
    """Return a document where the caller may open it."""
    try:
        return invoice(tx, caller, named)
    except InvoiceNotFound:
        return None


def _may_speak(caller: Caller, found: Dispute) -> bool:
    if caller.party == found.consumer:
        return caller.may(Role.BUYER)
    return caller.may(Role.STEWARD) if caller.party == found.provider else caller.operator


def _opening(  # noqa: PLR0917 - the page, and what was refused on it
    request: Request,
    caller: Caller,
    parts: Parts,
    contract_id: str,
    entered: Mapping[str, str],
    error: ExchangeError | None = None,
) -> Response:
    with parts.db.begin() as tx:
        contract = contracts.contract(tx, contract_id, caller)
        dataset = catalogue.dataset(tx, contract.dataset)
    return render(
        request,
        "trust/opening.html",
        http_status=200 if error is None else STATUS[error.kind],
        contract=contract,
        dataset=dataset,
        entered=entered,
        error=error,
    )
