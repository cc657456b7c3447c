"""Data requests over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection

from torvet.contracts import NO_LEVELS, ServiceLevels
from torvet.contracts.levels.model import from_json as levels_from_json
from torvet.parties import Caller
from torvet.parties.signin import SignedIn, TheCaller
from torvet.ports.parts import Parts
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import answering, pledging, service
from .answering import AnswerWish
from .forms import (
    AnswerForm,
    DeliveryForm,
    JoinForm,
    PledgeForm,
    VoteForm,
    WantedForm,
    WithdrawalForm,
)
from .model import LIVE, Request, Sort, Stage, Wanted
from .pledging import PledgeWish
from .service import Wish
from .sheets import (
    AnswerSheet,
    DemandSheet,
    PledgeSheet,
    ThemeDemandSheet,
    WantedDetailSheet,
    WantedListSheet,
    answer_sheets,
    detail_sheet,
    pledge_sheet,
    wanted_sheets,
)
from .store import Search

PAGE_MAX = 200
PAGE = 50
OFFSET_MAX = 100_000

router = APIRouter(prefix="/api", tags=["wanted"])

IdPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


@router.get("/demand", responses=problems_of(401, 404, 422, 429))
def demand_by_theme(caller: TheCaller, parts: TheParts) -> DemandSheet:
    """Tell what is wanted and not delivered yet, by theme: who invests sees it before."""
    with parts.db.begin() as tx:
        found = service.by_theme(tx, caller)
    return DemandSheet(items=[ThemeDemandSheet.of(one) for one in found])


@router.post("/wanted", status_code=201, responses=problems_of(400, 401, 403, 404, 422, 429))
def ask(form: WantedForm, caller: SignedIn, parts: TheParts) -> WantedDetailSheet:
    """Ask for data that is not there yet. What you write never changes: others pledge to it."""
    return _detail(parts, caller, service.ask(parts, caller, wish_of(form)))


@router.get("/wanted", responses=problems_of(401, 404, 422, 429))
def list_wanted(  # noqa: PLR0917 - FastAPI calls it, by name
    caller: TheCaller,
    parts: TheParts,
    q: Annotated[str, Query(max_length=200, description="Words in title and description.")] = "",
    theme: Annotated[str, Query(max_length=4)] = "",
    stage: Annotated[list[Stage], Query(description="Else all that are still alive.")] = [],  # noqa: B006 - FastAPI copies it
    mine: Annotated[
        bool, Query(description="Only those that you own, joined or answered.")
    ] = False,
    sort: Sort = Sort.MONEY,
    offset: Annotated[int, Query(ge=0, le=OFFSET_MAX)] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE,
) -> WantedListSheet:
    """List data requests by demand: the most money or the most parties first."""
    wish = Search(
        words=q,
        theme=theme,
        stages=frozenset(stage) or LIVE,
        mine=mine,
        sort=sort,
        offset=offset,
        limit=limit,
    )
    with parts.db.begin() as tx:
        found, total = service.search(tx, caller, wish)
        return WantedListSheet(items=wanted_sheets(tx, caller, found), total=total)


@router.get("/wanted/{request_id}", responses=problems_of(401, 404, 422, 429))
def show_wanted(request_id: IdPath, caller: TheCaller, parts: TheParts) -> WantedDetailSheet:
    """Show a data request: its terms, who wants it for what, its answers, your pledge."""
    with parts.db.begin() as tx:
        return detail_sheet(tx, caller, service.visible_request(tx, caller, request_id))


@router.post(
    "/wanted/{request_id}/withdrawal", responses=problems_of(400, 401, 403, 404, 409, 422, 429)
)
def withdraw(
    request_id: IdPath, form: WithdrawalForm, caller: SignedIn, parts: TheParts
) -> WantedDetailSheet:
    """Take an open request of yours back: every pledge is free."""
    return _detail(parts, caller, service.withdraw(parts, caller, request_id, form.reason))


@router.post("/wanted/{request_id}/join", responses=problems_of(400, 401, 403, 404, 409, 422, 429))
def join(
    request_id: IdPath, form: JoinForm, caller: SignedIn, parts: TheParts
) -> WantedDetailSheet:
    """Say “me too”, and what for."""
    made = service.join(parts, caller, request_id, use=form.use, purpose=form.purpose)
    return _detail(parts, caller, made)


@router.delete("/wanted/{request_id}/join", responses=problems_of(401, 403, 404, 409, 422, 429))
def leave(request_id: IdPath, caller: SignedIn, parts: TheParts) -> WantedDetailSheet:
    """Take “me too” back."""
    return _detail(parts, caller, service.leave(parts, caller, request_id))


@router.post(
    "/wanted/{request_id}/pledge",
    status_code=201,
    responses=problems_of(400, 401, 403, 404, 409, 422, 429),
)
def pledge(request_id: IdPath, form: PledgeForm, caller: SignedIn, parts: TheParts) -> PledgeSheet:
    """Pledge money. The pledge that reaches the goal binds all of them at that moment."""
    wish = PledgeWish(
        amount=form.amount.to_money(),
        kind=form.kind,
        purpose=form.purpose,
        use=form.use,
        order=form.to_order(),
    )
    made = pledging.pledge(parts, caller, request_id, wish)
    with parts.db.begin() as tx:
        return pledge_sheet(tx, made)


@router.delete("/wanted/{request_id}/pledge", responses=problems_of(401, 403, 404, 409, 422, 429))
def take_back(request_id: IdPath, caller: SignedIn, parts: TheParts) -> PledgeSheet:
    """Take your pledge back, as long as it does not bind; what is held goes back to you."""
    gone = pledging.take_back(parts, caller, request_id)
    with parts.db.begin() as tx:
        return pledge_sheet(tx, gone)


@router.post(
    "/wanted/{request_id}/answers",
    status_code=201,
    responses=problems_of(400, 401, 403, 404, 409, 422, 429),
)
def answer(request_id: IdPath, form: AnswerForm, caller: SignedIn, parts: TheParts) -> AnswerSheet:
    """Answer as a provider: a dataset of yours that is there, or one that you plan."""
    wish = AnswerWish(
        words=form.words,
        price=form.price.to_money(),
        clauses=tuple(clause.to_clause() for clause in form.clauses),
        deliver_by=form.deliver_by,
        dataset=form.dataset,
        levels=_levels(parts, caller, form),
    )
    made = answering.answer(parts, caller, request_id, wish)
    with parts.db.begin() as tx:
        return answer_sheets(tx, caller, [made])[0]


@router.delete(
    "/wanted/{request_id}/answers/{answer_id}",
    responses=problems_of(401, 403, 404, 409, 422, 429),
)
def withdraw_answer(
    request_id: IdPath, answer_id: IdPath, caller: SignedIn, parts: TheParts
) -> AnswerSheet:
    """Take your answer back. After it was accepted this says that you cannot deliver."""
    gone = answering.withdraw_answer(parts, caller, request_id, answer_id)
    with parts.db.begin() as tx:
        return answer_sheets(tx, caller, [gone])[0]


@router.post(
    "/wanted/{request_id}/answers/{answer_id}/vote",
    responses=problems_of(400, 401, 403, 404, 409, 422, 429),
)
def vote(
    request_id: IdPath, answer_id: IdPath, form: VoteForm, caller: SignedIn, parts: TheParts
) -> WantedDetailSheet:
    """Say yes or no to an answer, as the owner or with your pledge.

    It is accepted when more than half of the pledged money says yes; who says nothing goes with
    the owner.
    """
    request, _ = answering.vote(parts, caller, request_id, answer_id, vote=form.vote)
    return _detail(parts, caller, request)


@router.post(
    "/wanted/{request_id}/delivery", responses=problems_of(400, 401, 403, 404, 409, 422, 429)
)
def deliver(
    request_id: IdPath, form: DeliveryForm, caller: SignedIn, parts: TheParts
) -> WantedDetailSheet:
    """Hand over what you promised: every pledger gets a contract, or nobody does."""
    return _detail(parts, caller, answering.deliver(parts, caller, request_id, form.dataset))


def wish_of(form: WantedForm) -> Wish:
    """Return the wish that a form says."""
    wanted = Wanted(
        title=form.title.to_texts(),
        description=form.description.to_texts(),
        purpose=form.purpose,
        theme=form.theme,
        place=form.place,
        period_start=form.period.start,
        period_end=form.period.end,
        columns=tuple(form.columns),
        goal=None if form.goal is None else form.goal.to_money(),
        budget=None if form.budget is None else form.budget.to_money(),
        deadline=form.deadline,
        deliver_by=form.deliver_by,
    )
    circle = None if form.circle is None else tuple(form.circle)
    return Wish(wanted=wanted, circle=circle, use=form.use)


def _levels(parts: Parts, caller: Caller, form: AnswerForm) -> ServiceLevels:
    if form.levels is None:
        return NO_LEVELS
    hours = answering.hours_stated(parts, caller, form.dataset)
    return levels_from_json(form.levels, stated_hours=hours)


def _detail(parts: Parts, caller: Caller, request: Request) -> WantedDetailSheet:
    with parts.db.begin() as tx:
        return _shown(tx, caller, request.id)


def _shown(tx: Connection, caller: Caller, request_id: str) -> WantedDetailSheet:
    return detail_sheet(tx, caller, service.visible_request(tx, caller, request_id))
