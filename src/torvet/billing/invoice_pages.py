"""The pages of documents: what is to be paid and how, what a sale brings, and what waits."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from torvet import parties
from torvet.parties import Scope
from torvet.parties.signin import SignedIn
from torvet.web.pages import render
from torvet.web.parts import TheParts

from . import payments
from .invoices import issuing, service
from .invoices.forms import KEY_MAX, REASON_MAX, WORD_OF
from .invoices.model import Kind
from .invoices.rules import totals_of
from .model import HOUSE

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SHOWN = 100
TITLES = {
    Kind.INVOICE: "Invoice",
    Kind.CREDIT_NOTE: "Credit note",
    Kind.SELF_BILLED_INVOICE: "Self-billed invoice",
    Kind.SELF_BILLED_CREDIT_NOTE: "Self-billed credit note",
}


@router.get("/invoices")
def invoices_page(
    request: Request, caller: SignedIn, parts: TheParts, *, every: bool = False
) -> Response:
    """List the documents of the reader's party, or all of them, and what waits for one."""
    with parts.db.begin() as tx:
        found = service.invoices_of(tx, caller, every=every, limit=SHOWN)
        waiting = issuing.waiting_for(tx, parts, caller, every=every)
        sides = {side for one in found for side in (one.party_from, one.party_to)}
        sides |= {side for one in waiting for side in (one.party, one.consumer)}
        names = _names(parties.parties_by_id(tx, sides - {HOUSE}))
    return render(
        request,
        "billing/invoices.html",
        found=found,
        waiting=waiting,
        names=names,
        titles=TITLES,
        every=every,
        shown=SHOWN,
    )


@router.get("/invoices/{invoice_id}")
def invoice_page(invoice_id: str, request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Show one document: its lines, its sums, and how it is paid."""
    with parts.db.begin() as tx:
        found = service.invoice(tx, caller, invoice_id)
        document = service.document(tx, found.id)
        sales = service.sales_told(tx, caller, found)
        notes = service.credit_notes_of(tx, found.id)
        before = None if found.preceding is None else service.invoice(tx, None, found.preceding)
    return render(
        request,
        "billing/invoice.html",
        it=found,
        document=document,
        totals=totals_of(document),
        sales=sales,
        notes=notes,
        before=before,
        title=TITLES[found.kind],
        word=WORD_OF[found.kind],
        buys=caller.party == found.party_to,
        key=parts.new_id("cn"),
    )


@router.post("/invoices/{invoice_id}/credit-notes")
def credit_on_page(
    invoice_id: str,
    reason: Annotated[str, Form(min_length=1, max_length=REASON_MAX)],
    key: Annotated[str, Form(min_length=1, max_length=KEY_MAX, pattern=r"^[\x21-\x7e]+$")],
    caller: SignedIn,
    parts: TheParts,
) -> RedirectResponse:
    """Take an invoice back as a whole, as the operator."""
    parties.check(caller, Scope.OPERATE)
    given = payments.give_back_by_hand(parts, caller, invoice_id, reason=reason, key=key)
    return RedirectResponse(f"/invoices/{given.note.number}", status_code=303)


def _names(found: dict[parties.PartyId, parties.Party]) -> dict[str, str]:
    return {HOUSE: "The exchange", **{id_: party.name for id_, party in found.items()}}
