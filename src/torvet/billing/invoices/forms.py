"""Documents as they stand in JSON."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from torvet.billing.forms import MoneyForm
from torvet.kit.money import MINOR_MAX, Currency, Money

from .drafts import Draft
from .issued import Issued, IssuedInvoice, Sale, Status, Waiting
from .model import Invoice, Kind, Line

REASON_MAX = 300
KEY_MAX = 100


class KindWord(StrEnum):
    """What a document is, in a word."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit-note"
    SELF_BILLED_INVOICE = "self-billed-invoice"
    SELF_BILLED_CREDIT_NOTE = "self-billed-credit-note"


WORD_OF = {
    Kind.INVOICE: KindWord.INVOICE,
    Kind.CREDIT_NOTE: KindWord.CREDIT_NOTE,
    Kind.SELF_BILLED_INVOICE: KindWord.SELF_BILLED_INVOICE,
    Kind.SELF_BILLED_CREDIT_NOTE: KindWord.SELF_BILLED_CREDIT_NOTE,
}


class IssuedForm(BaseModel):
    """A document and what has happened to it since it was issued."""

    id: str
    number: str
    kind: KindWord
    seller: str = Field(description="The party's id; empty for the exchange.")
    buyer: str = Field(description="The party's id; empty for the exchange.")
    issued_on: date
    due_on: date | None = Field(description="Null for what gives back.")
    net: MoneyForm = Field(description="Without VAT.")
    vat: MoneyForm
    gross: MoneyForm
    paid: MoneyForm = Field(description="What came in; of a self-billed one what went out.")
    credited: MoneyForm = Field(description="What credit notes took back, with VAT.")
    owed: MoneyForm = Field(description="Below zero where too much was paid.")
    status: Status
    reference: str = Field(description="What it is paid with (ISO 11649).")
    rules: str = Field(description="The version of the rulebook, see `/api/fees`.")
    preceding: str | None = Field(description="The document that a credit note takes back.")
    digest: str = Field(description="SHA-256 of the UBL document, as it stands in the log.")

    @classmethod
    def of(cls, it: IssuedInvoice) -> "IssuedForm":
        return cls(
            id=it.id,
            number=it.number,
            kind=WORD_OF[it.kind],
            seller=it.party_from,
            buyer=it.party_to,
            issued_on=it.issued_on,
            due_on=it.due_on,
            net=MoneyForm.of(it.net),
            vat=MoneyForm.of(it.vat),
            gross=MoneyForm.of(it.gross),
            paid=MoneyForm.of(it.paid),
            credited=MoneyForm.of(it.credited),
            owed=MoneyForm.of(it.owed),
            status=it.status,
            reference=it.reference,
            rules=it.rules,
            preceding=it.preceding,
            digest=it.digest.hex(),
        )


class IssuedListForm(BaseModel):
    """Documents, the newest first."""

    items: list[IssuedForm]
    next_after: str | None = Field(description="`after` of the next page; null on the last one.")


class InvoiceLineForm(BaseModel):
    """One line of a document."""

    description: str
    quantity: str
    unit: str = Field(description="UN/ECE recommendation 20, such as C62 for pieces.")
    unit_price: str
    amount: MoneyForm
    vat_percent: str
    first: date | None
    last: date | None
    note: str | None

    @classmethod
    def of(cls, line: Line) -> "InvoiceLineForm":
        return cls(
            description=line.description,
            quantity=f"{line.quantity:f}",
            unit=line.unit.value,
            unit_price=line.unit_price.decimal_text(),
            amount=MoneyForm.of(line.amount),
            vat_percent=f"{line.vat.percent:f}",
            first=None if line.period is None else line.period.first,
            last=None if line.period is None else line.period.last,
            note=line.note,
        )


class SaleForm(BaseModel):
    """What a document says of one contract; a credit note has it below zero."""

    contract: str
    dataset: str
    net: MoneyForm
    fee: MoneyForm = Field(description="What the exchange keeps of it.")
    share: MoneyForm = Field(description="What is the provider's, without VAT.")
    share_vat: MoneyForm

    @classmethod
    def of(cls, it: Sale) -> "SaleForm":
        return cls(
            contract=it.contract,
            dataset=it.dataset,
            net=MoneyForm.of(it.net),
            fee=MoneyForm.of(it.fee),
            share=MoneyForm.of(it.share),
            share_vat=MoneyForm.of(it.share_vat),
        )


class IssuedDetailForm(IssuedForm):
    """A document with its lines."""

    issued_at: datetime
    purchase_order: str | None
    note: str | None
    lines: list[InvoiceLineForm]
    sales: list[SaleForm] = Field(
        description="What of it is whose, by contract: to the provider and the operator."
    )
    credit_notes: list[str] = Field(description="Ids of what took something of it back.")

    @classmethod
    def in_full(
        cls, it: IssuedInvoice, document: Invoice, sales: list[Sale], notes: list[IssuedInvoice]
    ) -> "IssuedDetailForm":
        return cls(
            **IssuedForm.of(it).model_dump(),
            issued_at=it.issued_at,
            purchase_order=document.purchase_order,
            note=document.note,
            lines=[InvoiceLineForm.of(line) for line in document.lines],
            sales=[SaleForm.of(sale) for sale in sales],
            credit_notes=[note.id for note in notes],
        )


class InvoiceFaultForm(BaseModel):
    """One reason why no document could be written."""

    code: str
    says: str


class WaitingForm(BaseModel):
    """Charges that no document could be written for."""

    party: str = Field(description="Who can mend it; empty for the exchange's operator.")
    consumer: str
    contracts: list[str]
    amount: MoneyForm
    faults: list[InvoiceFaultForm]

    @classmethod
    def of(cls, it: Waiting) -> "WaitingForm":
        return cls(
            party=it.party,
            consumer=it.consumer,
            contracts=list(it.contracts),
            amount=MoneyForm.of(it.amount),
            faults=[InvoiceFaultForm(code=each.code.value, says=each.says) for each in it.faults],
        )


class ComingForm(BaseModel):
    """An invoice that comes with the next run, as it would be now."""

    buyer: str
    contracts: list[str]
    net: MoneyForm
    gross: MoneyForm

    @classmethod
    def of(cls, draft: Draft) -> "ComingForm":
        return cls(
            buyer=draft.buyer,
            contracts=[sale.contract.id for sale in draft.sales],
            net=MoneyForm.of(draft.totals.lines),
            gross=MoneyForm.of(draft.totals.with_tax),
        )


class WaitingListForm(BaseModel):
    """All charges that wait, and why; and the invoices that come by themselves."""

    items: list[WaitingForm]
    coming: list[ComingForm] = Field(description="At most 500 of them.")
    coming_count: int


class RunForm(BaseModel):
    """Which month is to be invoiced."""

    model_config = ConfigDict(extra="forbid")

    month: Annotated[
        str,
        Field(pattern=r"^2[0-9]{3}-(0[1-9]|1[0-2])$", description="Of Copenhagen, as 2026-06."),
    ]


class RunResultForm(BaseModel):
    """What a run has issued, and what waits."""

    invoices: list[str]
    self_bills: list[str]
    waiting: list[WaitingForm]

    @classmethod
    def of(cls, it: Issued) -> "RunResultForm":
        return cls(
            invoices=list(it.invoices),
            self_bills=list(it.self_bills),
            waiting=[WaitingForm.of(one) for one in it.waiting],
        )


class PartForm(BaseModel):
    """An amount without VAT to give back."""

    model_config = ConfigDict(extra="forbid")

    minor: Annotated[int, Field(gt=0, le=MINOR_MAX)]
    currency: Currency

    @property
    def money(self) -> Money:
        return Money(self.minor, self.currency)


class CreditForm(BaseModel):
    """What is to be taken back of an invoice, and why."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[
        str, Field(min_length=1, max_length=REASON_MAX, description="Stands on the credit note.")
    ]
    key: Annotated[
        str,
        Field(
            pattern=rf"^[\x21-\x7e]{{1,{KEY_MAX}}}$",
            description="Names this credit note: sent twice, it is issued once.",
        ),
    ]
    part: PartForm | None = Field(default=None, description="Else all that is left.")
    contract: Annotated[
        str | None, Field(max_length=64, description="Only what the invoice says of this one.")
    ] = None
