"""Pages of reuse: what one's data is used for, one's year, and what a consumer says of its use."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from torvet import catalogue, contracts, parties
from torvet.catalogue import Dataset
from torvet.contracts import Panel, beside_dataset
from torvet.kit.errors import ExchangeError
from torvet.kit.moments import PLACE_ZONE
from torvet.parties import Caller, Role, Scope
from torvet.parties.signin import SignedIn, TheCaller
from torvet.ports.parts import Parts
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import reading, review_store, rules, service, store, taken
from .errors import ReviewNotFound, UseInvalid
from .forms import LINK_MAX, METHOD_MAX, TITLE_MAX, WORDS_MAX
from .model import CRITERIA, Benefit, ReviewStage, Shown, Unit
from .reviews_api import reviews_sheet
from .service import UseWish
from .sheets import (
    BenefitSumSheet,
    ReviewSheet,
    UseSheet,
    WhoSheet,
    reuse_sheet,
    statement_sheet,
    use_sheets,
)
from .taken_sheets import TakenSheet

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SEE_OTHER = 303
REVIEWS_SHOWN = 5
THANKS_SHOWN = 20
LINK = re.compile(r"(https?://[^\s\x00-\x1f\x7f]+)?")
NOTHING: Mapping[str, str] = MappingProxyType({})

Line = Annotated[str, Field(max_length=TITLE_MAX)]
Long = Annotated[str, Field(max_length=WORDS_MAX)]


@beside_dataset
def panel(tx: Connection, caller: Caller, dataset: Dataset) -> Panel | None:
    """Show on a dataset's page what it is used for and what its readers think of it."""
    reuse = reuse_sheet(tx, reading.reuse_of(tx, dataset), dataset.slug)
    reviews = reviews_sheet(tx, dataset.id, limit=REVIEWS_SHOWN)
    if not (reuse.contracts or reuse.uses or reuse.thanks or reviews.items):
        return None
    shown = {
        "reuse": reuse,
        "reviews": reviews,
        "number": number,
        "criteria": CRITERIA,
        "slug": dataset.slug,
        "yours": caller.party == dataset.provider and caller.may(Role.STEWARD),
        "operates": caller.may(Scope.OPERATE),
    }
    return Panel(template="reuse/panel.html", it=shown)


@router.get("/reuse")
def reuse_page(request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Show what the reader's data is used for, and the uses that the reader stated."""
    with parts.db.begin() as tx:
        provided = service.uses_of(tx, caller)
        stated = service.uses_by(tx, caller)
        datasets = catalogue.datasets_by_id(tx, [use.dataset for use in (*provided, *stated)])
        slugs = {one: datasets[one].slug for one in datasets}
        told = [use.consumer for use in provided if use.shown is not Shown.ANONYMOUS]
        known = parties.parties_by_id(tx, [*told, *(use.consumer for use in stated)])
        given = use_sheets(provided, slugs, known)
        own = use_sheets(stated, slugs, known, own=True)
        thanks = [
            (WhoSheet.of(party, one.shown).said, one)
            for one, party in reading.newest_thanks(tx, caller)
        ]
    return render(
        request,
        "reuse/uses.html",
        provided=given,
        stated=own,
        thanks=thanks,
        may_take_back=caller.may(Role.BUYER),
        benefits=[BenefitSumSheet.of(one) for one in rules.summed(provided)],
        number=number,
        year=parts.clock.now().astimezone(PLACE_ZONE).year,
    )


@router.get("/reuse/statement")
def statement_page(
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    year: Annotated[int | None, Query(ge=reading.YEAR_MIN, le=reading.YEAR_MAX)] = None,
) -> Response:
    """Show a provider's year, or this one so far, made to be printed."""
    year = year or parts.clock.now().astimezone(PLACE_ZONE).year
    with parts.db.begin() as tx:
        found = reading.statement_of(tx, caller, year, at=parts.clock.now())
    sheet = statement_sheet(found)
    return render(
        request,
        "reuse/statement.html",
        it=sheet,
        number=number,
        ended=found.end,
        first=reading.YEAR_MIN,
    )


@router.get("/reuse/taken")
def taken_page(
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    year: Annotated[int | None, Query(ge=reading.YEAR_MIN, le=reading.YEAR_MAX)] = None,
) -> Response:
    """Show a consumer's year, or this one so far, made to be printed."""
    year = year or parts.clock.now().astimezone(PLACE_ZONE).year
    with parts.db.begin() as tx:
        found = taken.taken_by(tx, caller, year, at=parts.clock.now())
    return render(
        request,
        "reuse/taken.html",
        it=TakenSheet.of(found),
        number=number,
        ended=found.end,
        first=reading.YEAR_MIN,
    )


@router.get("/datasets/{slug}/reuse")
def dataset_page(
    slug: str,
    request: Request,
    caller: TheCaller,
    parts: TheParts,
    year: Annotated[int | None, Query(ge=reading.YEAR_MIN, le=reading.YEAR_MAX)] = None,
) -> Response:
    """Show who uses a dataset, how much and for what: to its provider more than to others."""
    now = parts.clock.now()
    year = year or now.astimezone(PLACE_ZONE).year
    with parts.db.begin() as tx:
        dataset = catalogue.visible_dataset(tx, slug, caller)
        reuse = reuse_sheet(tx, reading.reuse_of(tx, dataset), slug)
        yours = caller.party == dataset.provider and caller.may(Role.READER)
        statement = reading.statement_of(tx, caller, year, at=now) if yours else None
    own = statement and [one for one in statement_sheet(statement).datasets if one.dataset == slug]
    return render(
        request,
        "reuse/dataset.html",
        dataset=dataset,
        reuse=reuse,
        own=own[0] if own else None,
        yours=yours,
        year=year,
        ended=reading.bounds(year)[1],
        first=reading.YEAR_MIN,
        number=number,
    )


@router.get("/contracts/{contract_id}/reuse")
def contract_reuse_page(
    contract_id: str, request: Request, caller: SignedIn, parts: TheParts
) -> Response:
    """Ask the consumer of a contract what the data was good for, and what it thinks of it."""
    return contract_page(request, caller, parts, contract_id)


class Stated(BaseModel):
    """What the form of a use says, as it was typed."""

    title: Line = ""
    words: Long = ""
    period_start: Line = ""
    period_end: Line = ""
    unit: Line = ""
    amount: Line = ""
    low: Line = ""
    high: Line = ""
    method: Annotated[str, Field(max_length=METHOD_MAX)] = ""
    evidence: Annotated[str, Field(max_length=LINK_MAX)] = ""
    link: Annotated[str, Field(max_length=LINK_MAX)] = ""
    shown: Shown = Shown.ANONYMOUS
    public: bool = False
    counted_with: Annotated[str, Field(max_length=64)] = ""

    def to_wish(self) -> UseWish:
        link = self.link.strip()
        if LINK.fullmatch(link) is None:
            raise UseInvalid((f"{link[:40]!r} is no address such as https://example.org",))
        return UseWish(
            title=self.title,
            words=self.words,
            period_start=_day(self.period_start),
            period_end=_day(self.period_end),
            benefits=_benefits(self),
            link=link,
            counted_with=self.counted_with or None,
            shown=self.shown,
            public=self.public,
        )


@router.post("/contracts/{contract_id}/uses")
def state_use(
    contract_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    stated: Annotated[Stated, Form()],
) -> Response:
    """State a use with one benefit; what cannot be stated comes back with what is wrong."""
    try:
        service.state(parts, caller, contract_id, stated.to_wish())
    except ExchangeError as error:
        entered = stated.model_dump(mode="json")
        return contract_page(
            request, caller, parts, contract_id, form="use", entered=entered, error=error
        )
    return RedirectResponse("/reuse", SEE_OTHER)


class Thanked(BaseModel):
    """What the form of thanks says."""

    words: Annotated[str, Field(min_length=1, max_length=METHOD_MAX)]
    shown: Shown = Shown.NAMED
    public: bool = False


@router.post("/contracts/{contract_id}/thanks")
def thank(
    contract_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    thanked: Annotated[Thanked, Form()],
) -> Response:
    """Thank the provider."""
    said = thanked.model_dump()
    try:
        service.thank(parts, caller, contract_id, **said)
    except ExchangeError as error:
        entered = {"words": thanked.words, "shown": thanked.shown.value}
        entered |= {"public": "yes"} if thanked.public else {}
        return contract_page(
            request, caller, parts, contract_id, form="thanks", entered=entered, error=error
        )
    return RedirectResponse(f"/contracts/{contract_id}/reuse", SEE_OTHER)


@router.post("/reuse/uses/{use_id}/withdrawal")
def withdraw_use(use_id: str, caller: SignedIn, parts: TheParts) -> RedirectResponse:
    """Take a stated use back: it counts no more."""
    service.withdraw_use(parts, caller, use_id)
    return RedirectResponse("/reuse#stated", SEE_OTHER)


def number(amount: Decimal) -> str:
    """Return an amount as a page shows it: `12,345.5`, without what is only noise."""
    plain = f"{amount:,f}"
    whole, point, behind = plain.partition(".")
    behind = behind.rstrip("0")
    return whole + (point + behind if behind else "")


def contract_page(
    request: Request,
    caller: Caller,
    parts: Parts,
    contract_id: str,
    *,
    form: str = "",
    entered: Mapping[str, str] = NOTHING,
    error: ExchangeError | None = None,
) -> Response:
    """Return the page on which a consumer states uses, reviews and thanks.

    With what was refused, and had been entered into the `form` of that name.
    """
    today = parts.clock.now().astimezone(PLACE_ZONE).date()
    with parts.db.begin() as tx:
        contract = service.held_contract(tx, caller, contract_id)
        dataset = catalogue.dataset(tx, contract.dataset)
        duties = contracts.duties_of(tx, contract)
        uses = [use for use in service.uses_by(tx, caller) if use.contract == contract.id]
        known = parties.parties_by_id(tx, [contract.consumer])
        own: list[UseSheet] = use_sheets(uses, {dataset.id: dataset.slug}, known, own=True)
        reviewed = _own_review(tx, contract.id, caller)
        thanks = store.thanks_under(tx, contract.id, THANKS_SHOWN)
    first = {"period_start": date(today.year, 1, 1).isoformat(), "period_end": today.isoformat()}
    return render(
        request,
        "reuse/contract.html",
        http_status=200 if error is None else STATUS[error.kind],
        contract=contract,
        dataset=dataset,
        duties=duties,
        uses=own,
        reviewed=reviewed,
        thanks=thanks,
        entered={"use": first, "review": NOTHING, "thanks": NOTHING} | {form: entered},
        error=error,
        units={unit.value: unit.words().en for unit in Unit},
        criteria=CRITERIA,
        number=number,
    )


def _own_review(tx: Connection, contract_id: str, caller: Caller) -> ReviewSheet | None:
    try:
        found = review_store.review_of(tx, contract_id)
    except ReviewNotFound:
        return None
    if found.stage is ReviewStage.WITHDRAWN or caller.party is None:
        return None
    return ReviewSheet.of(found, parties.party(tx, caller.party))


def _benefits(stated: Stated) -> tuple[Benefit, ...]:
    if not stated.amount.strip():
        return ()
    amount = _decimal(stated.amount)
    if stated.unit not in set(Unit):
        raise UseInvalid((f"{stated.unit!r} is no unit",))
    return (
        Benefit(
            unit=Unit(stated.unit),
            low=_decimal(stated.low) if stated.low.strip() else amount,
            amount=amount,
            high=_decimal(stated.high) if stated.high.strip() else amount,
            method=stated.method,
            evidence=stated.evidence,
        ),
    )


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text.strip().replace(",", "."))
    except InvalidOperation as wrong:
        raise UseInvalid((f"{text[:40]!r} is no number",)) from wrong


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise UseInvalid((f"{text[:40]!r} is no day",)) from wrong
