"""Charges over HTTP: to both parties of a contract, and to the operator."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Connection

from torvet import contracts
from torvet.audit import waiting as facts_waiting
from torvet.billing.charging import Cause
from torvet.billing.forms import MoneyForm
from torvet.contracts import Contract
from torvet.metering.service import FOLLOWER
from torvet.parties import Caller, Scope
from torvet.parties.signin import SignedIn, acting
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import service
from .model import Charged

router = APIRouter(prefix="/api", tags=["billing"])

Operator = Annotated[Caller, Depends(acting(Scope.OPERATE))]
IdPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class ChargeForm(BaseModel):
    """One portion of a charge, without VAT. It never changes: use that comes late adds another."""

    id: str
    cause: Cause
    meter: str = Field(description="row, gb (counted in bytes), request, answer, month or year.")
    begin: datetime = Field(description="The hour of use, or the begin of what is paid for.")
    portion: int = Field(description="From 0; further ones are for use that came late.")
    counted: int = Field(description="Rows, bytes, requests or answers.")
    amount: MoneyForm = Field(description="Below zero where something goes back.")
    derived_at: datetime
    invoice: str | None = Field(description="The invoice that it is on; null while it waits.")

    @classmethod
    def of(cls, one: Charged) -> "ChargeForm":
        return cls(
            id=one.id,
            cause=one.key.cause,
            meter=one.key.meter,
            begin=one.key.begin,
            portion=one.portion,
            counted=one.counted,
            amount=MoneyForm.of(one.amount),
            derived_at=one.derived_at,
            invoice=one.invoice,
        )


class ChargeSumForm(BaseModel):
    """What a contract was charged altogether, and what of it is not invoiced yet."""

    charged: MoneyForm
    waiting: MoneyForm = Field(description="What is charged and not invoiced yet.")


class ChargesForm(BaseModel):
    """What a contract was charged, the newest first."""

    contract: str
    items: list[ChargeForm]
    complete: bool = Field(description="False where `limit` cut the items off.")
    sums: list[ChargeSumForm] = Field(description="Of all charges, one for each currency.")
    waiting_facts: int = Field(description="Sealed facts that the meter has not looked at yet.")


class ChargedForm(BaseModel):
    """What came of charging."""

    charges: int = Field(description="How many charges were added.")


@router.get("/contracts/{contract_id}/charges", responses=problems_of(401, 404, 422, 429))
def list_charges(  # noqa: PLR0917 - FastAPI calls it, by name
    contract_id: IdPath,
    caller: SignedIn,
    parts: TheParts,
    start: Annotated[AwareDatetime | None, Query(alias="from", description="Begun since.")] = None,
    end: Annotated[AwareDatetime | None, Query(alias="to", description="Begun before.")] = None,
    invoiced: Annotated[bool | None, Query(description="Only what is, or is not.")] = None,
    limit: Annotated[int, Query(ge=1, le=service.CHARGES_MAX)] = 1_000,
) -> ChargesForm:
    """List what your party's contract was charged; the operator may look at every contract."""
    waiting = None if invoiced is None else not invoiced
    with parts.db.begin() as tx:
        contract = contract_for(tx, caller, contract_id)
        found = service.charged_of(
            tx, contract.id, start=start, end=end, waiting=waiting, limit=limit
        )
        sums = service.totals_of(tx, contract.id)
        left = facts_waiting(tx, FOLLOWER)
    return ChargesForm(
        contract=contract.id,
        items=[ChargeForm.of(one) for one in found],
        complete=len(found) < limit,
        sums=[
            ChargeSumForm(charged=MoneyForm.of(charged), waiting=MoneyForm.of(open_))
            for charged, open_ in sums
        ],
        waiting_facts=left,
    )


@router.post("/billing/charges", responses=problems_of(401, 403, 429))
def charge(parts: TheParts, _operator: Operator) -> ChargedForm:
    """Charge everything that is due by now, instead of waiting for the next minute."""
    return ChargedForm(charges=service.charge_due(parts))


def contract_for(tx: Connection, caller: Caller, contract_id: str) -> Contract:
    """Return a contract of the caller's party, or any to the operator; raise ContractNotFound."""
    if caller.may(Scope.OPERATE):
        return contracts.contract(tx, contract_id)
    return contracts.known_contract(tx, caller, contract_id)
