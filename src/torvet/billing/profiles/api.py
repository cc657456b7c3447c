"""Billing details over HTTP: each party its own, the operator the exchange's."""

from typing import Annotated

from fastapi import APIRouter, Query

from torvet.parties.signin import SignedIn
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import rules, service
from .forms import ProfileForm, ProfileSheet

router = APIRouter(prefix="/api/billing", tags=["billing"])

House = Annotated[bool, Query(description="The exchange's own: for its operator.")]


@router.get("/profile", responses=problems_of(401, 403))
def profile(parts: TheParts, caller: SignedIn, *, house: House = False) -> ProfileSheet:
    """Tell whom your party's invoices name, and where its money goes."""
    with parts.db.begin() as tx:
        found = service.profile_for(tx, caller, parts.settings.name, house=house)
    return ProfileSheet.of(found, rules.faults_of(found))


@router.put("/profile", responses=problems_of(400, 401, 403, 409, 422))
def give_profile(
    form: ProfileForm, parts: TheParts, caller: SignedIn, *, house: House = False
) -> ProfileSheet:
    """Give your party's billing details, as one of its owners: the version before is replaced."""
    given = service.give(parts, caller, form.profile(), house=house)
    return ProfileSheet.of(given, ())
