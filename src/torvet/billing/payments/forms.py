"""What is sent and shown of payments."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from torvet.billing.forms import MoneyForm
from torvet.billing.payouts.model import Payout
from torvet.kit.money import Currency, Money

from .inspection import Reconciled
from .model import (
    CardPayment,
    CardRefund,
    CardStage,
    Decision,
    Fills,
    Imported,
    IsApart,
    IsCardMoney,
    IsCost,
    IsPayout,
    KeptStatement,
    Line,
    Meaning,
    PaysInvoices,
    Stage,
)

ID_MAX = 120
KEY_MAX = 100
INVOICES_MAX = 100
REASON_MAX = 300
Name = Annotated[str, Field(min_length=1, max_length=ID_MAX, pattern=r"^[A-Za-z0-9_-]+$")]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AmountForm(_Asked):
    """An amount in whole minor units: øre or cent."""

    minor: int = Field(gt=0, le=2**53 - 1)
    currency: Currency = Currency.DKK

    def to_money(self) -> Money:
        return Money(self.minor, self.currency)


class PaidForm(_Asked):
    """An invoice that a line pays, by number; without an amount, all that others leave."""

    invoice: Name
    amount: AmountForm | None = None


class PaysForm(_Asked):
    """The line pays invoices; what is too much is owed back, what is missing stays open."""

    means: Literal["invoice"]
    invoices: list[PaidForm] = Field(min_length=1, max_length=INVOICES_MAX)


class HeldForm(_Asked):
    """The line is money to be held: the hold's id or reference."""

    means: Literal["held"]
    hold: Name


class PayoutLineForm(_Asked):
    """The line is a payout that left or came back."""

    means: Literal["payout"]
    payout: Name


class BookedAsForm(_Asked):
    """The line is a cost of bank or cards, or the card provider's transfer of booked payments."""

    means: Literal["cost", "card"]


class ApartForm(_Asked):
    """The line is not the exchange's business."""

    means: Literal["other"]
    reason: str = Field(min_length=1, max_length=REASON_MAX)


class DecisionForm(_Asked):
    """What a line is."""

    decision: PaysForm | HeldForm | PayoutLineForm | BookedAsForm | ApartForm = Field(
        discriminator="means"
    )

    def to_decision(self) -> Decision:
        match self.decision:
            case PaysForm(invoices=named):
                return PaysInvoices(
                    invoices=tuple(
                        (one.invoice, one.amount.to_money() if one.amount else None)
                        for one in named
                    )
                )
            case HeldForm(hold=hold):
                return Fills(hold=hold)
            case PayoutLineForm(payout=payout):
                return IsPayout(payout=payout)
            case BookedAsForm(means="cost"):
                return IsCost()
            case BookedAsForm():
                return IsCardMoney()
            case ApartForm(reason=reason):
                return IsApart(reason=reason)


class RefundAskForm(_Asked):
    """What goes back of an invoice; without an amount, all that was paid too much."""

    amount: AmountForm | None = None
    reason: str = Field(min_length=1, max_length=REASON_MAX)
    key: str | None = Field(
        default=None,
        min_length=1,
        max_length=KEY_MAX,
        description="Of two under the same key the second is the first.",
    )


class ImportedForm(BaseModel):
    """What reading a statement came to."""

    file: str = Field(description="SHA-256 of the file.")
    known: bool = Field(description="The file was read before: nothing was done.")
    lines: int
    fresh: int = Field(description="Lines that no file had before.")
    booked: int
    waiting: int = Field(description="Lines that a person has to decide.")

    @classmethod
    def of(cls, done: Imported) -> "ImportedForm":
        return cls(
            file=done.file,
            known=done.known,
            lines=done.lines,
            fresh=done.fresh,
            booked=done.booked,
            waiting=done.waiting,
        )


class BankLineForm(BaseModel):
    """A line of a statement, as the bank said it, and what came of it."""

    key: str
    booked_on: date
    amount: MoneyForm = Field(description="Above zero where money came in.")
    references: list[str]
    text: str
    other: str | None = Field(description="Who is on the other side, where the bank says so.")
    stage: Stage
    why: str = Field(description="Why it waits, or waited.")
    meaning: Meaning | None
    about: str | None = Field(description="The invoices, hold or payout, or the reason.")
    transaction: str | None

    @classmethod
    def of(cls, line: Line) -> "BankLineForm":
        return cls(
            key=line.key,
            booked_on=line.booked_on,
            amount=MoneyForm.of(line.amount),
            references=list(line.named),
            text=line.words,
            other=line.other,
            stage=line.stage,
            why=line.why,
            meaning=line.meaning,
            about=line.about,
            transaction=line.transaction,
        )


class BankLinesForm(BaseModel):
    """Lines of statements: those that wait the oldest first, others the newest first."""

    items: list[BankLineForm]


class ReconciledForm(BaseModel):
    """What the books have at bank and card provider, and what these say."""

    currency: Currency
    books: MoneyForm
    bank: MoneyForm = Field(description="What came and went by the statements.")
    waiting: MoneyForm = Field(description="Of that, not decided yet.")
    apart: MoneyForm = Field(description="Of that, not the exchange's.")
    cards: MoneyForm = Field(description="Booked, and still with the card provider.")
    transit: MoneyForm = Field(description="Booked as paid out, and not gone yet.")
    difference: MoneyForm = Field(description="What none of it explains: zero where all is right.")

    @classmethod
    def of(cls, one: Reconciled) -> "ReconciledForm":
        return cls(
            currency=one.currency,
            books=MoneyForm.of(one.books),
            bank=MoneyForm.of(one.bank),
            waiting=MoneyForm.of(one.waiting),
            apart=MoneyForm.of(one.apart),
            cards=MoneyForm.of(one.cards),
            transit=MoneyForm.of(one.transit),
            difference=MoneyForm.of(one.difference),
        )


class ReconciliationForm(BaseModel):
    """Books against bank, one for each currency of which a statement was read."""

    items: list[ReconciledForm]


class CardPaymentForm(BaseModel):
    """A payment by card: the payer goes to `url`."""

    id: str
    invoice: str
    amount: MoneyForm
    stage: CardStage
    url: str | None

    @classmethod
    def of(cls, one: CardPayment) -> "CardPaymentForm":
        return cls(
            id=one.id,
            invoice=one.invoice,
            amount=MoneyForm.of(one.amount),
            stage=one.stage,
            url=one.url,
        )


class RefundForm(BaseModel):
    """Money on its way back, to a card or by the next payment file."""

    id: str
    by: Literal["card", "transfer"]
    amount: MoneyForm
    stage: str

    @classmethod
    def of(cls, made: CardRefund | Payout) -> "RefundForm":
        by: Literal["card", "transfer"] = "card" if isinstance(made, CardRefund) else "transfer"
        return cls(id=made.id, by=by, amount=MoneyForm.of(made.amount), stage=made.stage.value)


class BankStatementForm(BaseModel):
    """A statement that was read; balances as the bank says them, where it does."""

    account: str
    id: str
    opening: MoneyForm | None
    closing: MoneyForm | None
    closes_on: date | None

    @classmethod
    def of(cls, one: KeptStatement) -> "BankStatementForm":
        return cls(
            account=one.account,
            id=one.id,
            opening=None if one.opening is None else MoneyForm.of(one.opening),
            closing=None if one.closing is None else MoneyForm.of(one.closing),
            closes_on=one.closes_on,
        )


class BankStatementsForm(BaseModel):
    """Statements that were read, the last one first."""

    items: list[BankStatementForm]


class RefundsForm(BaseModel):
    """What goes or went back of an invoice, the oldest first."""

    items: list[RefundForm]


class HeardForm(BaseModel):
    """What came of an event."""

    outcome: str
