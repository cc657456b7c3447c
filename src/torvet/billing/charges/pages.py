"""The page of a contract's charges."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from torvet import catalogue
from torvet.kit.errors import ExchangeError
from torvet.parties import Caller, Role, Scope
from torvet.parties.signin import SignedIn
from torvet.ports.parts import Parts
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import service
from .api import contract_for

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SHOWN = 200


@router.get("/contracts/{contract_id}/charges")
def charges_page(contract_id: str, request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Show what a contract was charged, and what of it is not invoiced yet."""
    return show(request, caller, parts, contract_id)


def show(
    request: Request,
    caller: Caller,
    parts: Parts,
    contract_id: str,
    *,
    nothing: bool = False,
    error: ExchangeError | None = None,
) -> Response:
    """Return the page, with what came of invoicing it now: `nothing`, or an error."""
    with parts.db.begin() as tx:
        contract = contract_for(tx, caller, contract_id)
        dataset = catalogue.dataset(tx, contract.dataset)
        found = service.charged_of(tx, contract.id, limit=SHOWN)
        sums = service.totals_of(tx, contract.id)
    return render(
        request,
        "billing/charges.html",
        http_status=STATUS[error.kind] if error else 200,
        contract=contract,
        dataset=dataset,
        found=found,
        sums=sums,
        shown=SHOWN,
        invoices=caller.may(Role.BUYER) or caller.may(Scope.OPERATE),
        nothing=nothing,
        error=error,
    )
