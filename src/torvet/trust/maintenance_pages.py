"""Pages of planned work: who reads a dataset sees it coming, and its provider announces it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from torvet import catalogue
from torvet.catalogue import Dataset
from torvet.contracts import Panel, beside_dataset
from torvet.contracts.fields.clauses import moment_entered
from torvet.kit.errors import ExchangeError
from torvet.parties import Caller, Role
from torvet.parties.signin import SignedIn, TheCaller
from torvet.ports.parts import Parts
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import planning
from .errors import MaintenanceUnfit
from .forms import Words
from .model import Planned

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SEE_OTHER = 303

Moment = Annotated[str, Field(max_length=40)]


class Announced(BaseModel):
    """What the form says, as it was typed, in the place's own time."""

    begins_at: Moment
    ends_at: Moment
    words: Words


@beside_dataset
def panel(tx: Connection, caller: Caller, dataset: Dataset) -> Panel | None:
    """Show on a dataset's page the work that is announced, and its provider where to announce."""
    announced = planning.announced(tx, dataset.id)
    yours = _may_announce(caller, dataset)
    if not announced and not yours:
        return None
    shown = {"announced": announced, "yours": yours, "slug": dataset.slug}
    return Panel(template="trust/maintenance_panel.html", it=shown)


@router.get("/datasets/{slug}/maintenance")
def maintenance_page(slug: str, request: Request, caller: TheCaller, parts: TheParts) -> Response:
    """Show the work on a dataset that is announced, and that of the last month."""
    return _shown(request, caller, parts, slug)


@router.post("/datasets/{slug}/maintenance")
def announce_on_page(
    slug: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    announced: Annotated[Announced, Form()],
) -> Response:
    """Announce work; what cannot be announced so comes back with what is wrong."""

    def deed() -> None:
        planning.announce(
            parts,
            caller,
            slug,
            begins_at=_moment(announced.begins_at),
            ends_at=_moment(announced.ends_at),
            words=announced.words,
        )

    return _done(request, caller, parts, slug, deed, announced.model_dump())


@router.post("/datasets/{slug}/maintenance/{maintenance_id}/withdrawal")
def call_off_on_page(
    slug: str, maintenance_id: str, request: Request, caller: SignedIn, parts: TheParts
) -> Response:
    """Take announced work back."""
    deed = partial(planning.call_off, parts, caller, slug, maintenance_id)
    return _done(request, caller, parts, slug, deed, {})


def _done(  # noqa: PLR0917 - who does what where, and what they had entered
    request: Request,
    caller: Caller,
    parts: Parts,
    slug: str,
    deed: Callable[[], object],
    entered: Mapping[str, str],
) -> Response:
    try:
        deed()
    except ExchangeError as error:
        return _shown(request, caller, parts, slug, entered, error)
    return RedirectResponse(f"/datasets/{slug}/maintenance", SEE_OTHER)


def _shown(  # noqa: PLR0917 - the page, and what was refused on it
    request: Request,
    caller: Caller,
    parts: Parts,
    slug: str,
    entered: Mapping[str, str] | None = None,
    error: ExchangeError | None = None,
) -> Response:
    found = planning.planned_for(parts, caller, slug)
    with parts.db.begin() as tx:
        dataset = catalogue.visible_dataset(tx, slug, caller)
    now = parts.clock.now()
    return render(
        request,
        "trust/maintenance.html",
        http_status=200 if error is None else STATUS[error.kind],
        dataset=dataset,
        planned=[(one, _state(one, now)) for one in found],
        yours=_may_announce(caller, dataset),
        entered=entered or {},
        error=error,
    )


def _state(one: Planned, now: datetime) -> str:
    if one.withdrawn_at is not None:
        return "called off"
    if one.ends_at <= now:
        return "over"
    return "going on" if one.begins_at <= now else "announced"


def _may_announce(caller: Caller, dataset: Dataset) -> bool:
    return caller.party == dataset.provider and caller.may(Role.STEWARD)


def _moment(typed: str) -> datetime:
    try:
        return moment_entered(typed.strip())
    except (ValueError, OverflowError) as wrong:
        raise MaintenanceUnfit(f"{typed[:40]!r} is no time such as 2026-12-31 22:00") from wrong
