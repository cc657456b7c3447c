"""What is held, over HTTP: to each party its own, to the operator all of it."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from torvet import contracts
from torvet.kit.money import MINOR_MAX, Currency, Money
from torvet.parties import Caller, Role, Scope, check
from torvet.parties.signin import acting
from torvet.ports.parts import Parts
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import deposits, service
from .model import Hold, Move, Moved, Purpose

router = APIRouter(prefix="/api", tags=["billing"])
Reader = Annotated[Caller, Depends(acting(Scope.READ))]
Buyer = Annotated[Caller, Depends(acting(Scope.TRADE))]
Operator = Annotated[Caller, Depends(acting(Scope.OPERATE))]
IdPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class HeldMoneyForm(BaseModel):
    """Whole øre or cent."""

    model_config = ConfigDict(extra="forbid")

    minor: Annotated[int, Field(ge=-MINOR_MAX, le=MINOR_MAX)]
    currency: Currency

    @classmethod
    def of(cls, amount: Money) -> "HeldMoneyForm":
        return cls(minor=amount.minor, currency=amount.currency)


class ReturnForm(BaseModel):
    """What of held money is to go back; all of it where nothing is named."""

    model_config = ConfigDict(extra="forbid")

    amount: HeldMoneyForm | None = None


class HoldSheet(BaseModel):
    """What is held for one thing."""

    id: str
    party: str
    purpose: Purpose
    subject: str = Field(description="The contract or the pledge.")
    reference: str = Field(description="Write this on your transfer, and it fills this hold.")
    rest: HeldMoneyForm
    opened_at: datetime
    closed_at: datetime | None

    @classmethod
    def of(cls, one: Hold) -> "HoldSheet":
        return cls(
            id=one.id,
            party=one.party,
            purpose=one.purpose,
            subject=one.subject,
            reference=one.reference,
            rest=HeldMoneyForm.of(one.rest),
            opened_at=one.opened_at,
            closed_at=one.closed_at,
        )


class HoldsSheet(BaseModel):
    """What is held, the newest first."""

    items: list[HoldSheet]


class HeldMoveSheet(BaseModel):
    """One movement, and the transaction of the books that it is."""

    at: datetime
    move: Move
    amount: HeldMoneyForm
    transaction: str
    invoice: str | None
    words: str

    @classmethod
    def of(cls, one: Moved) -> "HeldMoveSheet":
        return cls(
            at=one.at,
            move=one.move,
            amount=HeldMoneyForm.of(one.amount),
            transaction=one.transaction,
            invoice=one.invoice,
            words=one.words,
        )


class HeldStatementSheet(BaseModel):
    """A hold with all that moved on it, the oldest first."""

    hold: HoldSheet
    items: list[HeldMoveSheet]


@router.get("/billing/held", responses=problems_of(401, 403, 422))
def list_held(
    parts: TheParts,
    caller: Reader,
    every: Annotated[bool, Query(description="Of all parties: for the operator.")] = False,
) -> HoldsSheet:
    """List what is held of your party, and for what."""
    if every:
        check(caller, Scope.OPERATE)
    with parts.db.begin() as tx:
        found = service.held_of(tx, None if every else str(caller.party))
    return HoldsSheet(items=[HoldSheet.of(one) for one in found])


@router.get("/billing/held/{hold_id}", responses=problems_of(401, 403, 404, 422))
def held_statement(hold_id: IdPath, parts: TheParts, caller: Reader) -> HeldStatementSheet:
    """Tell what moved on a hold."""
    return _statement(parts, caller, hold_id)


@router.post("/billing/held/{hold_id}/return", responses=problems_of(400, 401, 403, 404, 409, 422))
def return_held(
    hold_id: IdPath, form: ReturnForm, parts: TheParts, caller: Buyer
) -> HeldStatementSheet:
    """Ask for held money back that nothing was delivered for: of a prepaid contract of yours."""
    amount = None if form.amount is None else Money(form.amount.minor, form.amount.currency)
    deposits.return_held(parts, caller, hold_id, amount)
    return _statement(parts, caller, hold_id)


@router.post("/contracts/{contract_id}/deposit", responses=problems_of(401, 403, 404, 409, 422))
def deposit(contract_id: IdPath, parts: TheParts, caller: Buyer) -> HoldSheet:
    """Tell how to pay in for a prepaid contract: the reference to write on your transfer."""
    check(caller, Role.BUYER)
    return HoldSheet.of(deposits.deposit_for(parts, caller, contract_id))


@router.get("/contracts/{contract_id}/held", responses=problems_of(401, 403, 404, 422))
def held_for_contract(contract_id: IdPath, parts: TheParts, caller: Reader) -> HoldsSheet:
    """Tell what is held for a contract, to its two parties."""
    with parts.db.begin() as tx:
        contracts.contract(tx, contract_id, caller)
        found = service.held(tx, Purpose.PREPAID, contract_id)
    return HoldsSheet(items=[] if found is None else [HoldSheet.of(found)])


def _statement(parts: Parts, caller: Caller, hold_id: str) -> HeldStatementSheet:
    party = None if caller.operator else str(caller.party)
    with parts.db.begin() as tx:
        found = service.statement(tx, hold_id, party=party)
    return HeldStatementSheet(
        hold=HoldSheet.of(found.hold), items=[HeldMoveSheet.of(one) for one in found.moves]
    )
