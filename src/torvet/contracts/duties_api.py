"""What is owed in return under a contract, over HTTP."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from torvet.parties.signin import SignedIn
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import duties, service
from .api import IdPath
from .duties import Duty
from .forms import DutyForm, ReasonForm
from .sheets import Words
from .terms import to_json

router = APIRouter(prefix="/api", tags=["contracts"])

KindPath = Annotated[str, Path(min_length=1, max_length=40, pattern=r"^[a-z-]+$")]


class DutySheet(BaseModel):
    """A duty of a contract, and how it stands."""

    clause: dict[str, Any]
    words: Words
    due_at: datetime | None = Field(description="When it is overdue; null where it is done.")
    done_at: datetime | None
    done_words: str
    reason: str = Field(description="Why the provider opened it anew.")

    @classmethod
    def of(cls, duty: Duty) -> "DutySheet":
        return cls(
            clause=to_json(duty.clause),
            words=Words.of(duty.clause.words()),
            due_at=duty.due_at,
            done_at=duty.done_at,
            done_words=duty.words,
            reason=duty.reason,
        )


class DutiesSheet(BaseModel):
    """The duties of a contract."""

    items: list[DutySheet]


@router.get("/contracts/{contract_id}/duties", responses=problems_of(401, 404, 422, 429))
def list_duties(contract_id: IdPath, caller: SignedIn, parts: TheParts) -> DutiesSheet:
    """List what is owed in return under a contract, and what is done of it."""
    with parts.db.begin() as tx:
        contract = service.known_contract(tx, caller, contract_id)
        found = duties.duties_of(tx, contract)
    return DutiesSheet(items=[DutySheet.of(one) for one in found])


@router.post(
    "/contracts/{contract_id}/duties/{kind}/done",
    responses=problems_of(400, 401, 403, 404, 409, 422, 429),
)
def duty_done(
    contract_id: IdPath, kind: KindPath, form: DutyForm, caller: SignedIn, parts: TheParts
) -> DutySheet:
    """Say that a duty is done, and how, as the consumer."""
    return DutySheet.of(duties.do(parts, caller, contract_id, kind, form.words))


@router.post(
    "/contracts/{contract_id}/duties/{kind}/reopening",
    responses=problems_of(400, 401, 403, 404, 409, 422, 429),
)
def reopen_duty(
    contract_id: IdPath, kind: KindPath, form: ReasonForm, caller: SignedIn, parts: TheParts
) -> DutySheet:
    """Say why it is not done, as the provider; its days count anew."""
    return DutySheet.of(duties.reopen(parts, caller, contract_id, kind, form.reason))
