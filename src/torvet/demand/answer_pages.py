"""Pages of those who have what is wanted: an answer, what is decided of it, and its delivery."""

from datetime import timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from torvet import catalogue
from torvet.contracts import clauses_entered, purposes_by_code
from torvet.contracts.fields.levels import levels_entered
from torvet.kit.entered import Entered
from torvet.kit.errors import ExchangeError
from torvet.kit.moments import PLACE_ZONE
from torvet.kit.money import Currency, Money
from torvet.parties import Caller, Role, check
from torvet.parties.signin import SignedIn
from torvet.ports.parts import Parts
from torvet.web.entered import TheFields
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import answering, service
from .answering import AnswerWish
from .forms import TEXT_MAX, TITLE_MAX
from .model import Vote
from .pages import done, end_of, said
from .sheets import detail_sheet

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SEE_OTHER = 303
DAYS_TO_DELIVER = 30

Slug = Annotated[str, Field(max_length=120)]


class Answered(BaseModel):
    """What the form of an answer says, as it was typed."""

    words: Annotated[str, Field(min_length=1, max_length=TEXT_MAX)]
    price: Annotated[str, Field(max_length=TITLE_MAX)] = ""
    currency: Currency = Currency.DKK
    deliver_by: Annotated[str, Field(max_length=20)] = ""
    dataset: Slug = ""

    def to_wish(self, entered: Entered, stated_hours: int | None) -> AnswerWish:
        return AnswerWish(
            words=self.words.strip(),
            price=Money.typed(self.price or "0", self.currency),
            clauses=clauses_entered(entered),
            levels=levels_entered(entered, stated_hours=stated_hours),
            deliver_by=end_of(self.deliver_by),
            dataset=self.dataset or None,
        )


@router.get("/wanted/{request_id}/answer")
def answer_page(request_id: str, request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Ask a provider what it would deliver, for how much and by when."""
    today = parts.clock.now().astimezone(PLACE_ZONE).date()
    until = (today + timedelta(days=DAYS_TO_DELIVER)).isoformat()
    return _answer_form(request, caller, parts, request_id, Entered({"deliver_by": (until,)}))


@router.post("/wanted/{request_id}/answers")
def answer(  # noqa: PLR0917 - FastAPI calls it, by name
    request_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    answered: Annotated[Answered, Form()],
    entered: TheFields,
) -> Response:
    """Answer; what cannot be answered so comes back with what is wrong."""
    try:
        hours = answering.hours_stated(parts, caller, answered.dataset or None)
        answering.answer(parts, caller, request_id, answered.to_wish(entered, hours))
    except ExchangeError as error:
        return _answer_form(request, caller, parts, request_id, entered, error)
    return RedirectResponse(f"/wanted/{request_id}#answers", SEE_OTHER)


@router.post("/wanted/{request_id}/answers/{answer_id}/withdrawal")
def withdraw_answer(
    request_id: str, answer_id: str, request: Request, caller: SignedIn, parts: TheParts
) -> Response:
    """Take an answer back, or say that what was promised cannot be delivered."""
    deed = partial(answering.withdraw_answer, parts, caller, request_id, answer_id)
    return done(request, caller, parts, request_id, deed)


@router.post("/wanted/{request_id}/answers/{answer_id}/vote")
def vote(  # noqa: PLR0917 - FastAPI calls it, by name
    request_id: str,
    answer_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    chosen: Annotated[Vote, Form(alias="vote")],
) -> Response:
    """Say yes or no to an answer on a request's page."""
    deed = partial(answering.vote, parts, caller, request_id, answer_id, vote=chosen)
    return done(request, caller, parts, request_id, deed)


@router.get("/wanted/{request_id}/delivery")
def delivery_page(request_id: str, request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Show which of a provider's datasets are what it promised, and what the others lack."""
    return _delivery_form(request, caller, parts, request_id)


@router.post("/wanted/{request_id}/delivery")
def deliver(
    request_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    dataset: Annotated[Slug, Form()] = "",
) -> Response:
    """Hand over what was promised; what is missing is said beside the choice."""
    try:
        answering.deliver(parts, caller, request_id, dataset)
    except ExchangeError as error:
        return _delivery_form(request, caller, parts, request_id, dataset, error)
    return RedirectResponse(f"/wanted/{request_id}", SEE_OTHER)


def _answer_form(  # noqa: PLR0917 - the page, and what was refused on it
    request: Request,
    caller: Caller,
    parts: Parts,
    request_id: str,
    entered: Entered,
    error: ExchangeError | None = None,
) -> Response:
    check(caller, Role.STEWARD)
    with parts.db.begin() as tx:
        sheet = detail_sheet(tx, caller, service.visible_request(tx, caller, request_id))
        own = catalogue.datasets_of(tx, str(caller.party))
    return render(
        request,
        "demand/answer.html",
        http_status=200 if error is None else STATUS[error.kind],
        it=sheet,
        datasets=own,
        purposes=purposes_by_code(),
        money=said,
        entered=entered,
        error=error,
    )


def _delivery_form(  # noqa: PLR0917 - the page, and what was refused on it
    request: Request,
    caller: Caller,
    parts: Parts,
    request_id: str,
    chosen: str = "",
    error: ExchangeError | None = None,
) -> Response:
    with parts.db.begin() as tx:
        candidates = answering.candidates(tx, caller, request_id)
        sheet = detail_sheet(tx, caller, service.visible_request(tx, caller, request_id))
    return render(
        request,
        "demand/delivery.html",
        http_status=200 if error is None else STATUS[error.kind],
        it=sheet,
        ready=[one for one, lacks in candidates if not lacks],
        unready=[(one, lacks) for one, lacks in candidates if lacks],
        chosen=chosen,
        money=said,
        error=error,
    )
