"""Documents over HTTP: to their seller and buyer, and all of them to the operator."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response

from torvet.parties import Caller, PartyKind, Scope
from torvet.parties import party as party_of
from torvet.parties.signin import SignedIn, acting
from torvet.ports.parts import Parts
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import issuing, service
from .forms import (
    WORD_OF,
    ComingForm,
    IssuedDetailForm,
    IssuedForm,
    IssuedListForm,
    KindWord,
    RunForm,
    RunResultForm,
    WaitingForm,
    WaitingListForm,
)
from .issued import Standing
from .pdf import to_pdf

router = APIRouter(prefix="/api", tags=["invoices"])

IdPath = Annotated[
    str,
    Path(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="Id or number of a document.",
    ),
]
Operator = Annotated[Caller, Depends(acting(Scope.OPERATE))]
Reader = Annotated[Caller, Depends(acting(Scope.READ))]
Language = Annotated[str | None, Query(pattern="^(da|en)$", description="Else the document's own.")]
_KINDS = {word: kind for kind, word in WORD_OF.items()}


@router.get("/invoices", responses=problems_of(401, 403))
def invoices(  # noqa: PLR0917 - FastAPI calls it, by name
    parts: TheParts,
    caller: SignedIn,
    kind: Annotated[KindWord | None, Query(description="Only these.")] = None,
    standing: Annotated[
        Standing | None, Query(description="Only those that are open, paid or paid too much.")
    ] = None,
    every: Annotated[bool, Query(description="Of all parties: for the operator.")] = False,
    after: Annotated[str | None, Query(max_length=64, description="The last id seen.")] = None,
    limit: Annotated[int, Query(ge=1, le=service.INVOICES_MAX)] = 100,
) -> IssuedListForm:
    """List the documents that your party sells or buys by, the newest first."""
    with parts.db.begin() as tx:
        found = service.invoices_of(
            tx,
            caller,
            every=every,
            kinds=() if kind is None else (_KINDS[kind],),
            standing=standing,
            after=after,
            limit=limit,
        )
    return IssuedListForm(
        items=[IssuedForm.of(one) for one in found],
        next_after=found[-1].id if len(found) == limit else None,
    )


@router.get("/invoices/waiting", responses=problems_of(401, 403))
def waiting(
    parts: TheParts,
    caller: Reader,
    every: Annotated[bool, Query(description="Of all parties: for the operator.")] = False,
) -> WaitingListForm:
    """List charges that cannot be invoiced yet, with every reason and who can mend it.

    Beside them what comes with the next invoices, as far as it is charged by now.
    """
    with parts.db.begin() as tx:
        found = issuing.what_comes_for(tx, parts, caller, every=every)
    return WaitingListForm(
        items=[WaitingForm.of(one) for one in found.waiting],
        coming=[ComingForm.of(one) for one in found.invoices[: service.INVOICES_MAX]],
        coming_count=len(found.invoices),
    )


@router.post("/invoices/runs", status_code=201, responses=problems_of(400, 401, 403, 409, 422))
def run(form: RunForm, parts: TheParts, operator: Operator) -> RunResultForm:
    """Issue what was charged until the end of a month and waits, as the operator."""
    return RunResultForm.of(issuing.run_month(parts, operator, form.month))


@router.post(
    "/contracts/{contract_id}/invoices",
    status_code=201,
    responses=problems_of(401, 403, 404, 409, 422),
)
def issue_at_once(
    contract_id: Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")],
    parts: TheParts,
    caller: SignedIn,
) -> RunResultForm:
    """Issue all that is charged under a contract by now, as one of its parties."""
    return RunResultForm.of(issuing.issue_now(parts, caller, contract_id))


@router.get(
    "/invoices/{invoice_id}.xml",
    response_class=Response,
    responses={
        200: {"content": {"application/xml": {}}, "description": "UBL 2.1, Peppol BIS Billing 3."},
        **problems_of(401, 403, 404, 422),
    },
)
def invoice_as_xml(invoice_id: IdPath, parts: TheParts, caller: SignedIn) -> Response:
    """Give a document as it was sent, to the byte."""
    with parts.db.begin() as tx:
        found = service.invoice(tx, caller, invoice_id)
        document = service.xml_of(tx, found.id)
    return _file(document, "application/xml", f"{found.number}.xml")


@router.get(
    "/invoices/{invoice_id}.pdf",
    response_class=Response,
    responses={
        200: {"content": {"application/pdf": {}}, "description": "PDF/A-3, the XML inside."},
        **problems_of(401, 403, 404, 422),
    },
)
def invoice_as_pdf(
    invoice_id: IdPath, parts: TheParts, caller: SignedIn, language: Language = None
) -> Response:
    """Give a document on paper, with the electronic one inside."""
    number, document = pdf_of(parts, caller, invoice_id, language)
    return _file(document, "application/pdf", f"{number}.pdf")


def pdf_of(
    parts: Parts, caller: Caller, invoice_id: str, language: str | None
) -> tuple[str, bytes]:
    """Return a document's number and its paper."""
    with parts.db.begin() as tx:
        found = service.invoice(tx, caller, invoice_id)
        document = service.document(tx, found.id)
        buyer = party_of(tx, found.party_to) if found.party_to else None
    public = buyer is not None and buyer.kind is PartyKind.PUBLIC
    paper = to_pdf(document, language=language or found.language, to_public_body=public)
    return found.number, paper


def _file(content: bytes, media: str, name: str) -> Response:
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(content, media_type=media, headers=headers)


@router.get("/invoices/{invoice_id}", responses=problems_of(401, 403, 404, 422))
def invoice(invoice_id: IdPath, parts: TheParts, caller: SignedIn) -> IssuedDetailForm:
    """Tell what a document says, and what has happened to it since."""
    with parts.db.begin() as tx:
        found = service.invoice(tx, caller, invoice_id)
        return IssuedDetailForm.in_full(
            found,
            service.document(tx, found.id),
            service.sales_told(tx, caller, found),
            service.credit_notes_of(tx, found.id),
        )
