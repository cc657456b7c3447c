"""Disputes over HTTP: for the two parties of a contract, and for the operator who decides."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from torvet.parties import Caller
from torvet.parties.signin import SignedIn
from torvet.ports.parts import Parts
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import deciding, disputes, evidence
from .deciding import Ruling
from .forms import (
    DisputeForm,
    DisputeSheet,
    DisputesSheet,
    EvidenceSheet,
    RulingForm,
    WordsForm,
)

router = APIRouter(prefix="/api", tags=["trust"])

PAGE = 50

IdPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


@router.post(
    "/contracts/{contract_id}/disputes",
    status_code=201,
    responses=problems_of(400, 401, 403, 404, 409, 422),
)
def open_dispute(
    contract_id: IdPath, form: DisputeForm, caller: SignedIn, parts: TheParts
) -> DisputeSheet:
    """Dispute an invoice, a month or the service. What the log says of it is collected at once.

    While an invoice is disputed, its money is not paid out to the provider.
    """
    made = disputes.open_dispute(
        parts, caller, contract_id, about=form.about, subject=form.subject, words=form.words
    )
    return _sheet(parts, caller, made.id)


@router.get("/disputes", responses=problems_of(401, 403, 422))
def list_disputes(  # noqa: PLR0917 - FastAPI calls it, by name
    caller: SignedIn,
    parts: TheParts,
    every: Annotated[bool, Query(description="Of all parties: for the operator.")] = False,
    live: Annotated[bool, Query(description="Only those that are not over.")] = False,
    after: Annotated[str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")] = None,
    limit: Annotated[int, Query(ge=1, le=disputes.PAGE_MAX - 1)] = PAGE,
) -> DisputesSheet:
    """List the disputes of your party, the newest first."""
    with parts.db.begin() as tx:
        found = disputes.disputes_of(
            tx, caller, every=every, live_only=live, after=after, limit=limit + 1
        )
    page = [DisputeSheet.of(one) for one in found[:limit]]
    return DisputesSheet(items=page, next=page[-1].id if len(found) > limit else None)


@router.get("/disputes/{dispute_id}", responses=problems_of(401, 403, 404, 422))
def show_dispute(dispute_id: IdPath, caller: SignedIn, parts: TheParts) -> DisputeSheet:
    """Show a dispute: what was said, what the log says, what was decided."""
    return _sheet(parts, caller, dispute_id)


@router.post(
    "/disputes/{dispute_id}/messages", responses=problems_of(400, 401, 403, 404, 409, 422, 429)
)
def write_into_dispute(
    dispute_id: IdPath, form: WordsForm, caller: SignedIn, parts: TheParts
) -> DisputeSheet:
    """Write into a dispute. The other party's first words are its answer."""
    disputes.write(parts, caller, dispute_id, form.words)
    return _sheet(parts, caller, dispute_id)


@router.post("/disputes/{dispute_id}/withdrawal", responses=problems_of(401, 403, 404, 409, 422))
def withdraw_dispute(dispute_id: IdPath, caller: SignedIn, parts: TheParts) -> DisputeSheet:
    """Take a dispute back, as the party that opened it."""
    disputes.withdraw(parts, caller, dispute_id)
    return _sheet(parts, caller, dispute_id)


@router.post("/disputes/{dispute_id}/decision", responses=problems_of(400, 401, 403, 404, 409, 422))
def decide_dispute(
    dispute_id: IdPath, form: RulingForm, caller: SignedIn, parts: TheParts
) -> DisputeSheet:
    """Decide a dispute, as the operator: reject it, credit an amount, or cancel.

    What is decided is done with the decision: credit notes, held money, the contract's end.
    """
    ruling = Ruling(
        outcome=form.outcome,
        reason=form.reason,
        amount=None if form.amount is None else form.amount.to_money(),
        invoice=form.invoice or None,
    )
    deciding.decide(parts, caller, dispute_id, ruling)
    return _sheet(parts, caller, dispute_id)


@router.get("/disputes/{dispute_id}/evidence", responses=problems_of(401, 403, 404, 422))
def dispute_evidence(dispute_id: IdPath, caller: SignedIn, parts: TheParts) -> EvidenceSheet:
    """Give what the log bears witness of, with proofs that are checked without the exchange."""
    return EvidenceSheet(**evidence.bundle(parts, caller, dispute_id))


def _sheet(parts: Parts, caller: Caller, dispute_id: str) -> DisputeSheet:
    with parts.db.begin() as tx:
        found = disputes.known(tx, caller, dispute_id)
        said = disputes.messages(tx, dispute_id)
        return DisputeSheet.of(found, said, evidence.evidence_of(tx, dispute_id))
