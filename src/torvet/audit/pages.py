"""The log as a page: its newest checkpoint and facts."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.readers import TheReaders

from . import service

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

FACTS_SHOWN = 50


@router.get("/log")
def log(request: Request, parts: TheParts, readers: TheReaders) -> Response:
    """Show the newest facts: to their parties what happened, to all others that it did."""
    size = service.newest_checkpoint(parts).size
    page, newest = service.page_of_facts(parts, max(-1, size - FACTS_SHOWN - 1), FACTS_SHOWN)
    facts = [(sealed, sealed.readable_by(readers)) for sealed in reversed(page)]
    return render(request, "audit/log.html", facts=facts, checkpoint=newest)
