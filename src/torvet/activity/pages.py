"""The desk: every room of the exchange that is a party's own, on one page."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from torvet import parties
from torvet.parties import Role
from torvet.parties.signin import SignedIn
from torvet.web.pages import render
from torvet.web.parts import TheParts

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/desk")
def desk(request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Show the way to all that is the caller's."""
    with parts.db.begin() as tx:
        party = None if caller.party is None else parties.party(tx, caller.party)
    may_take_home = party is not None and caller.may(Role.OWNER)
    return render(request, "activity/desk.html", party=party, may_take_home=may_take_home)
