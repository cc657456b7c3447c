"""The page of one dataset: what it is, how good it is, a look inside, and the terms to have it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection

from torvet import catalogue, parties
from torvet.catalogue import ColumnProfile, Dataset, Release
from torvet.parties import Caller
from torvet.parties.signin import SignedIn, TheCaller
from torvet.ports.parts import Parts
from torvet.web.pages import render
from torvet.web.parts import TheParts

from . import capping, entitlement, level_words, price_words, service
from .forms import REASON_MAX
from .model import Contract
from .orders import PURCHASE_ORDER_MAX, Order
from .panels import panels_of
from .purposes import PURPOSES
from .sentences import moment
from .sheets import contract_sheets
from .terms import words as terms_in_words

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

LISTED_MAX = 500
HISTOGRAM_WIDTH = 128
HISTOGRAM_HEIGHT = 27


@router.get("/datasets/{slug}")
def dataset_page(slug: str, request: Request, caller: TheCaller, parts: TheParts) -> Response:
    """Show a dataset to whoever may see it."""
    with parts.db.begin() as tx:
        dataset = catalogue.visible_dataset(tx, slug, caller)
        provider = parties.party(tx, dataset.provider)
        releases = catalogue.releases(tx, dataset.id)
        newest = max(releases, key=lambda release: release.number, default=None)
        seen = _look(tx, parts, caller, dataset, newest) if newest else {}
        offers = service.offers_of(tx, caller, slug)
        panels = panels_of(tx, caller, dataset)
        waiting = catalogue.waiting_for(tx, caller, dataset)
    return render(
        request,
        "contracts/dataset.html",
        dataset=dataset,
        provider=provider,
        releases=releases,
        newest=newest,
        seen=seen,
        waiting=waiting,
        offers=[
            (
                offer,
                terms_in_words(offer.clauses),
                price_words.of_price(offer.price),
                level_words.of_levels(offer.levels, offer.price),
            )
            for offer in offers
        ],
        purposes=PURPOSES,
        panels=panels,
        bars=bars,
        frequency=catalogue.frequency_in_words(dataset.frequency, "en"),
    )


@router.post("/offers/{offer_id}/acceptance")
def accept_on_page(  # noqa: PLR0917 - FastAPI calls it, by name
    offer_id: str,
    purpose: Annotated[str, Form(max_length=80)],
    seen: Annotated[str, Form(max_length=64)],
    caller: SignedIn,
    parts: TheParts,
    purchase_order: Annotated[str, Form(max_length=PURCHASE_ORDER_MAX)] = "",
    ean: Annotated[str, Form(max_length=20)] = "",
) -> RedirectResponse:
    """Accept an offer from its dataset's page."""
    order = Order(purchase_order=purchase_order.strip(), ean=ean.replace(" ", ""))
    made = service.accept(parts, caller, offer_id, purpose=purpose, seen=seen, order=order)
    return RedirectResponse(f"/contracts/{made.id}", status_code=303)


@router.get("/contracts")
def contracts_page(request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """List what the caller's party gives and takes."""
    parties.check(caller, parties.Role.READER)
    assert caller.party is not None, "a reader reads for a party"
    with parts.db.begin() as tx:
        found = entitlement.contracts_of(tx, caller.party, limit=LISTED_MAX)
        sheets = contract_sheets(tx, found)
    return render(request, "contracts/contracts.html", found=sheets, most=LISTED_MAX)


@router.get("/contracts/{contract_id}")
def contract_page(
    contract_id: str, request: Request, caller: SignedIn, parts: TheParts
) -> Response:
    """Show a contract to its two parties, and how to read under it."""
    with parts.db.begin() as tx:
        contract = service.readable_contract(tx, caller, contract_id)
        dataset = catalogue.dataset(tx, contract.dataset)
        both = parties.parties_by_id(tx, [contract.provider, contract.consumer])
        spent = capping.month_spent(tx, contract, parts.clock.now())
    return render(
        request,
        "contracts/contract.html",
        spent=spent,
        month_over=moment(spent.end).en,
        contract=contract,
        dataset=dataset,
        provider=both[contract.provider],
        consumer=both[contract.consumer],
        terms=terms_in_words(contract.clauses),
        price=price_words.of_tariff(contract.tariff),
        levels=level_words.of_levels(contract.levels, contract.tariff),
        cap=None if contract.order.cap is None else price_words.of_cap(contract.order.cap),
    )


Reason = Annotated[str, Form(min_length=1, max_length=REASON_MAX, pattern=r"^[^\r\n]+$")]


@router.post("/contracts/{contract_id}/approval")
def approve_on_page(contract_id: str, caller: SignedIn, parts: TheParts) -> RedirectResponse:
    """Agree to a request, as the provider."""
    return _back_to(service.approve(parts, caller, contract_id))


@router.post("/contracts/{contract_id}/refusal")
def refuse_on_page(
    contract_id: str, reason: Reason, caller: SignedIn, parts: TheParts
) -> RedirectResponse:
    """Turn a request down and say why, as the provider."""
    return _back_to(service.refuse(parts, caller, contract_id, reason))


@router.post("/contracts/{contract_id}/revocation")
def revoke_on_page(
    contract_id: str, reason: Reason, caller: SignedIn, parts: TheParts
) -> RedirectResponse:
    """End a contract and say why, as the provider; the next read is refused."""
    return _back_to(service.revoke(parts, caller, contract_id, reason))


def _back_to(contract: Contract) -> RedirectResponse:
    return RedirectResponse(f"/contracts/{contract.id}", status_code=303)


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
