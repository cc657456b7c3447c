"""Pages of data that is wanted: the list, one request with how far it has come, a form to ask."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from functools import partial
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from torvet.billing.forms import MoneyForm
from torvet.catalogue import THEMES
from torvet.contracts import Order, purposes_by_code
from torvet.contracts.sentences import moment
from torvet.kit.errors import ExchangeError
from torvet.kit.moments import PLACE_ZONE
from torvet.kit.money import Currency, Money
from torvet.parties import Caller, Role
from torvet.parties.signin import SignedIn, TheCaller
from torvet.ports.parts import Parts
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import answering, pledging, service
from .errors import RequestInvalid
from .forms import REASON_MAX, TEXT_MAX, TITLE_MAX, USE_MAX
from .model import ALIVE, LIVE, AnswerStage, PledgeKind, Sort, Stage, Wanted
from .pledging import PledgeWish
from .service import Wish
from .sheets import ThemeDemandSheet, detail_sheet, wanted_sheets
from .store import Search

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SHOWN, MINE_SHOWN = 50, 200
SEE_OTHER = 303
DAYS_OPEN, DAYS_TO_DELIVER = 30, 90
NOTHING: Mapping[str, str] = MappingProxyType({})
UNDECIDED = frozenset({AnswerStage.OFFERED, AnswerStage.ACCEPTED})

Line = Annotated[str, Field(max_length=TITLE_MAX)]
Long = Annotated[str, Field(max_length=TEXT_MAX)]
Use = Annotated[str, Field(max_length=USE_MAX)]
Code = Annotated[str, Field(max_length=80)]


@router.get("/wanted")
def wanted_page(  # noqa: PLR0917 - FastAPI calls it, by name
    request: Request,
    caller: TheCaller,
    parts: TheParts,
    q: Annotated[str, Query(max_length=200)] = "",
    theme: Annotated[str, Query(max_length=4)] = "",
    sort: Sort = Sort.MONEY,
    past: bool = False,
) -> Response:
    """List what is wanted, what most money is pledged to first."""
    stages = frozenset(Stage) - LIVE if past else LIVE
    wish = Search(words=q, theme=theme, stages=stages, sort=sort, limit=SHOWN)
    with parts.db.begin() as tx:
        found, total = service.search(tx, caller, wish)
        items = wanted_sheets(tx, caller, found)
        themes = [ThemeDemandSheet.of(one) for one in service.by_theme(tx, caller)]
    return render(
        request,
        "demand/list.html",
        items=items,
        total=total,
        themes=themes,
        wish=wish,
        past=past,
        money=said,
    )


@router.get("/wanted/new")
def new_page(request: Request, _caller: SignedIn, parts: TheParts) -> Response:
    """Ask what is wanted."""
    today = parts.clock.now().astimezone(PLACE_ZONE).date()
    entered = {
        "deadline": (today + timedelta(days=DAYS_OPEN)).isoformat(),
        "deliver_by": (today + timedelta(days=DAYS_TO_DELIVER)).isoformat(),
    }
    return _form(request, entered)


class Asked(BaseModel):
    """What the form says, as it was typed."""

    title_en: Line = ""
    title_da: Line = ""
    description_en: Long = ""
    description_da: Long = ""
    purpose: Code = ""
    theme: Code = ""
    place: Line = ""
    period_start: Line = ""
    period_end: Line = ""
    columns: Long = ""
    goal: Line = ""
    budget: Line = ""
    deadline: Line = ""
    deliver_by: Line = ""
    circle: Long = ""
    use: Use = ""


@router.post("/wanted")
def ask(
    request: Request, caller: SignedIn, parts: TheParts, asked: Annotated[Asked, Form()]
) -> Response:
    """Ask for data; what cannot be asked for comes back with what is wrong."""
    try:
        made = service.ask(parts, caller, _wish(asked))
    except ExchangeError as error:
        return _form(request, asked.model_dump(), error)
    return RedirectResponse(f"/wanted/{made.id}", SEE_OTHER)


@router.get("/wanted/mine")
def mine_page(request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Show what the caller's party asked for, wants too, pledged and answered."""
    wish = Search(mine=True, stages=frozenset(Stage), sort=Sort.NEWEST, limit=MINE_SHOWN)
    with parts.db.begin() as tx:
        found, total = service.search(tx, caller, wish)
        items = wanted_sheets(tx, caller, found)
        pledges, answers = service.pledges_by(tx, caller), answering.answers_by(tx, caller)
    known = {one.id: one for one in items}
    return render(
        request,
        "demand/mine.html",
        asked=[one for one in items if one.yours],
        joined=[one for one in items if one.joined_by_you and not one.yours],
        answered=[(known[one.request], one) for one in answers if one.request in known],
        pledges={one.request: one for one in reversed(pledges)},
        total=total,
        money=said,
    )


@router.get("/wanted/{request_id}")
def request_page(request_id: str, request: Request, caller: TheCaller, parts: TheParts) -> Response:
    """Show one request: how much is pledged, by when, who answered."""
    return shown(request, caller, parts, request_id)


@router.post("/wanted/{request_id}/join")
def join(  # noqa: PLR0917 - FastAPI calls it, by name
    request_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    purpose: Annotated[Code, Form()] = "",
    use: Annotated[Use, Form()] = "",
) -> Response:
    """Say “me too” on a request's page."""
    deed = partial(service.join, parts, caller, request_id, use=use, purpose=purpose)
    return done(request, caller, parts, request_id, deed, {"use": use})


@router.post("/wanted/{request_id}/join/back")
def leave(request_id: str, request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Take “me too” back on a request's page."""
    deed = partial(service.leave, parts, caller, request_id)
    return done(request, caller, parts, request_id, deed)


class Pledged(BaseModel):
    """What the form of a pledge says, as it was typed."""

    amount: Line = ""
    currency: Currency = Currency.DKK
    kind: PledgeKind = PledgeKind.PROMISE
    purpose: Code = ""
    ean: Annotated[str, Field(max_length=20)] = ""
    purchase_order: Annotated[str, Field(max_length=60)] = ""

    def to_wish(self) -> PledgeWish:
        order = Order(purchase_order=self.purchase_order.strip(), ean=self.ean.replace(" ", ""))
        money = Money.typed(self.amount, self.currency)
        return PledgeWish(amount=money, kind=self.kind, purpose=self.purpose, order=order)


@router.post("/wanted/{request_id}/pledge")
def pledge(
    request_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    pledged: Annotated[Pledged, Form()],
) -> Response:
    """Pledge on a request's page."""

    def deed() -> None:
        pledging.pledge(parts, caller, request_id, pledged.to_wish())

    return done(request, caller, parts, request_id, deed, pledged.model_dump(mode="json"))


@router.post("/wanted/{request_id}/pledge/back")
def take_back(request_id: str, request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Take a pledge back on a request's page."""
    deed = partial(pledging.take_back, parts, caller, request_id)
    return done(request, caller, parts, request_id, deed)


@router.post("/wanted/{request_id}/withdrawal")
def withdraw(
    request_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    reason: Annotated[str, Form(max_length=REASON_MAX)] = "",
) -> Response:
    """Take an open request back on its page, as its owner."""
    deed = partial(service.withdraw, parts, caller, request_id, reason.strip())
    return done(request, caller, parts, request_id, deed, {"reason": reason})


def done(  # noqa: PLR0917 - who does what where, and what they had entered
    request: Request,
    caller: Caller,
    parts: Parts,
    request_id: str,
    deed: Callable[[], object],
    entered: Mapping[str, str] = NOTHING,
) -> Response:
    """Do a deed and go back to the request's page; a refusal comes with what was entered."""
    try:
        deed()
    except ExchangeError as error:
        return shown(request, caller, parts, request_id, entered=entered, error=error)
    return RedirectResponse(f"/wanted/{request_id}", SEE_OTHER)


def shown(
    request: Request,
    caller: Caller,
    parts: Parts,
    request_id: str,
    *,
    entered: Mapping[str, str] = NOTHING,
    error: ExchangeError | None = None,
) -> Response:
    """Return a request's page, with what was refused and had been entered, if anything was."""
    with parts.db.begin() as tx:
        sheet = detail_sheet(tx, caller, service.visible_request(tx, caller, request_id))
    may_steward, may_buy = caller.may(Role.STEWARD), caller.may(Role.BUYER)
    own = next((one for one in sheet.answers if one.yours and one.stage in UNDECIDED), None)
    pledged = sheet.pledge is not None and sheet.pledge.stage in ALIVE
    return render(
        request,
        "demand/request.html",
        http_status=200 if error is None else STATUS[error.kind],
        it=sheet,
        purposes=purposes_by_code(),
        money=said,
        moment=moment,
        theme=THEMES.get(sheet.theme),
        decides=sheet.yours or (sheet.pledge is not None and sheet.pledge.stage == "bound"),
        open=sheet.stage in {Stage.OPEN, Stage.BOUND} and parts.clock.now() < sheet.deadline,
        may_buy=may_buy,
        may_answer=may_steward
        and not (sheet.yours or pledged or own)
        and sheet.stage in {Stage.OPEN, Stage.BOUND},
        may_deliver=may_steward
        and sheet.stage is Stage.PROMISED
        and own is not None
        and own.stage is AnswerStage.ACCEPTED,
        may_take_answer_back=may_steward,
        may_leave=sheet.joined_by_you and not sheet.yours and not pledged,
        may_withdraw=may_buy and sheet.yours and sheet.stage is Stage.OPEN,
        entered=entered,
        error=error,
    )


def said(amount: MoneyForm | None) -> str:
    """Return an amount as a page shows it."""
    return "" if amount is None else amount.to_money().said("en")


def _wish(asked: Asked) -> Wish:
    goal, budget = (
        Money.typed(text, Currency.DKK) if text.strip() else None
        for text in (asked.goal, asked.budget)
    )
    start, end = (
        day_of(text) if text.strip() else None for text in (asked.period_start, asked.period_end)
    )
    circle = tuple(dict.fromkeys(asked.circle.replace(",", " ").split()))
    wanted = Wanted(
        title={"en": asked.title_en, "da": asked.title_da},
        description={"en": asked.description_en, "da": asked.description_da},
        purpose=asked.purpose,
        theme=asked.theme,
        place=asked.place,
        period_start=start,
        period_end=end,
        columns=tuple(dict.fromkeys(asked.columns.replace(",", " ").split())),
        goal=goal,
        budget=budget,
        deadline=end_of(asked.deadline),
        deliver_by=end_of(asked.deliver_by),
    )
    return Wish(wanted=wanted, circle=circle or None, use=asked.use)


def day_of(text: str) -> date:
    """Return a day that was typed; raise RequestInvalid."""
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise RequestInvalid((f"{text[:40]!r} is no day",)) from wrong


def end_of(day: str) -> datetime:
    """Return the instant at which a day of the place ends; raise RequestInvalid."""
    last = day_of(day)
    if last == date.max:
        raise RequestInvalid((f"{day} has no day after it",))
    return datetime.combine(last + timedelta(days=1), time(), PLACE_ZONE)


def _form(
    request: Request, entered: Mapping[str, str], error: ExchangeError | None = None
) -> Response:
    return render(
        request,
        "demand/form.html",
        http_status=200 if error is None else STATUS[error.kind],
        entered=entered,
        error=error,
        themes=THEMES,
        purposes=purposes_by_code(),
    )
