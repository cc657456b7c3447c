"""Pages of the catalogue: what is here, and a list to search."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from torvet.parties.signin import TheCaller
from torvet.web.pages import render
from torvet.web.parts import TheParts

from .search.api import FoundOut, Search, found_by
from .search.model import Sort

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

NEWEST_SHOWN = 6
FACETS_SHOWN = {
    "theme": "Theme",
    "provider": "Provider",
    "place": "Place",
    "frequency": "Updated",
    "licence": "Licence",
}


@router.get("/")
def landing(request: Request, caller: TheCaller, parts: TheParts) -> Response:
    """Say what this place is, and show what came last."""
    newest = found_by(Search(sort=Sort.NEWEST, page_size=NEWEST_SHOWN), caller, parts)
    return render(request, "catalogue/landing.html", found=newest, themes=_themes(newest))


@router.get("/datasets")
def catalogue(
    request: Request, search: Annotated[Search, Query()], caller: TheCaller, parts: TheParts
) -> Response:
    """Show what a search finds, with filters beside it."""
    found = found_by(search, caller, parts)
    pages = -(-found.total // found.page_size)
    return render(
        request,
        "catalogue/list.html",
        found=found,
        search=search,
        facets=FACETS_SHOWN,
        pages=pages,
        with_filter=lambda name, value: _address(search, **{name: _toggled(search, name, value)}),
        with_page=lambda number: _address(search, page=number),
    )


def _themes(found: FoundOut) -> list[tuple[str, str, int]]:
    return [
        (facet.value, facet.label.get("en", facet.value), facet.count)
        for facet in found.facets.get("theme", [])
    ]


def _toggled(search: Search, name: str, value: str) -> list[str]:
    held = list(getattr(search, name))
    return [kept for kept in held if kept != value] if value in held else [*held, value]


def _address(search: Search, **changes: object) -> str:
    changed = {"page": 1, **changes}
    asked = search.model_dump(exclude_defaults=True) | changed
    pairs = {name: value for name, value in asked.items() if value and (name, value) != ("page", 1)}
    return "/datasets?" + urlencode(pairs, doseq=True)
