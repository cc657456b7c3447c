"""Pages on which a provider writes an offer, reads it as buyers will, makes it, withdraws it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from torvet import catalogue, parties
from torvet.catalogue import Dataset
from torvet.kit.entered import Entered
from torvet.kit.errors import ExchangeError
from torvet.parties import Caller
from torvet.parties.signin import SignedIn
from torvet.ports.parts import Parts
from torvet.web.entered import TheFields
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import service
from .errors import PreviewShowsMore, TermsUnreadable
from .fields.clauses import Fields, clause_fields, clauses_entered
from .fields.levels import level_fields, levels_entered
from .fields.prices import cases_shown, cases_used, price_entered, price_fields
from .forms import TITLE_MAX, Title
from .levels import words as level_words
from .levels.model import NO_LEVELS
from .model import Approval, Offer
from .panels import panels_beside_offer
from .prices import words as price_words
from .prices.model import FREE
from .purposes import PURPOSES, Purpose
from .service import Draft
from .terms import words as terms_in_words

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SEE_OTHER = 303

T = TypeVar("T")

_title_form = TypeAdapter[str](Title)


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
        fields = offer_fields(offer, sorted(party.slug for party in audience.values()))
    return _form(request, parts, caller, slug, Entered(fields))


@router.post("/datasets/{slug}/offers/new")
def write_offer(
    slug: str, request: Request, caller: SignedIn, parts: TheParts, entered: TheFields
) -> Response:
    """Show the offer as buyers will read it, change it, or make it: `step` says which."""
    step = entered.line("step")
    if step == "change":
        return _form(request, parts, caller, slug, entered)
    with parts.db.begin() as tx:
        hours = service.stated_hours(service.own_dataset(tx, caller, slug))
    reading = Reading()
    draft = draft_entered(reading, entered, hours)
    read = reading.do(lambda: service.preview_offer(parts, caller, slug, draft))
    if read is not None and step == "make" and entered.line("seen") == read.digest:
        made = reading.do(lambda: service.make_offer(parts, caller, slug, draft))
        if made is not None:
            return RedirectResponse(f"/datasets/{slug}#{made.id}", SEE_OTHER)
    if read is None or reading.errors:
        return _form(request, parts, caller, slug, entered, reading.errors)
    return _reading(request, parts, caller, slug, entered, read, moved=step == "make")


@router.post("/offers/{offer_id}/withdrawal")
def withdraw_on_page(offer_id: str, caller: SignedIn, parts: TheParts) -> RedirectResponse:
    """Withdraw an offer from its dataset's page."""
    withdrawn = service.withdraw_offer(parts, caller, offer_id)
    with parts.db.begin() as tx:
        dataset = catalogue.dataset(tx, withdrawn.dataset)
    return RedirectResponse(f"/datasets/{dataset.slug}#{offer_id}", SEE_OTHER)


@dataclass(slots=True)
class Reading:
    """Reads the parts of a form, and gathers what is wrong with each of them."""

    errors: list[ExchangeError] = field(default_factory=list)

    def read(self, reader: Callable[[], T], otherwise: T) -> T:
        """Return what `reader` reads, or `otherwise` where that is wrong."""
        try:
            return reader()
        except ExchangeError as error:
            self.errors.append(error)
            return otherwise

    def do(self, deed: Callable[[], T]) -> T | None:
        """Do `deed` where nothing was wrong; return None where it was, or is refused."""
        return None if self.errors else self.read(deed, None)


def draft_entered(reading: Reading, entered: Entered, hours: int | None) -> Draft:
    """Return the offer that was entered; `hours` is how often the dataset is brought up to date."""
    return Draft(
        title=reading.read(lambda: _title(entered), ""),
        clauses=reading.read(lambda: clauses_entered(entered), ()),
        approval=(
            Approval.ON_REQUEST if entered.line("approval") == "on-request" else Approval.AT_ONCE
        ),
        audience=tuple(entered.line("audience").replace(",", " ").split()) or None,
        price=reading.read(lambda: price_entered(entered), FREE),
        levels=reading.read(lambda: levels_entered(entered, stated_hours=hours), NO_LEVELS),
        preview_acknowledged=entered.has("preview_acknowledged"),
    )


def _title(entered: Entered) -> str:
    try:
        return _title_form.validate_python(entered.line("title"))
    except ValidationError as wrong:
        fault = f"the title is no line of 1 to {TITLE_MAX} characters"
        raise TermsUnreadable((fault,)) from wrong


def offer_fields(offer: Offer, audience: Sequence[str]) -> Fields:
    """Return the fields in which an offer stands; `audience` are short names."""
    return {
        "title": (offer.title,),
        "approval": (offer.approval.value,),
        "audience": (", ".join(audience),),
        **terms_of(offer),
    }


def terms_of(offer: Offer) -> Fields:
    """Return the fields in which terms, price and levels of an offer stand."""
    return {
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
        choices = choices_of(tx, dataset, entered)
    shown_more = any(isinstance(error, PreviewShowsMore) for error in errors)
    return render(
        request,
        "contracts/offer_form.html",
        http_status=STATUS[errors[0].kind] if errors else 200,
        dataset=dataset,
        entered=entered,
        errors=errors,
        it=choices,
        acknowledging=shown_more or entered.has("preview_acknowledged"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the fields of terms, price and levels offer to choose from."""

    purposes: Mapping[str, Purpose]
    kinds: Mapping[str, str]
    columns: list[str]
    others: int
    """For how many other prices there are fields."""
    used: list[int]
    stated_hours: int | None
    opened: bool = False


def choices_of(tx: Connection, dataset: Dataset, entered: Entered) -> Choices:
    """Return what the fields of an offer of `dataset` offer, with `entered` in them."""
    return Choices(
        purposes=PURPOSES,
        kinds={kind.value: price_words.kind_words(kind).en for kind in parties.PartyKind},
        columns=list(service.column_types(tx, dataset.id) or ()),
        others=cases_shown(entered),
        used=cases_used(entered),
        stated_hours=service.stated_hours(dataset),
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
