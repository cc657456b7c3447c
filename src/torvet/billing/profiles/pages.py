"""The page of a party's billing details: one plain form."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from torvet.kit.errors import ExchangeError
from torvet.parties.signin import SignedIn
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import rules, service
from .forms import ProfileForm, ProfileSheet

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/billing/profile")
def profile_page(
    request: Request, caller: SignedIn, parts: TheParts, *, house: bool = False
) -> Response:
    """Show the billing details of the reader's party, and what is missing in them."""
    with parts.db.begin() as tx:
        found = service.profile_for(tx, caller, parts.settings.name, house=house)
    sheet = ProfileSheet.of(found, rules.faults_of(found))
    return render(request, "billing/profile.html", it=sheet, house=house, error=None)


@router.post("/billing/profile")
def give_on_page(
    request: Request,
    form: Annotated[ProfileForm, Form()],
    caller: SignedIn,
    parts: TheParts,
    *,
    house: bool = False,
) -> Response:
    """Take the details as they were typed; show them again with what is wrong."""
    try:
        service.give(parts, caller, form.profile(), house=house)
    except ExchangeError as error:
        sheet = ProfileSheet(**form.model_dump(), missing=[])
        return render(
            request,
            "billing/profile.html",
            http_status=STATUS[error.kind],
            it=sheet,
            house=house,
            error=error,
        )
    return RedirectResponse(f"/billing/profile{'?house=true' if house else ''}", status_code=303)
