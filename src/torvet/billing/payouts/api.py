"""Payouts over HTTP: to each party its own, to the operator all of them and the files."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from torvet.billing.forms import MoneyForm
from torvet.billing.model import AccountKind
from torvet.parties import Caller, Scope
from torvet.parties.signin import SignedIn, acting
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import service
from .model import Due, LineKind, Payout, PayoutLine, Run, Stage, WaitingSale

REASON_MAX = 200

router = APIRouter(prefix="/api/billing/payouts", tags=["payouts"])
Operator = Annotated[Caller, Depends(acting(Scope.OPERATE))]
IdPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_]+$")]


class PayoutForm(BaseModel):
    """One transfer to a party."""

    id: str
    party: str
    account: AccountKind = Field(description="The party's account here that it was taken from.")
    amount: MoneyForm
    words: str
    stage: Stage
    made_at: datetime
    transfer: str = Field(description="The EndToEndId by which the bank tells of it.")
    iban: str | None = Field(description="Where it goes, once it stands in a payment file.")
    file: str | None
    why: str = Field(description="Why it came back or was cancelled.")

    @classmethod
    def of(cls, one: Payout) -> "PayoutForm":
        return cls(
            id=one.id,
            party=one.party,
            account=one.account,
            amount=MoneyForm.of(one.amount),
            words=one.words,
            stage=one.stage,
            made_at=one.made_at,
            transfer=one.transfer,
            iban=one.to.iban if one.to else None,
            file=one.file,
            why=one.why,
        )


class PayoutsForm(BaseModel):
    """Payouts, the newest first."""

    items: list[PayoutForm]


class DueForm(BaseModel):
    """What a party has to get."""

    party: str
    account: AccountKind
    balance: MoneyForm = Field(description="What stands on the account.")
    held: MoneyForm = Field(description="Of that, of sales not paid yet or disputed.")
    payable: MoneyForm = Field(description="What can be paid; below zero it had too much.")
    why: str = Field(description="Why it is not paid now; empty where the next run pays it.")

    @classmethod
    def of(cls, one: Due) -> "DueForm":
        return cls(
            party=one.party,
            account=one.account,
            balance=MoneyForm.of(one.balance),
            held=MoneyForm.of(one.held),
            payable=MoneyForm.of(one.payable),
            why=one.why,
        )


class WaitingSaleForm(BaseModel):
    """A sale of yours whose money stays here for now."""

    contract: str
    dataset: str
    document: str | None = Field(description="The self-billed document that says it.")
    amount: MoneyForm = Field(description="Your part of it, with its VAT.")
    why: str

    @classmethod
    def of(cls, one: WaitingSale) -> "WaitingSaleForm":
        return cls(
            contract=one.contract,
            dataset=one.dataset,
            document=one.document,
            amount=MoneyForm.of(one.amount),
            why=one.why,
        )


class DuesForm(BaseModel):
    """What is due, and to a provider which of its sales wait."""

    items: list[DueForm]
    waiting: list[WaitingSaleForm] = Field(description="Of your own party, the oldest first.")


class PayoutLineForm(BaseModel):
    """A part of a payout; below zero it takes back what an earlier one held."""

    kind: LineKind
    document: str | None = Field(description="The self-billed document: to a provider.")
    invoice: str | None = Field(description="The id of the buyer's document.")
    contract: str | None
    dataset: str | None
    amount: MoneyForm

    @classmethod
    def of(cls, one: PayoutLine, *, provides: bool) -> "PayoutLineForm":
        return cls(
            kind=one.kind,
            document=one.document if provides else None,
            invoice=one.invoice or None,
            contract=one.contract or None,
            dataset=one.dataset,
            amount=MoneyForm.of(one.amount),
        )


class PayoutStatementForm(BaseModel):
    """A payout and what it is for: the lines come to its amount, to the øre."""

    payout: PayoutForm
    lines: list[PayoutLineForm] = Field(
        description="None where it gives back held money or what was paid too much."
    )


class PayoutRunForm(BaseModel):
    """When a run of payouts should be executed by the bank."""

    model_config = ConfigDict(extra="forbid")

    pay_on: date | None = Field(default=None, description="Else today.")


class PayoutRunResultForm(BaseModel):
    """What a run came to."""

    file: str | None = Field(description="The payment file; none where nothing could be paid.")
    payouts: list[PayoutForm]
    waiting: list[DueForm]

    @classmethod
    def of(cls, run: Run) -> "PayoutRunResultForm":
        return cls(
            file=run.file,
            payouts=[PayoutForm.of(one) for one in run.payouts],
            waiting=[DueForm.of(one) for one in run.waiting],
        )


class CancellationForm(BaseModel):
    """Why the bank will not make a transfer."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=REASON_MAX)


Every = Annotated[bool, Query(description="Of all parties: for the operator.")]


@router.get("", responses=problems_of(401, 403))
def payouts(parts: TheParts, caller: SignedIn, every: Every = False) -> PayoutsForm:
    """List the payouts to your party, the newest first."""
    with parts.db.begin() as tx:
        found = service.payouts_of(tx, caller, every=every)
    return PayoutsForm(items=[PayoutForm.of(one) for one in found])


@router.get("/due", responses=problems_of(401, 403))
def due(parts: TheParts, caller: SignedIn, every: Every = False) -> DuesForm:
    """Tell what is due to your party, and why it is not paid yet."""
    with parts.db.begin() as tx:
        found = service.due_to(tx, caller, parts.settings.payout_minor_min, every=every)
        waiting = [] if every else service.waiting_sales(tx, caller)
    return DuesForm(
        items=[DueForm.of(one) for one in found],
        waiting=[WaitingSaleForm.of(one) for one in waiting],
    )


@router.get("/{payout}", responses=problems_of(401, 403, 404, 422))
def payout_statement(payout: IdPath, parts: TheParts, caller: SignedIn) -> PayoutStatementForm:
    """Tell what a payout is for, document by document, to its party and to the operator."""
    with parts.db.begin() as tx:
        found, lines = service.payout_of(tx, caller, payout)
    provides = found.account is AccountKind.PAYABLE
    return PayoutStatementForm(
        payout=PayoutForm.of(found),
        lines=[PayoutLineForm.of(one, provides=provides) for one in lines],
    )


@router.post("/runs", status_code=201, responses=problems_of(400, 401, 403, 409, 422))
def run(
    form: Annotated[PayoutRunForm, Body()], parts: TheParts, operator: Operator
) -> PayoutRunResultForm:
    """Pay out all that is due, as the operator: order it, and write the payment file.

    Only what buyers have paid, less credit notes. Run again, it pays nothing twice.
    """
    return PayoutRunResultForm.of(service.pay_out(parts, operator, pay_on=form.pay_on))


@router.get(
    "/files/{file}",
    response_class=Response,
    responses={
        200: {"content": {"application/xml": {}}, "description": "pain.001.001.09."},
        **problems_of(401, 403, 404, 422),
    },
)
def payment_file(file: IdPath, parts: TheParts, operator: Operator) -> Response:
    """Give a payment file for the bank, as it was written, to the byte."""
    with parts.db.begin() as tx:
        kept = service.kept_file(tx, operator, file)
    headers = {"Content-Disposition": f'attachment; filename="{kept.id}.xml"'}
    return Response(kept.document, media_type="application/xml", headers=headers)


@router.post("/{payout}/cancellation", responses=problems_of(400, 401, 403, 404, 409, 422))
def cancel(
    payout: IdPath,
    form: Annotated[CancellationForm, Body()],
    parts: TheParts,
    operator: Operator,
) -> PayoutForm:
    """Take back a payout that the bank will not make, as the operator; it is owed again."""
    return PayoutForm.of(service.cancel(parts, operator, payout, form.reason))
