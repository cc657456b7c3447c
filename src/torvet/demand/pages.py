"""Pages of data that is wanted: the list, one request with how far it has come, a form to ask."""

from datetime import date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from torvet.catalogue import THEMES
from torvet.contracts import PLACE_ZONE, Order, purposes_by_code
from torvet.kit.errors import ExchangeError
from torvet.kit.money import AmountUnreadable, Currency, Money
from torvet.parties.signin import SignedIn, TheCaller
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import answering, pledging, service
from .errors import RequestInvalid
from .forms import TEXT_MAX, TITLE_MAX, USE_MAX
from .model import LIVE, PledgeKind, Sort, Stage, Vote
from .pledging import PledgeWish
from .service import Wish
from .sheets import AmountSheet, ThemeDemandSheet, detail_sheet, wanted_sheets
from .store import Search

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SHOWN = 50
SEE_OTHER = 303
DAYS_OPEN, DAYS_TO_DELIVER = 30, 90

Line = Annotated[str, Form(max_length=TITLE_MAX)]
Long = Annotated[str, Form(max_length=TEXT_MAX)]
Use = Annotated[str, Form(max_length=USE_MAX)]
Code = Annotated[str, Form(max_length=80)]


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


@router.post("/wanted")
def ask(  # noqa: PLR0917 - FastAPI calls it, by name
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    title_en: Line = "",
    title_da: Line = "",
    description_en: Long = "",
    description_da: Long = "",
    purpose: Code = "",
    theme: Code = "",
    place: Line = "",
    columns: Long = "",
    goal: Line = "",
    deadline: Line = "",
    deliver_by: Line = "",
    use: Use = "",
) -> Response:
    """Ask for data; what cannot be asked for comes back with what is wrong."""
    entered = {
        "title_en": title_en, "title_da": title_da, "description_en": description_en,
        "description_da": description_da, "purpose": purpose, "theme": theme, "place": place,
        "columns": columns, "goal": goal, "deadline": deadline, "deliver_by": deliver_by,
        "use": use,
    }  # fmt: skip
    try:
        made = service.ask(parts, caller, _wish(entered))
    except ExchangeError as error:
        return _form(request, entered, error)
    return RedirectResponse(f"/wanted/{made.id}", SEE_OTHER)


@router.get("/wanted/{request_id}")
def request_page(request_id: str, request: Request, caller: TheCaller, parts: TheParts) -> Response:
    """Show one request: how much is pledged, by when, who answered."""
    with parts.db.begin() as tx:
        sheet = detail_sheet(tx, caller, service.visible_request(tx, caller, request_id))
    return render(
        request,
        "demand/request.html",
        it=sheet,
        purposes=purposes_by_code(),
        money=said,
        theme=THEMES.get(sheet.theme),
        decides=sheet.yours or (sheet.pledge is not None and sheet.pledge.stage == "bound"),
        open=sheet.stage in {Stage.OPEN, Stage.BOUND} and parts.clock.now() < sheet.deadline,
    )


@router.post("/wanted/{request_id}/join")
def join(
    request_id: str, caller: SignedIn, parts: TheParts, purpose: Code = "", use: Use = ""
) -> RedirectResponse:
    """Say “me too” on a request's page."""
    service.join(parts, caller, request_id, use=use, purpose=purpose)
    return _back(request_id)


@router.post("/wanted/{request_id}/pledge")
def pledge(  # noqa: PLR0917 - FastAPI calls it, by name
    request_id: str,
    caller: SignedIn,
    parts: TheParts,
    amount: Line,
    currency: Currency = Currency.DKK,
    kind: PledgeKind = PledgeKind.PROMISE,
    purpose: Code = "",
    ean: Annotated[str, Form(max_length=20)] = "",
    purchase_order: Annotated[str, Form(max_length=60)] = "",
) -> RedirectResponse:
    """Pledge on a request's page."""
    order = Order(purchase_order=purchase_order.strip(), ean=ean.replace(" ", ""))
    money = Money.from_decimal_text(amount.strip().replace(",", "."), currency)
    wish = PledgeWish(amount=money, kind=kind, purpose=purpose, order=order)
    pledging.pledge(parts, caller, request_id, wish)
    return _back(request_id)


@router.post("/wanted/{request_id}/pledge/back")
def take_back(request_id: str, caller: SignedIn, parts: TheParts) -> RedirectResponse:
    """Take a pledge back on a request's page."""
    pledging.take_back(parts, caller, request_id)
    return _back(request_id)


@router.post("/wanted/{request_id}/answers/{answer_id}/vote")
def vote(
    request_id: str,
    answer_id: str,
    caller: SignedIn,
    parts: TheParts,
    chosen: Annotated[Vote, Form(alias="vote")],
) -> RedirectResponse:
    """Say yes or no to an answer on a request's page."""
    answering.vote(parts, caller, request_id, answer_id, vote=chosen)
    return _back(request_id)


def said(amount: AmountSheet | None) -> str:
    """Return an amount as a page shows it."""
    return "" if amount is None else Money(amount.minor, amount.currency).said("en")


def _back(request_id: str) -> RedirectResponse:
    return RedirectResponse(f"/wanted/{request_id}", SEE_OTHER)


def _wish(entered: dict[str, str]) -> Wish:
    goal = entered["goal"].strip().replace(",", ".")
    try:
        money = Money.from_decimal_text(goal, Currency.DKK) if goal else None
        deadline, deliver_by = _end_of(entered["deadline"]), _end_of(entered["deliver_by"])
    except (AmountUnreadable, ValueError) as wrong:
        raise RequestInvalid((str(wrong).rstrip("."),)) from wrong
    return Wish(
        title={"en": entered["title_en"], "da": entered["title_da"]},
        description={"en": entered["description_en"], "da": entered["description_da"]},
        purpose=entered["purpose"],
        theme=entered["theme"],
        place=entered["place"],
        columns=tuple(dict.fromkeys(entered["columns"].replace(",", " ").split())),
        goal=money,
        deadline=deadline,
        deliver_by=deliver_by,
        use=entered["use"],
    )


def _end_of(day: str) -> datetime:
    """Return the instant at which a day of the place ends."""
    return datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), PLACE_ZONE)


def _form(
    request: Request, entered: dict[str, str], error: ExchangeError | None = None
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
