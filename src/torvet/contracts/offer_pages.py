"""Pages on which a provider writes an offer, reads it as buyers will, makes it, withdraws it."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from torvet import catalogue, parties
from torvet.kit.entered import Entered
from torvet.kit.errors import ExchangeError
from torvet.parties import Caller
from torvet.parties.signin import SignedIn
from torvet.ports.parts import Parts
from torvet.web.entered import TheFields
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import level_words, price_words, service
from .clause_fields import Fields, clause_fields, clauses_entered
from .errors import PreviewShowsMore, TermsUnreadable
from .level_fields import level_fields, levels_entered
from .model import Approval, Offer
from .panels import panels_beside_offer
from .price_fields import cases_shown, cases_used, price_entered, price_fields
from .prices import FREE
from .purposes import PURPOSES
from .service import Draft
from .service_levels import NO_LEVELS
from .terms import words as terms_in_words

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

TITLE_MAX = 200
SEE_OTHER = 303

T = TypeVar("T")


@router.get("/datasets/{slug}/offers/new")
def new_offer_page(
    slug: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    like: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Ask for the terms of an offer; `like` names one whose terms it begins with."""
    fields: Fields = {}
    if like:
        with parts.db.begin() as tx:
            service.own_dataset(tx, caller, slug)
            offer = service.visible_offer(tx, caller, like)
            audience = parties.parties_by_id(tx, set(offer.audience or ()))
        fields = _fields(offer, sorted(party.slug for party in audience.values()))
    return _form(request, parts, caller, slug, Entered(fields))


@router.post("/datasets/{slug}/offers/new")
def write_offer(
    slug: str, request: Request, caller: SignedIn, parts: TheParts, entered: TheFields
) -> Response:
    """Show the offer as buyers will read it, change it, or make it: `step` says which."""
    step = entered.line("step")
    if step == "change":
        return _form(request, parts, caller, slug, entered)
    draft, errors = _draft(parts, caller, slug, entered)
    if errors:
        return _form(request, parts, caller, slug, entered, errors)
    try:
        read = service.preview_offer(parts, caller, slug, draft)
        if step == "make" and entered.line("seen") == read.digest:
            made = service.make_offer(parts, caller, slug, draft)
            return RedirectResponse(f"/datasets/{slug}#{made.id}", SEE_OTHER)
    except ExchangeError as error:
        return _form(request, parts, caller, slug, entered, [error])
    return _reading(request, parts, caller, slug, entered, read, moved=step == "make")


@router.post("/offers/{offer_id}/withdrawal")
def withdraw_on_page(offer_id: str, caller: SignedIn, parts: TheParts) -> RedirectResponse:
    """Withdraw an offer from its dataset's page."""
    withdrawn = service.withdraw_offer(parts, caller, offer_id)
    with parts.db.begin() as tx:
        dataset = catalogue.dataset(tx, withdrawn.dataset)
    return RedirectResponse(f"/datasets/{dataset.slug}#{offer_id}", SEE_OTHER)


def _draft(
    parts: Parts, caller: Caller, slug: str, entered: Entered
) -> tuple[Draft, list[ExchangeError]]:
    """Return the offer that was entered, and everything that is wrong with what was entered."""
    with parts.db.begin() as tx:
        dataset = service.own_dataset(tx, caller, slug)
    hours = service.stated_hours(dataset)
    errors: list[ExchangeError] = []

    def read(reader: Callable[[], T], otherwise: T) -> T:
        try:
            return reader()
        except ExchangeError as error:
            errors.append(error)
            return otherwise

    draft = Draft(
        title=read(lambda: _title(entered), ""),
        clauses=read(lambda: clauses_entered(entered), ()),
        approval=(
            Approval.ON_REQUEST if entered.line("approval") == "on-request" else Approval.AT_ONCE
        ),
        audience=tuple(entered.line("audience").replace(",", " ").split()) or None,
        price=read(lambda: price_entered(entered), FREE),
        levels=read(lambda: levels_entered(entered, stated_hours=hours), NO_LEVELS),
        preview_acknowledged=entered.has("preview_acknowledged"),
    )
    return draft, errors


def _title(entered: Entered) -> str:
    title = entered.line("title")
    if not 0 < len(title) <= TITLE_MAX or not title.isprintable():
        raise TermsUnreadable((f"the title is no line of 1 to {TITLE_MAX} characters",))
    return title


def _fields(offer: Offer, audience: Sequence[str]) -> Fields:
    return {
        "title": (offer.title,),
        "approval": (offer.approval.value,),
        "audience": (", ".join(audience),),
        **clause_fields(offer.clauses),
        **price_fields(offer.price),
        **level_fields(offer.levels),
    }


def _form(  # noqa: PLR0917 - whoever asks, of what, and what was wrong
    request: Request,
    parts: Parts,
    caller: Caller,
    slug: str,
    entered: Entered,
    errors: Sequence[ExchangeError] = (),
) -> Response:
    with parts.db.begin() as tx:
        dataset = service.own_dataset(tx, caller, slug)
        columns = service.column_types(tx, dataset.id)
    shown_more = any(isinstance(error, PreviewShowsMore) for error in errors)
    return render(
        request,
        "contracts/offer_form.html",
        http_status=STATUS[errors[0].kind] if errors else 200,
        dataset=dataset,
        entered=entered,
        errors=errors,
        purposes=PURPOSES,
        kinds={kind.value: price_words.kind_words(kind).en for kind in parties.PartyKind},
        columns=list(columns or ()),
        others=cases_shown(entered),
        used=cases_used(entered),
        stated_hours=service.stated_hours(dataset),
        acknowledging=shown_more or entered.has("preview_acknowledged"),
    )


def _reading(  # noqa: PLR0917 - whoever asks, of what, and what it says
    request: Request,
    parts: Parts,
    caller: Caller,
    slug: str,
    entered: Entered,
    offer: Offer,
    *,
    moved: bool,
) -> Response:
    with parts.db.begin() as tx:
        dataset = service.own_dataset(tx, caller, slug)
        audience = parties.parties_by_id(tx, set(offer.audience or ()))
        panels = panels_beside_offer(tx, parts, caller, offer)
    return render(
        request,
        "contracts/offer_read.html",
        dataset=dataset,
        entered=entered,
        offer=offer,
        terms=terms_in_words(offer.clauses),
        price=price_words.of_price(offer.price),
        levels=level_words.of_levels(offer.levels, offer.price),
        audience=sorted(party.name for party in audience.values()),
        panels=panels,
        moved=moved,
    )
