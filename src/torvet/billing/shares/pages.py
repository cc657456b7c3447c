"""The page of shares: what a party earned, of what."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from torvet import catalogue
from torvet.parties.signin import SignedIn
from torvet.web.pages import render
from torvet.web.parts import TheParts

from . import service

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/billing/earnings")
def earnings_page(request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Tell what the reader's party earned by its shares, and how it was reckoned."""
    with parts.db.begin() as tx:
        found = service.statement(tx, caller)
        wanted = {one.dataset for one in found.agreements} | {d for d, _ in found.sums}
        titles = {}
        for dataset in sorted(wanted):
            try:
                titles[dataset] = catalogue.dataset(tx, dataset)
            except catalogue.DatasetNotFound:
                continue
    return render(request, "billing/earnings.html", found=found, titles=titles)
