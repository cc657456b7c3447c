"""The page of one dataset: what it is, how good it is, a look inside, and the terms to have it."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection

from torvet import catalogue, parties
from torvet.catalogue import ColumnProfile, Dataset, Release
from torvet.kit.entered import NOTHING_ENTERED, Entered
from torvet.kit.errors import ExchangeError
from torvet.parties import Caller
from torvet.parties.signin import SignedIn, TheCaller
from torvet.ports.parts import Parts
from torvet.web.entered import TheFields
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import service
from .clauses import Purposes
from .errors import OrderInvalid
from .fields.orders import order_entered
from .forms import NOTE_MAX
from .levels import words as level_words
from .model import Offer
from .panels import panels_of
from .prices import words as price_words
from .purposes import PURPOSES, Purpose, is_within
from .sentences import Sentence
from .terms import words as terms_in_words

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

LISTED_MAX = 500
HISTOGRAM_WIDTH = 128
HISTOGRAM_HEIGHT = 27


@router.get("/datasets/{slug}")
def dataset_page(slug: str, request: Request, caller: TheCaller, parts: TheParts) -> Response:
    """Show a dataset to whoever may see it."""
    return _dataset(request, parts, caller, slug)


@router.post("/offers/{offer_id}/acceptance")
def accept_on_page(
    offer_id: str, request: Request, caller: SignedIn, parts: TheParts, entered: TheFields
) -> Response:
    """Accept an offer from its dataset's page; what is refused comes back there as it was entered.

    Whoever may not see the offer is told no more than that there is none.
    """
    with parts.db.begin() as tx:
        offer = service.visible_offer(tx, caller, offer_id)
        dataset = catalogue.dataset(tx, offer.dataset)
    try:
        made = service.accept(
            parts,
            caller,
            offer_id,
            purpose=entered.line("purpose"),
            note=_note(entered, offer),
            seen=entered.line("seen"),
            order=order_entered(entered, offer),
        )
    except ExchangeError as error:
        return _dataset(
            request, parts, caller, dataset.slug, refusal=Refusal(offer.id, entered, error)
        )
    return RedirectResponse(f"/contracts/{made.id}", status_code=303)


def _note(entered: Entered, offer: Offer) -> str:
    note = entered.text("note").strip()
    if len(note) > NOTE_MAX or "\0" in note:
        raise OrderInvalid(offer.id, (f"the note has more than {NOTE_MAX:,} characters",))
    return note


@dataclass(frozen=True, slots=True)
class Refusal:
    """An acceptance that was refused: of what, what was entered, and why."""

    offer: str
    entered: Entered
    error: ExchangeError


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferInWords:
    """An offer as a dataset's page says it."""

    offer: Offer
    terms: list[Sentence]
    price: list[Sentence]
    levels: list[Sentence]
    audience: list[str]
    """Names of those who may accept it; its provider alone reads them."""
    purposes: Mapping[str, Purpose]
    """Those that it allows, for a buyer to choose from."""
    entered: Entered = NOTHING_ENTERED


def _dataset(
    request: Request, parts: Parts, caller: Caller, slug: str, refusal: Refusal | None = None
) -> Response:
    with parts.db.begin() as tx:
        dataset = catalogue.visible_dataset(tx, slug, caller)
        provider = parties.party(tx, dataset.provider)
        releases = catalogue.releases(tx, dataset.id)
        newest = max(releases, key=lambda release: release.number, default=None)
        seen = _look(tx, parts, caller, dataset, newest) if newest else {}
        offers = _offers(tx, caller, slug, refusal)
        panels = panels_of(tx, caller, dataset)
        waiting = catalogue.waiting_for(tx, caller, dataset)
    return render(
        request,
        "contracts/dataset.html",
        http_status=200 if refusal is None else STATUS[refusal.error.kind],
        dataset=dataset,
        provider=provider,
        releases=releases,
        newest=newest,
        seen=seen,
        waiting=waiting,
        offers=offers,
        refusal=refusal,
        offering=caller.party == dataset.provider and caller.may(parties.Role.STEWARD),
        buying=caller.may(parties.Role.BUYER),
        panels=panels,
        bars=bars,
        frequency=catalogue.frequency_in_words(dataset.frequency, "en"),
    )


def _offers(
    tx: Connection, caller: Caller, slug: str, refusal: Refusal | None
) -> list[OfferInWords]:
    found = service.offers_of(tx, caller, slug)
    own = [offer for offer in found if offer.provider == caller.party]
    known = parties.parties_by_id(tx, {party for offer in own for party in offer.audience or ()})
    return [
        OfferInWords(
            offer=offer,
            terms=terms_in_words(offer.clauses),
            price=price_words.of_price(offer.price),
            levels=level_words.of_levels(offer.levels, offer.price),
            purposes=_allowed(offer),
            audience=sorted(known[one].name for one in offer.audience or () if one in known),
            entered=refusal.entered if refusal and refusal.offer == offer.id else NOTHING_ENTERED,
        )
        for offer in found
    ]


def _allowed(offer: Offer) -> dict[str, Purpose]:
    named = [clause.codes for clause in offer.clauses if isinstance(clause, Purposes)]
    return {
        code: purpose
        for code, purpose in PURPOSES.items()
        if all(any(is_within(code, broad) for broad in codes) for codes in named)
    }


def _look(
    tx: Connection, parts: Parts, caller: Caller, dataset: Dataset, newest: Release
) -> dict[str, object]:
    return {
        "profile": catalogue.profile_for(tx, dataset, newest, caller),
        "quality": catalogue.quality_for(tx, dataset, newest, caller, parts.clock.now()),
        "preview": catalogue.preview_for(tx, dataset, newest, caller),
        "certificate": catalogue.certificate_in_words(tx, dataset, newest),
    }


def bars(column: ColumnProfile) -> list[tuple[float, float, float, float]]:
    """Return a column's histogram as rectangles: x, y, width, height in HISTOGRAM units."""
    counts = [each.count for each in column.histogram]
    if not counts or max(counts) == 0:
        return []
    width = HISTOGRAM_WIDTH / len(counts)
    heights = [HISTOGRAM_HEIGHT * count / max(counts) for count in counts]
    return [
        (round(number * width, 1), round(HISTOGRAM_HEIGHT - height, 1), round(width - 1, 1), height)
        for number, height in enumerate(heights)
    ]
