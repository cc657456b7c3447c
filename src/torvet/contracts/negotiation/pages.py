"""The table at which two parties negotiate, as a page."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from torvet import catalogue
from torvet.contracts.forms import NOTE_MAX, REASON_MAX
from torvet.contracts.model import Offer
from torvet.contracts.orders import PURCHASE_ORDER_MAX, Order
from torvet.contracts.price_text import TEXT_MAX as PRICE_MAX
from torvet.contracts.price_text import from_text
from torvet.contracts.purposes import PURPOSES
from torvet.contracts.service import visible_offer
from torvet.parties.signin import SignedIn
from torvet.web.pages import render
from torvet.web.parts import TheParts

from . import service
from .model import Negotiation, NegotiationStage
from .service import Proposal
from .sheets import negotiation_sheets, table_sheet

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Dropped = Annotated[list[str], Form()]
PriceField = Annotated[str, Form(max_length=PRICE_MAX)]
WordsField = Annotated[str, Form(max_length=NOTE_MAX)]


@router.get("/negotiations")
def negotiations_page(request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """List what the caller's party negotiates."""
    with parts.db.begin() as tx:
        found = service.negotiations_of(tx, caller)
        sheets = negotiation_sheets(tx, found)
        datasets = catalogue.datasets_by_id(tx, sorted({it.dataset for it in found}))
    return render(request, "contracts/negotiations.html", found=sheets, datasets=datasets)


@router.get("/offers/{offer_id}/negotiation")
def opening_page(offer_id: str, request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Ask what should be otherwise in an offer."""
    with parts.db.begin() as tx:
        offer = visible_offer(tx, caller, offer_id)
        dataset = catalogue.dataset(tx, offer.dataset)
    return render(
        request, "contracts/opening.html", offer=offer, dataset=dataset, purposes=PURPOSES
    )


@router.post("/offers/{offer_id}/negotiation")
def open_on_page(  # noqa: PLR0917 - FastAPI calls it, by name
    offer_id: str,
    purpose: Annotated[str, Form(max_length=80)],
    caller: SignedIn,
    parts: TheParts,
    price: PriceField = "",
    words: WordsField = "",
    drop: Dropped = [],  # noqa: B006 - FastAPI reads it, and never changes it
    purchase_order: Annotated[str, Form(max_length=PURCHASE_ORDER_MAX)] = "",
    ean: Annotated[str, Form(max_length=20)] = "",
) -> RedirectResponse:
    """Begin to negotiate."""
    with parts.db.begin() as tx:
        offer = visible_offer(tx, caller, offer_id)
    made = service.propose(
        parts,
        caller,
        offer_id,
        _proposal(offer, price, words, drop),
        purpose=purpose,
        order=Order(purchase_order=purchase_order.strip(), ean=ean.replace(" ", "")),
    )
    return _to(made)


@router.get("/negotiations/{negotiation_id}")
def negotiation_page(
    negotiation_id: str, request: Request, caller: SignedIn, parts: TheParts
) -> Response:
    """Show every round, and what each side can do now."""
    with parts.db.begin() as tx:
        found, said = service.known_negotiation(tx, caller, negotiation_id)
        table = table_sheet(tx, caller, found, said)
        dataset = catalogue.dataset(tx, found.dataset)
    return render(
        request,
        "contracts/negotiation.html",
        table=table,
        dataset=dataset,
        side=found.side_of(caller.party),
        on_the_table=said[-1].terms,
        is_open=found.stage is NegotiationStage.OPEN,
    )


@router.post("/negotiations/{negotiation_id}/rounds")
def answer_on_page(  # noqa: PLR0917 - FastAPI calls it, by name
    negotiation_id: str,
    seen: Annotated[str, Form(max_length=64)],
    caller: SignedIn,
    parts: TheParts,
    price: PriceField = "",
    words: WordsField = "",
    drop: Dropped = [],  # noqa: B006 - FastAPI reads it, and never changes it
) -> RedirectResponse:
    """Put other terms on the table."""
    with parts.db.begin() as tx:
        _, said = service.known_negotiation(tx, caller, negotiation_id)
    proposal = _proposal(said[-1].terms, price, words, drop)
    return _to(service.answer(parts, caller, negotiation_id, proposal, seen=seen))


@router.post("/negotiations/{negotiation_id}/agreement")
def agree_on_page(
    negotiation_id: str,
    seen: Annotated[str, Form(max_length=64)],
    caller: SignedIn,
    parts: TheParts,
) -> RedirectResponse:
    """Agree to what is on the table."""
    made = service.agree(parts, caller, negotiation_id, seen=seen)
    return RedirectResponse(f"/contracts/{made.id}", status_code=303)


@router.post("/negotiations/{negotiation_id}/ending")
def end_on_page(
    negotiation_id: str,
    reason: Annotated[str, Form(min_length=1, max_length=REASON_MAX)],
    caller: SignedIn,
    parts: TheParts,
) -> RedirectResponse:
    """Leave the table."""
    return _to(service.end(parts, caller, negotiation_id, reason))


def _proposal(last: Offer, price: str, words: str, drop: list[str]) -> Proposal:
    """Return what a page can change: the price, and clauses that are left out."""
    kept = tuple(clause for clause in last.clauses if clause.kind not in drop)
    return Proposal(
        clauses=kept if len(kept) < len(last.clauses) else None,
        price=from_text(price) if price.strip() else None,
        words=words.strip(),
    )


def _to(it: Negotiation) -> RedirectResponse:
    return RedirectResponse(f"/negotiations/{it.id}", status_code=303)
