"""The price calculator over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from torvet import contracts
from torvet.audit import waiting
from torvet.contracts import Unit
from torvet.contracts.terms import purpose_code
from torvet.metering.service import FOLLOWER
from torvet.parties import Caller, PartyId, Role, check
from torvet.parties.signin import SignedIn
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import calculator
from .calculator import Quote
from .charging import Cause, Quantity
from .forms import MoneyForm

QUANTITY_MAX = 10**15

router = APIRouter(prefix="/api", tags=["billing"])

IdPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
PurposeQuery = Annotated[
    str | None, Query(max_length=200, description="Where the price depends on it.")
]
Count = Annotated[int, Field(ge=0, le=QUANTITY_MAX)]


class QuantitiesForm(BaseModel):
    """What one would use in a month."""

    model_config = ConfigDict(extra="forbid")

    rows: Count = 0
    bytes: Count = 0
    requests: Count = 0
    answers: Count = 0

    def at(self, hour: datetime) -> list[Quantity]:
        counted = {
            Unit.ROW: self.rows,
            Unit.GB: self.bytes,
            Unit.REQUEST: self.requests,
            Unit.ANSWER: self.answers,
        }
        return [Quantity(unit=unit, hour=hour, counted=n) for unit, n in counted.items()]


class QuoteLineForm(BaseModel):
    """What one meter, subscription or bound comes to."""

    cause: Cause = Field(description="What it is for; `least` and `most` bound a month's use.")
    meter: str = Field(description="row, gb (counted in bytes), request, answer, month or year.")
    counted: int
    amount: MoneyForm


class QuoteForm(BaseModel):
    """What a period would have cost, without VAT and after any trial."""

    offer: str
    start: datetime
    end: datetime
    lines: list[QuoteLineForm]
    total: MoneyForm | None = Field(description="Null where nothing is ever to be paid.")
    waiting: int = Field(description="Sealed facts that the meter has not looked at yet.")


@router.get("/offers/{offer_id}/quote", responses=problems_of(401, 403, 404, 422, 429))
def quote_of_use(  # noqa: PLR0917 - FastAPI calls it, by name
    offer_id: IdPath,
    caller: SignedIn,
    parts: TheParts,
    start: Annotated[
        AwareDatetime | None, Query(alias="from", description="Else last month's begin.")
    ] = None,
    end: Annotated[AwareDatetime | None, Query(alias="to", description="Else its end.")] = None,
    purpose: PurposeQuery = None,
) -> QuoteForm:
    """Tell what your use of the offer's dataset would have cost under the offer.

    Without a period it is last month's, in Copenhagen. The offer's provider is told what all its
    consumers would have paid together.
    """
    month = calculator.last_month(parts.clock.now())
    party = reader_of(caller)
    with parts.db.begin() as tx:
        offer = contracts.visible_offer(tx, caller, offer_id)
        found = calculator.quote_of_use(
            tx,
            offer,
            party,
            purpose=code_of(purpose),
            start=start or month.start,
            end=end or month.end,
        )
        return _form(offer_id, found, waiting(tx, FOLLOWER))


@router.post("/offers/{offer_id}/quote", responses=problems_of(400, 401, 403, 404, 422, 429))
def quote_of_quantities(
    offer_id: IdPath,
    form: QuantitiesForm,
    caller: SignedIn,
    parts: TheParts,
    purpose: PurposeQuery = None,
) -> QuoteForm:
    """Tell what a month with these quantities would cost you under the offer."""
    month = calculator.last_month(parts.clock.now())
    party = reader_of(caller)
    with parts.db.begin() as tx:
        offer = contracts.visible_offer(tx, caller, offer_id)
        tariff = calculator.tariff_for(tx, offer, party, code_of(purpose))
    return _form(
        offer_id, calculator.quote(tariff, form.at(month.start), month.start, month.end), 0
    )


def reader_of(caller: Caller) -> PartyId:
    """Return the party that the caller reads for."""
    check(caller, Role.READER)
    assert caller.party is not None, "a reader reads for a party"
    return caller.party


def code_of(purpose: str | None) -> str:
    """Return the code of a purpose, empty where none is named; raise PurposeUnknown."""
    return "" if purpose is None else purpose_code(purpose)


def _form(offer: str, found: Quote, left: int) -> QuoteForm:
    return QuoteForm(
        offer=offer,
        start=found.start,
        end=found.end,
        lines=[
            QuoteLineForm(
                cause=line.cause,
                meter=line.meter,
                counted=line.counted,
                amount=MoneyForm.of(line.amount),
            )
            for line in found.lines
        ],
        total=None if found.total is None else MoneyForm.of(found.total),
        waiting=left,
    )
