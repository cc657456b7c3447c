"""Uses, thanks and the yearly statement over HTTP."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection

from torvet import catalogue, parties
from torvet.parties.signin import SignedIn, TheCaller
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import reading, rules, service, taken
from .forms import ThanksForm, UseForm
from .model import Shown, Use
from .sheets import (
    BenefitSumSheet,
    GratitudeSheet,
    ReuseSheet,
    StatementSheet,
    UseSheet,
    UsesSheet,
    gratitude_sheets,
    reuse_sheet,
    statement_sheet,
    use_sheets,
)
from .taken_sheets import TakenSheet

router = APIRouter(prefix="/api", tags=["reuse"])

IdPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
SlugPath = Annotated[str, Path(min_length=1, max_length=120, pattern=r"^[a-zA-Z0-9_-]+$")]


@router.post(
    "/contracts/{contract_id}/uses",
    status_code=201,
    responses=problems_of(400, 401, 403, 404, 422, 429),
)
def state_use(contract_id: IdPath, form: UseForm, caller: SignedIn, parts: TheParts) -> UseSheet:
    """State what data was used for under your contract, and what that was good for.

    The provider always sees the use; `shown` says whether with your name, your kind or neither,
    and `public` whether it stands on the dataset's page too.
    """
    made = service.state(parts, caller, contract_id, form.to_wish())
    with parts.db.begin() as tx:
        return _sheets(tx, [made], own=True)[0]


@router.get("/reuse/uses", responses=problems_of(401, 403, 422, 429))
def list_uses(
    caller: SignedIn,
    parts: TheParts,
    provided: Annotated[
        bool, Query(description="Uses of what you provide, and not those that you stated.")
    ] = False,
) -> UsesSheet:
    """List the uses that your party stated, or those of what it provides."""
    with parts.db.begin() as tx:
        found = (service.uses_of if provided else service.uses_by)(tx, caller)
        items = _sheets(tx, found, own=not provided)
    sums = [BenefitSumSheet.of(one) for one in rules.summed(found)]
    return UsesSheet(items=items, benefits=sums)


@router.delete("/reuse/uses/{use_id}", responses=problems_of(401, 403, 404, 422, 429))
def withdraw_use(use_id: IdPath, caller: SignedIn, parts: TheParts) -> UseSheet:
    """Take a use of yours back: it counts no more."""
    gone = service.withdraw_use(parts, caller, use_id)
    with parts.db.begin() as tx:
        return _sheets(tx, [gone], own=True)[0]


@router.post(
    "/contracts/{contract_id}/thanks",
    status_code=201,
    responses=problems_of(400, 401, 403, 404, 422, 429),
)
def thank(
    contract_id: IdPath, form: ThanksForm, caller: SignedIn, parts: TheParts
) -> GratitudeSheet:
    """Thank the provider of what you read under a contract."""
    said = service.thank(
        parts, caller, contract_id, form.words, shown=form.shown, public=form.public
    )
    with parts.db.begin() as tx:
        known = parties.parties_by_id(tx, [said.consumer])
    return gratitude_sheets([said], known)[0]


@router.get("/datasets/{slug}/reuse", responses=problems_of(401, 404, 422, 429))
def reuse(slug: SlugPath, caller: TheCaller, parts: TheParts) -> ReuseSheet:
    """Tell what everybody may know of the reuse of a dataset: purposes, benefits, thanks."""
    with parts.db.begin() as tx:
        dataset = catalogue.visible_dataset(tx, slug, caller)
        return reuse_sheet(tx, reading.reuse_of(tx, dataset), dataset.slug)


@router.get("/reuse/statement", responses=problems_of(401, 403, 422, 429))
def statement(
    caller: SignedIn,
    parts: TheParts,
    year: Annotated[int, Query(ge=reading.YEAR_MIN, le=reading.YEAR_MAX)],
) -> StatementSheet:
    """Tell your year as a provider: who used what for what, as far as they agree to be told."""
    with parts.db.begin() as tx:
        found = reading.statement_of(tx, caller, year, at=parts.clock.now())
    return statement_sheet(found)


@router.get("/reuse/taken", responses=problems_of(401, 403, 422, 429))
def taken_year(
    caller: SignedIn,
    parts: TheParts,
    year: Annotated[int, Query(ge=reading.YEAR_MIN, le=reading.YEAR_MAX)],
) -> TakenSheet:
    """Tell your year as a consumer: what you read of whom, for what, and what that was good for."""
    with parts.db.begin() as tx:
        return TakenSheet.of(taken.taken_by(tx, caller, year, at=parts.clock.now()))


def _sheets(tx: Connection, uses: Sequence[Use], *, own: bool) -> list[UseSheet]:
    datasets = catalogue.datasets_by_id(tx, [use.dataset for use in uses])
    slugs = {one: datasets[one].slug for one in datasets}
    told = [use.consumer for use in uses if own or use.shown is not Shown.ANONYMOUS]
    return use_sheets(uses, slugs, parties.parties_by_id(tx, told), own=own)
