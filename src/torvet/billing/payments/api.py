"""Payments over HTTP: statements and their lines for the operator, cards for buyers."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request
from starlette.exceptions import HTTPException

from torvet.billing.bank.camt import BYTES_MAX
from torvet.billing.invoices import invoice
from torvet.parties import Caller, Scope
from torvet.parties.signin import SignedIn, acting
from torvet.web.bodies import take_stream
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import cards, inspection, refunds, service
from .forms import (
    BankLineForm,
    BankLinesForm,
    BankStatementForm,
    BankStatementsForm,
    CardPaymentForm,
    DecisionForm,
    HeardForm,
    ImportedForm,
    ReconciledForm,
    ReconciliationForm,
    RefundAskForm,
    RefundForm,
    RefundsForm,
)
from .model import Stage
from .refunds import may_see_payments

EVENT_BYTES_MAX = 2**20
SIGNATURE_MAX = 2_000

router = APIRouter(prefix="/api/billing", tags=["payments"])
Operator = Annotated[Caller, Depends(acting(Scope.OPERATE))]
KeyPath = Annotated[
    str,
    Path(
        min_length=service.KEY_PREFIX_MIN,
        max_length=80,
        pattern=r"^[0-9a-f-]+$",
        description="Key of the line, or how it begins.",
    ),
]
InvoicePath = Annotated[
    str,
    Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$", description="Id or number."),
]


def _binary(media: str, words: str) -> dict[str, Any]:
    schema = {"type": "string", "format": "binary", "description": words}
    return {"requestBody": {"required": True, "content": {media: {"schema": schema}}}}


async def _statement_body(request: Request, _operator: Operator) -> bytes:
    take_stream(request)  # counted below: statements of a year are larger than other requests
    return await _read(request, BYTES_MAX)


async def _event_body(request: Request) -> bytes:
    return await _read(request, EVENT_BYTES_MAX)


async def _read(request: Request, most: int) -> bytes:
    held = bytearray()
    async for piece in request.stream():
        held += piece
        if len(held) > most:
            raise HTTPException(413, f"The request is longer than {most} bytes.")
    return bytes(held)


@router.post(
    "/bank/statements",
    status_code=201,
    responses=problems_of(400, 401, 403, 409, 413, 422),
    openapi_extra=_binary("application/xml", "A camt.053 file as the bank wrote it."),
)
def read_statement(
    parts: TheParts, operator: Operator, document: Annotated[bytes, Depends(_statement_body)]
) -> ImportedForm:
    """Take in a bank statement, camt.053, as the operator.

    A line that names exactly one open invoice, hold or payout, and is exactly its amount, is
    booked. All others wait for a decision. The same file or line again changes nothing.
    """
    return ImportedForm.of(service.read_file(parts, operator, document))


@router.get("/bank/statements", responses=problems_of(401, 403))
def bank_statements(parts: TheParts, operator: Operator) -> BankStatementsForm:
    """List the bank statements that were read, the last ones first."""
    with parts.db.begin() as tx:
        found = service.statements_of(tx, operator, service.LINES_PAGE)
    return BankStatementsForm(items=[BankStatementForm.of(one) for one in found])


@router.get("/bank/lines", responses=problems_of(401, 403, 422))
def bank_lines(
    parts: TheParts,
    operator: Operator,
    stage: Annotated[Stage | None, Query(description="Only these; else all.")] = Stage.WAITING,
) -> BankLinesForm:
    """List lines of bank statements: those that wait for a decision, or others."""
    with parts.db.begin() as tx:
        found = service.lines_of(tx, operator, stage)
    return BankLinesForm(items=[BankLineForm.of(one) for one in found])


@router.post("/bank/lines/{key}/decision", responses=problems_of(400, 401, 403, 404, 409, 422))
def decide(
    key: KeyPath, form: Annotated[DecisionForm, Body()], parts: TheParts, operator: Operator
) -> BankLineForm:
    """Say what a waiting line is: it is booked so, or set apart, once."""
    return BankLineForm.of(service.decide(parts, operator, key, form.to_decision()))


@router.get("/bank/balance", responses=problems_of(401, 403))
def balance(parts: TheParts, _operator: Operator) -> ReconciliationForm:
    """Hold the books' bank account against bank and card provider, as the operator."""
    with parts.db.begin() as tx:
        found = inspection.reconciled(tx)
    return ReconciliationForm(items=[ReconciledForm.of(one) for one in found])


@router.post(
    "/invoices/{invoice_id}/card-payments",
    status_code=201,
    responses=problems_of(401, 403, 404, 409, 422, 503),
)
def pay_by_card(invoice_id: InvoicePath, parts: TheParts, caller: SignedIn) -> CardPaymentForm:
    """Begin to pay an invoice of your party by card; send the payer to the `url`.

    Begun again, it is the same payment.
    """
    return CardPaymentForm.of(cards.pay_by_card(parts, caller, invoice_id))


@router.post(
    "/invoices/{invoice_id}/refunds",
    status_code=201,
    responses=problems_of(400, 401, 403, 404, 409, 422, 503),
)
def refund(
    invoice_id: InvoicePath,
    form: Annotated[RefundAskForm, Body()],
    parts: TheParts,
    operator: Operator,
) -> RefundForm:
    """Give back what was paid too much of an invoice, as the operator: to the card, or by transfer.

    Credit the invoice first: no more goes back than was paid beyond what is owed.
    """
    amount = form.amount.to_money() if form.amount else None
    made = refunds.refund(
        parts, operator, invoice_id, amount=amount, reason=form.reason, key=form.key
    )
    return RefundForm.of(made)


@router.get("/invoices/{invoice_id}/refunds", responses=problems_of(401, 403, 404, 422))
def refunds_of(
    invoice_id: InvoicePath, parts: TheParts, caller: Annotated[Caller, Depends(acting(Scope.READ))]
) -> RefundsForm:
    """List what goes or went back of an invoice, and how far each has come: to who paid it."""
    with parts.db.begin() as tx:
        found = invoice(tx, caller, invoice_id)
        back = refunds.refunds_of(tx, found) if may_see_payments(caller, found) else []
    return RefundsForm(items=[RefundForm.of(one) for one in back])


@router.post(
    "/card-events",
    responses=problems_of(400, 403, 413, 422, 503),
    openapi_extra=_binary("application/json", "An event of the card provider, as it signed it."),
)
def card_event(
    parts: TheParts,
    body: Annotated[bytes, Depends(_event_body)],
    stripe_signature: Annotated[str, Header(max_length=SIGNATURE_MAX)] = "",
) -> HeardForm:
    """Hear what the card provider has to say: its webhook. Each event is taken in once."""
    return HeardForm(outcome=cards.take_event(parts, body, stripe_signature))
