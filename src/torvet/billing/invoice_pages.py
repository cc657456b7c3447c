"""The pages of documents: what is to be paid and how, what a sale brings, and what waits."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection

from torvet import catalogue, contracts, parties
from torvet.kit.errors import ExchangeError
from torvet.kit.money import Money
from torvet.parties import Caller, Scope
from torvet.parties.signin import SignedIn
from torvet.ports.parts import Parts
from torvet.web.pages import render, words
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import payments, payouts
from .charges import pages as charges_pages
from .invoices import Issued, IssuedInvoice, Standing, issuing, service
from .invoices.forms import KEY_MAX, REASON_MAX, WORD_OF
from .invoices.model import Kind
from .invoices.rules import totals_of
from .model import HOUSE
from .periods import month_of

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SHOWN = 100
MONTHS_OFFERED, RUNS_SHOWN = 12, 12
AMOUNT_MAX = 40
COUNT_MAX = 10**8
SEE_OTHER = 303
TITLES = {
    Kind.INVOICE: "Invoice",
    Kind.CREDIT_NOTE: "Credit note",
    Kind.SELF_BILLED_INVOICE: "Self-billed invoice",
    Kind.SELF_BILLED_CREDIT_NOTE: "Self-billed credit note",
}
GROUPS = {
    "invoices": ("Invoices", (Kind.INVOICE,)),
    "self-bills": ("Self-billed", (Kind.SELF_BILLED_INVOICE,)),
    "credit-notes": ("Credit notes", (Kind.CREDIT_NOTE, Kind.SELF_BILLED_CREDIT_NOTE)),
}
"""What a reader may look for, by its name in the address."""

STANDINGS = {
    Standing.OPEN: "something is owed",
    Standing.PAID: "paid",
    Standing.OVERPAID: "too much is paid",
}
PAID_BY = {
    "payment": "Came in",
    "payment-back": "Went back",
    "payout": "Ordered back by transfer",
    "reversal": "A transfer or refund that did not arrive",
    "refund": "Held again",
}
"""What moved, by the kind of its posting; else held money paid it."""

Reason = Annotated[str, Form(max_length=REASON_MAX)]
Amount = Annotated[str, Form(max_length=AMOUNT_MAX)]
Key = Annotated[str, Form(max_length=KEY_MAX, pattern=r"^[\x21-\x7e]*$")]


@router.get("/invoices")
def invoices_page(  # noqa: PLR0917 - FastAPI calls it, by name
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    every: bool = False,
    kind: Annotated[str, Query(max_length=20)] = "",
    standing: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """List the documents of the reader's party, or all of them."""
    looked_for = Standing(standing) if standing in {*Standing} else None
    kinds = GROUPS[kind][1] if kind in GROUPS else ()
    with parts.db.begin() as tx:
        found = service.invoices_of(
            tx,
            caller,
            every=every,
            kinds=kinds,
            standing=looked_for,
            after=after,
            limit=SHOWN + 1,
        )
        waiting = () if every else issuing.waiting_for(tx, parts, caller)
        names = _names(tx, (side for one in found for side in (one.party_from, one.party_to)))
    asked = {"every": "true"} if every else {}
    return render(
        request,
        "billing/invoices.html",
        found=found[:SHOWN],
        more=found[SHOWN - 1].id if len(found) > SHOWN else None,
        waiting=len(waiting),
        names=names,
        titles=TITLES,
        every=every,
        groups={name: words for name, (words, _) in GROUPS.items()},
        standings=STANDINGS,
        kind=kind,
        standing=standing,
        asked={**asked, "kind": kind, "standing": standing},
        after=after,
    )


@router.get("/invoices/waiting")
def waiting_page(  # noqa: PLR0917 - FastAPI calls it, by name
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    every: bool = False,
    invoices: Annotated[int, Query(ge=0, le=COUNT_MAX)] = 0,
    bills: Annotated[int, Query(ge=0, le=COUNT_MAX)] = 0,
    ran: bool = False,
) -> Response:
    """Tell what is charged and not invoiced: what comes by itself, and what waits, and why."""
    issued = (invoices, bills) if ran else None
    return _waiting(request, caller, parts, every=every, issued=issued)


@router.post("/invoices/runs")
def run_on_page(
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    month: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Issue what was charged until the end of a month, as the operator."""
    try:
        issued = issuing.run_month(parts, caller, month.strip())
    except ExchangeError as error:
        parties.check(caller, Scope.OPERATE)
        return _waiting(request, caller, parts, every=True, month=month, error=error)
    count = f"invoices={len(issued.invoices)}&bills={len(issued.self_bills)}"
    return RedirectResponse(f"/invoices/waiting?every=true&ran=true&{count}", SEE_OTHER)


def _waiting(
    request: Request,
    caller: Caller,
    parts: Parts,
    *,
    every: bool,
    issued: tuple[int, int] | None = None,
    month: str = "",
    error: ExchangeError | None = None,
) -> Response:
    with parts.db.begin() as tx:
        found = issuing.what_comes_for(tx, parts, caller, every=every)
        sides = [side for one in found.waiting for side in (one.party, one.consumer)]
        sides += [side for one in found.invoices for side in (one.seller, one.buyer)]
        names = _names(tx, sides)
        shown = found.invoices[:SHOWN]
        titles = _titles(tx, (sale.contract.id for one in shown for sale in one.sales))
        runs = service.runs_over(tx, RUNS_SHOWN) if every else []
    this = month_of(parts.clock.now())
    return render(
        request,
        "billing/waiting.html",
        http_status=STATUS[error.kind] if error else 200,
        waiting=found.waiting,
        coming=shown,
        left_out=len(found.invoices) - len(shown),
        names=names,
        titles=titles,
        every=every,
        runs=runs,
        months=[str(this.plus(-number)) for number in range(MONTHS_OFFERED)],
        month=month or str(this.plus(-1)),
        issued=issued,
        error=error,
    )


@router.post("/contracts/{contract_id}/invoices")
def issue_on_page(
    contract_id: str, request: Request, caller: SignedIn, parts: TheParts
) -> Response:
    """Issue all that is charged under a contract by now, as one of its parties."""
    try:
        issued = issuing.issue_now(parts, caller, contract_id)
    except ExchangeError as error:
        return charges_pages.show(request, caller, parts, contract_id, error=error)
    shown = _first_of(parts, caller, issued)
    if shown is None:
        return charges_pages.show(request, caller, parts, contract_id, nothing=True)
    return RedirectResponse(f"/invoices/{shown}", SEE_OTHER)


def _first_of(parts: Parts, caller: Caller, issued: Issued) -> str | None:
    """Return the number of the document that was issued to the reader's party, or from it."""
    with parts.db.begin() as tx:
        found = [service.invoice(tx, None, id_) for id_ in (*issued.invoices, *issued.self_bills)]
    own = [one for one in found if caller.party in {one.party_from, one.party_to}]
    mine = own or (found if caller.operator else [])
    return mine[0].number if mine else None


@router.get("/invoices/{invoice_id}")
def invoice_page(invoice_id: str, request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Show one document: its lines, its sums, and how it is paid."""
    return _invoice(request, caller, parts, invoice_id)


@router.post("/invoices/{invoice_id}/credit-notes")
def credit_on_page(  # noqa: PLR0917 - FastAPI calls it, by name
    invoice_id: str,
    request: Request,
    key: Annotated[str, Form(min_length=1, max_length=KEY_MAX, pattern=r"^[\x21-\x7e]+$")],
    caller: SignedIn,
    parts: TheParts,
    reason: Reason = "",
    amount: Amount = "",
    contract: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Take an invoice back, all that is left or a part, as the operator."""
    parties.check(caller, Scope.OPERATE)
    entered = {"reason": reason, "amount": amount, "contract": contract, "key": key}
    try:
        given = payments.give_back_by_hand(
            parts,
            caller,
            invoice_id,
            reason=_reason(reason),
            key=key,
            part=_amount(parts, invoice_id, amount),
            contract=contract or None,
        )
    except ExchangeError as error:
        return _invoice(request, caller, parts, invoice_id, credit=entered, error=error)
    return RedirectResponse(f"/invoices/{given.note.number}", SEE_OTHER)


@router.post("/invoices/{invoice_id}/refunds")
def refund_on_page(  # noqa: PLR0917 - FastAPI calls it, by name
    invoice_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    reason: Reason = "",
    amount: Amount = "",
    key: Key = "",
) -> Response:
    """Pay back what was paid too much, as the operator: once for each form that is shown."""
    parties.check(caller, Scope.OPERATE)
    entered = {"reason": reason, "amount": amount, "key": key}
    try:
        payments.refund(
            parts,
            caller,
            invoice_id,
            amount=_amount(parts, invoice_id, amount),
            reason=_reason(reason),
            key=key or None,
        )
    except ExchangeError as error:
        return _invoice(request, caller, parts, invoice_id, refund=entered, error=error)
    return RedirectResponse(f"/invoices/{invoice_id}", SEE_OTHER)


def _amount(parts: Parts, invoice_id: str, written: str) -> Money | None:
    """Return an amount as it was typed, in the invoice's own currency; None where none was."""
    if not written.strip():
        return None
    with parts.db.begin() as tx:
        found = service.invoice(tx, None, invoice_id)
    return Money.typed(written.strip(), found.net.currency)


def _reason(written: str) -> str:
    if not written.strip():
        raise payments.ReasonMissing
    return written.strip()


def _invoice(
    request: Request,
    caller: Caller,
    parts: Parts,
    invoice_id: str,
    *,
    credit: Mapping[str, str] | None = None,
    refund: Mapping[str, str] | None = None,
    error: ExchangeError | None = None,
) -> Response:
    with parts.db.begin() as tx:
        found = service.invoice(tx, caller, invoice_id)
        document = service.document(tx, found.id)
        sales = service.sales_told(tx, caller, found)
        notes = service.credit_notes_of(tx, found.id)
        before = None if found.preceding is None else service.invoice(tx, None, found.preceding)
        is_own = found.kind is Kind.INVOICE and caller.party == found.party_to
        bought = service.sales_of(tx, found.id) if is_own else []
        titles = _titles(tx, (sale.contract for sale in (*sales, *bought)))
        told = payments.may_see_payments(caller, found)
        paid = service.payments_of(tx, found) if told else []
        back = _going_back(tx, found) if told else []
        paid_out = payouts.paying(tx, found.id) if found.kind.self_billed else []
    return render(
        request,
        "billing/invoice.html",
        http_status=STATUS[error.kind] if error else 200,
        it=found,
        document=document,
        totals=totals_of(document),
        sales=sales,
        notes=notes,
        before=before,
        title=TITLES[found.kind],
        word=WORD_OF[found.kind],
        buys=caller.party == found.party_to,
        contracts=sorted({sale.contract for sale in sales}),
        bought=sorted({sale.contract for sale in bought}),
        titles=titles,
        paid=paid,
        paid_by=PAID_BY,
        back=back,
        paid_out=paid_out,
        credit=credit or {"reason": "", "amount": "", "contract": "", "key": parts.new_id("cn")},
        refund=refund or {"reason": "", "amount": "", "key": parts.new_id("rf")},
        error=error,
    )


def _going_back(tx: Connection, found: IssuedInvoice) -> list[dict[str, object]]:
    """Return what goes or went back, each with its state and what that means for the buyer."""
    told = []
    for one in payments.refunds_of(tx, found):
        why = ""
        if isinstance(one, payouts.Payout) and one.stage is payouts.Stage.ORDERED:
            why = payouts.why_it_waits(tx, one)
        state, words = _state_of(one, why)
        at = one.made_at if isinstance(one, payouts.Payout) else one.asked_at
        told.append({"at": at, "amount": one.amount, "state": state, "words": words})
    return told


def _state_of(one: payments.CardRefund | payouts.Payout, why: str) -> tuple[str, str]:
    if why:
        return "waits", f"By transfer, as soon as that can be: {why}."
    return _STATES[one.stage]


_STATES: Mapping[payments.CardRefundStage | payouts.Stage, tuple[str, str]] = {
    payments.CardRefundStage.ASKED: ("under way", "The card provider is asked to send it back."),
    payments.CardRefundStage.DONE: ("done", "It went back to the card that paid."),
    payments.CardRefundStage.FAILED: (
        "failed",
        "The card provider could not send it back, and it is to the buyer's credit again.",
    ),
    payouts.Stage.ORDERED: ("ordered", "It leaves by transfer with the next payment file."),
    payouts.Stage.FILED: ("under way", "The bank has the order to transfer it."),
    payouts.Stage.PAID: ("done", "It left by transfer."),
    payouts.Stage.RETURNED: ("came back", "The transfer came back: it is to the buyer's credit."),
    payouts.Stage.CANCELLED: ("taken back", "It did not leave, and is to the buyer's credit."),
}


def _titles(tx: Connection, ids: Iterable[str]) -> dict[str, str]:
    wanted = sorted(set(ids))
    sold = {id_: one.dataset for id_, one in contracts.contracts_by_id(tx, wanted).items()}
    datasets = catalogue.datasets_by_id(tx, sorted(set(sold.values())))
    titles = {id_: words(datasets[one].title) for id_, one in sold.items() if one in datasets}
    return {id_: titles.get(id_, id_) for id_ in wanted}


def _names(tx: Connection, ids: Iterable[str]) -> dict[str, str]:
    found = parties.parties_by_id(tx, set(ids) - {HOUSE})
    return {HOUSE: "The exchange", **{id_: party.name for id_, party in found.items()}}
