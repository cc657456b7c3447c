"""What is spent under a contract and its spending cap, over HTTP and from its page."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from torvet.kit.money import Money
from torvet.parties.signin import SignedIn
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import capping
from .api import IdPath
from .capping import MonthSpent
from .forms import ChangedCapForm
from .spending import WARN_PERCENT, Used

CAP_TEXT_MAX = 40

router = APIRouter(tags=["contracts"])


class QuantitiesSheet(BaseModel):
    """Quantities that a price can be for."""

    rows: int
    bytes: int
    requests: int = Field(description="Requests for rows.")
    answers: int = Field(description="Answers to questions.")

    @classmethod
    def of(cls, use: Used) -> "QuantitiesSheet":
        return cls(rows=use.rows, bytes=use.bytes, requests=use.requests, answers=use.answers)


class SpendingSheet(BaseModel):
    """What use has come to in this month, without VAT. Money is in øre or cent."""

    start: datetime = Field(description="From when use counts: a month's begin or a trial's end.")
    end: datetime = Field(description="When the month is over, in Copenhagen.")
    used: QuantitiesSheet
    held: QuantitiesSheet = Field(description="What reads at work may use beyond it.")
    spent: dict[str, Any] | None = Field(description="Null where nothing depends on use.")
    cap: dict[str, Any] | None = Field(description="The most that may be spent; null: no cap.")
    left: dict[str, Any] | None
    percent: int | None = Field(description="How much of the cap is spent.")
    near: bool = Field(description=f"At least {WARN_PERCENT} % of the cap are spent.")

    @classmethod
    def of(cls, found: MonthSpent) -> "SpendingSheet":
        return cls(
            start=found.start,
            end=found.end,
            used=QuantitiesSheet.of(found.used),
            held=QuantitiesSheet.of(found.held),
            spent=_written(found.spent),
            cap=_written(found.cap),
            left=_written(found.left),
            percent=found.percent,
            near=found.near,
        )


def _written(amount: Money | None) -> dict[str, Any] | None:
    return None if amount is None else amount.to_json()


@router.get("/api/contracts/{contract_id}/spending", responses=problems_of(401, 404, 422, 429))
def show_spending(contract_id: IdPath, caller: SignedIn, parts: TheParts) -> SpendingSheet:
    """Tell what the use of this month has come to, and what is left of the spending cap."""
    return SpendingSheet.of(capping.spending_of(parts, caller, contract_id))


@router.put(
    "/api/contracts/{contract_id}/cap", responses=problems_of(400, 401, 403, 404, 409, 422, 429)
)
def set_cap(
    contract_id: IdPath, form: ChangedCapForm, caller: SignedIn, parts: TheParts
) -> SpendingSheet:
    """Set the most that your party will spend on use in a month; null takes the cap away.

    It holds from the next read on. Reads that would bring the month above it are refused whole,
    before their first byte.
    """
    capping.set_cap(parts, caller, contract_id, form.to_cap(contract_id))
    return SpendingSheet.of(capping.spending_of(parts, caller, contract_id))
