"""The table at which two parties negotiate, as a page."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, TypeVar

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from torvet import catalogue
from torvet.contracts.errors import TermsUnreadable
from torvet.contracts.fields.clauses import clauses_entered
from torvet.contracts.fields.levels import levels_entered
from torvet.contracts.fields.orders import order_entered
from torvet.contracts.fields.prices import price_entered
from torvet.contracts.forms import NOTE_MAX, REASON_MAX
from torvet.contracts.levels import words as level_words
from torvet.contracts.model import Offer
from torvet.contracts.offer_pages import Reading, choices_of, terms_of
from torvet.contracts.orders import NO_ORDER
from torvet.contracts.prices import words as price_words
from torvet.contracts.prices.text import from_text
from torvet.contracts.service import stated_hours, visible_offer
from torvet.contracts.terms import words as terms_in_words
from torvet.kit.entered import Entered
from torvet.kit.errors import ExchangeError
from torvet.parties import Caller, Role
from torvet.parties.signin import SignedIn
from torvet.ports.parts import Parts
from torvet.web.entered import TheFields
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import service
from .model import Negotiation, NegotiationStage, Side
from .service import Proposal
from .sheets import negotiation_sheets, table_sheet

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

T = TypeVar("T")


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
    return _opening(request, parts, offer, Entered(terms_of(offer)))


@router.post("/offers/{offer_id}/negotiation")
def open_on_page(
    offer_id: str, request: Request, caller: SignedIn, parts: TheParts, entered: TheFields
) -> Response:
    """Begin to negotiate; what cannot be proposed comes back as it was entered."""
    with parts.db.begin() as tx:
        offer = visible_offer(tx, caller, offer_id)
        hours = stated_hours(catalogue.dataset(tx, offer.dataset))
    reading = Reading()
    proposal = _proposal(reading, offer, entered, hours)
    order = reading.read(lambda: order_entered(entered, offer), NO_ORDER)
    made = reading.do(
        lambda: service.propose(
            parts, caller, offer_id, proposal, purpose=entered.line("purpose"), order=order
        )
    )
    if made is None:
        return _opening(request, parts, offer, entered, reading.errors)
    return _to(made)


@router.get("/negotiations/{negotiation_id}")
def negotiation_page(
    negotiation_id: str, request: Request, caller: SignedIn, parts: TheParts
) -> Response:
    """Show every round, and what each side can do now."""
    return _at_the_table(request, parts, caller, negotiation_id)


@router.post("/negotiations/{negotiation_id}/rounds")
def answer_on_page(
    negotiation_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    entered: TheFields,
) -> Response:
    """Put other terms on the table; what cannot be proposed comes back as it was entered."""
    with parts.db.begin() as tx:
        _, said = service.known_negotiation(tx, caller, negotiation_id)
        last = said[-1].terms
        hours = stated_hours(catalogue.dataset(tx, last.dataset))
    reading = Reading()
    proposal = _proposal(reading, last, entered, hours)
    seen = entered.line("seen")
    moved = reading.do(lambda: service.answer(parts, caller, negotiation_id, proposal, seen=seen))
    if moved is None:
        return _at_the_table(request, parts, caller, negotiation_id, entered, reading.errors)
    return _to(moved)


@router.post("/negotiations/{negotiation_id}/agreement")
def agree_on_page(
    negotiation_id: str,
    seen: Annotated[str, Form(max_length=64)],
    request: Request,
    caller: SignedIn,
    parts: TheParts,
) -> Response:
    """Agree to what is on the table; where that cannot be, the table says why."""
    with parts.db.begin() as tx:
        service.known_negotiation(tx, caller, negotiation_id)
    reading = Reading()
    made = reading.do(lambda: service.agree(parts, caller, negotiation_id, seen=seen))
    if made is None:
        return _at_the_table(request, parts, caller, negotiation_id, errors=reading.errors)
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


def _opening(
    request: Request,
    parts: Parts,
    offer: Offer,
    entered: Entered,
    errors: Sequence[ExchangeError] = (),
) -> Response:
    with parts.db.begin() as tx:
        dataset = catalogue.dataset(tx, offer.dataset)
        choices = choices_of(tx, dataset, entered)
    return render(
        request,
        "contracts/opening.html",
        http_status=STATUS[errors[0].kind] if errors else 200,
        offer=offer,
        dataset=dataset,
        entered=entered,
        it=replace(choices, opened=bool(errors)),
        errors=errors,
    )


def _at_the_table(  # noqa: PLR0917 - whoever asks, of what, and what was wrong
    request: Request,
    parts: Parts,
    caller: Caller,
    negotiation_id: str,
    entered: Entered | None = None,
    errors: Sequence[ExchangeError] = (),
) -> Response:
    with parts.db.begin() as tx:
        found, said = service.known_negotiation(tx, caller, negotiation_id)
        table = table_sheet(tx, caller, found, said)
        dataset = catalogue.dataset(tx, found.dataset)
        last, side = said[-1].terms, found.side_of(caller.party)
        shown = Entered(terms_of(last)) if entered is None else entered
        choices = choices_of(tx, dataset, shown)
    return render(
        request,
        "contracts/negotiation.html",
        http_status=STATUS[errors[0].kind] if errors else 200,
        table=table,
        dataset=dataset,
        side=side,
        on_the_table=last,
        terms=terms_in_words(last.clauses),
        price=price_words.of_price(last.price),
        levels=level_words.of_levels(last.levels, last.price),
        may_speak=caller.may(Role.BUYER if side is Side.CONSUMER else Role.STEWARD),
        is_open=found.stage is NegotiationStage.OPEN,
        entered=shown,
        it=replace(choices, opened=entered is not None),
        errors=errors,
    )


def _proposal(reading: Reading, last: Offer, entered: Entered, hours: int | None) -> Proposal:
    """Return what was entered otherwise than it is in `last`."""
    words = entered.text("words").strip()
    if len(words) > NOTE_MAX or "\0" in words:
        fault = f"the words to the other side have more than {NOTE_MAX:,} characters"
        reading.errors.append(TermsUnreadable((fault,)))
    price = entered.line("price")
    typed = reading.read(lambda: from_text(price), None) if price else None
    if not entered.has("whole"):
        return Proposal(price=typed, words=words)
    was = Entered(terms_of(last))

    def changed(reader: Callable[[Entered], T]) -> T | None:
        found = reading.read(lambda: reader(entered), None)
        return None if found == reader(was) else found

    return Proposal(
        clauses=changed(clauses_entered),
        price=typed or changed(price_entered),
        levels=changed(lambda fields: levels_entered(fields, stated_hours=hours)),
        words=words,
    )


def _to(it: Negotiation) -> RedirectResponse:
    return RedirectResponse(f"/negotiations/{it.id}", status_code=303)
