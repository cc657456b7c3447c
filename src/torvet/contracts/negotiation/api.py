"""Negotiations over HTTP."""

from fastapi import APIRouter

from torvet.contracts.api import PAGE, IdPath, IdQuery, PageSize
from torvet.contracts.forms import ReasonForm
from torvet.contracts.sheets import ContractSheet, contract_sheets
from torvet.parties import Caller
from torvet.parties.signin import SignedIn
from torvet.ports.parts import Parts
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import service
from .forms import AgreementForm, OpeningForm, RoundForm
from .model import Negotiation
from .sheets import NegotiationsSheet, TableSheet, negotiation_sheets, table_sheet

router = APIRouter(prefix="/api", tags=["negotiations"])


@router.post(
    "/offers/{offer_id}/negotiations",
    status_code=201,
    responses=problems_of(400, 401, 403, 404, 409, 422, 429),
)
def open_negotiation(
    offer_id: IdPath, form: OpeningForm, caller: SignedIn, parts: TheParts
) -> TableSheet:
    """Answer an offer with other terms: a price, clauses. The provider agrees or answers.

    Say only what should be otherwise. Nothing is bought until one side agrees to what the other
    proposed.
    """
    made = service.propose(
        parts,
        caller,
        offer_id,
        form.to_proposal(),
        purpose=form.purpose,
        order=form.to_order(offer_id),
    )
    return _table(parts, caller, made)


@router.get("/negotiations", responses=problems_of(401, 403, 422, 429))
def list_negotiations(
    caller: SignedIn, parts: TheParts, after: IdQuery = None, limit: PageSize = PAGE
) -> NegotiationsSheet:
    """List what your party negotiates or did, newest first."""
    with parts.db.begin() as tx:
        found = service.negotiations_of(tx, caller, after=after, limit=limit + 1)
        page = negotiation_sheets(tx, found[:limit])
    return NegotiationsSheet(items=page, next=page[-1].id if len(found) > limit else None)


@router.get("/negotiations/{negotiation_id}", responses=problems_of(401, 404, 422, 429))
def show_negotiation(negotiation_id: IdPath, caller: SignedIn, parts: TheParts) -> TableSheet:
    """Show a negotiation of your party: every round, and what each changed."""
    with parts.db.begin() as tx:
        found, said = service.known_negotiation(tx, caller, negotiation_id)
        return table_sheet(tx, caller, found, said)


@router.post(
    "/negotiations/{negotiation_id}/rounds",
    status_code=201,
    responses=problems_of(400, 401, 403, 404, 409, 422, 429),
)
def answer(
    negotiation_id: IdPath, form: RoundForm, caller: SignedIn, parts: TheParts
) -> TableSheet:
    """Put other terms on the table, as either side. `seen` names those that you read."""
    moved = service.answer(parts, caller, negotiation_id, form.to_proposal(), seen=form.seen)
    return _table(parts, caller, moved)


@router.post(
    "/negotiations/{negotiation_id}/agreement",
    status_code=201,
    responses=problems_of(400, 401, 403, 404, 409, 422, 429),
)
def agree(
    negotiation_id: IdPath, form: AgreementForm, caller: SignedIn, parts: TheParts
) -> ContractSheet:
    """Agree to what the other side proposed. It is a contract from then on."""
    contract = service.agree(parts, caller, negotiation_id, seen=form.seen)
    with parts.db.begin() as tx:
        return contract_sheets(tx, [contract])[0]


@router.post(
    "/negotiations/{negotiation_id}/ending",
    responses=problems_of(400, 401, 403, 404, 409, 422, 429),
)
def end(negotiation_id: IdPath, form: ReasonForm, caller: SignedIn, parts: TheParts) -> TableSheet:
    """Leave the table, as either side, and say why."""
    return _table(parts, caller, service.end(parts, caller, negotiation_id, form.reason))


def _table(parts: Parts, caller: Caller, found: Negotiation) -> TableSheet:
    with parts.db.begin() as tx:
        return table_sheet(tx, caller, *service.known_negotiation(tx, caller, found.id))
