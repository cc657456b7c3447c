"""What can be wrong with an invoice, in words that its writer can act on."""

from dataclasses import dataclass
from enum import StrEnum

from torvet.kit.errors import ExchangeError, Kind


class FaultCode(StrEnum):
    """What stands in the way of writing a document."""

    NUMBER_MISSING = "number-missing"
    NAME_MISSING = "name-missing"
    ADDRESS_MISSING = "address-missing"
    COUNTRY_UNKNOWN = "country-unknown"
    CVR_MISSING = "cvr-missing"
    CVR_WRONG = "cvr-wrong"
    VAT_NUMBER_MISSING = "vat-number-missing"
    VAT_NUMBER_WRONG = "vat-number-wrong"
    EAN_MISSING = "ean-missing"
    EAN_WRONG = "ean-wrong"
    EMAIL_WRONG = "email-wrong"
    UNREACHABLE = "unreachable"
    SAME_PARTY = "same-party"
    NO_LINES = "no-lines"
    TOO_MANY_LINES = "too-many-lines"
    DESCRIPTION_MISSING = "description-missing"
    AMOUNT_WRONG = "amount-wrong"
    PRICE_NEGATIVE = "price-negative"
    CURRENCY_MIX = "currency-mix"
    VAT_WRONG = "vat-wrong"
    VAT_NOT_IN_KRONER = "vat-not-in-kroner"
    REFERENCE_MISSING = "reference-missing"
    PRECEDING_MISSING = "preceding-missing"
    PRECEDING_UNWANTED = "preceding-unwanted"
    DUE_DATE_MISSING = "due-date-missing"
    DATES_OUT_OF_ORDER = "dates-out-of-order"
    MEANS_WRONG = "means-wrong"
    OWES_THE_BUYER = "owes-the-buyer"
    PREPAID_TOO_MUCH = "prepaid-too-much"
    UNPRINTABLE = "unprintable"
    VAT_UNDECIDED = "vat-undecided"
    ACCOUNT_MISSING = "account-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: a code for the program, and a sentence for the person."""

    code: FaultCode
    says: str


@dataclass(eq=False)
class InvoiceRefused(ExchangeError):
    """The document cannot be written; nothing was."""

    kind, code = Kind.INVALID, "invoice-refused"
    advice = "Correct what is named; nothing was written, and no number was used."
    number: str
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        reasons = "; ".join(fault.says for fault in self.faults)
        return f"Invoice {self.number!r} cannot be written: {reasons}."


@dataclass(eq=False)
class InvoiceUnreadable(ExchangeError):
    """Something that should be an invoice and is none, or says what we do not read."""

    kind, code = Kind.INVALID, "invoice-unreadable"
    advice = "Send a UBL 2.1 invoice or credit note of Peppol BIS Billing 3."
    why: str

    def __str__(self) -> str:
        return f"The document cannot be read: {self.why}."


@dataclass(eq=False)
class VatUndecided(ExchangeError):
    """No rule of ours tells how VAT falls on a sale."""

    kind, code = Kind.INVALID, "vat-undecided"
    advice = "Ask an accountant, and give the VAT treatment with the price."
    why: str

    def __str__(self) -> str:
        return f"How VAT falls on this sale is not decided: {self.why}."


@dataclass(eq=False)
class NotCredited(ExchangeError):
    """A credit note would give back what was not taken."""

    kind, code = Kind.INVALID, "not-credited"
    advice = "Credit at most what the invoice says and no credit note has given back yet."
    number: str
    why: str

    def __str__(self) -> str:
        return f"Invoice {self.number!r} is not credited: {self.why}."


@dataclass(eq=False)
class NumberOutOfOrder(ExchangeError):
    """A number would leave a gap, come twice, or be dated before the one before it."""

    kind, code = Kind.CONFLICT, "number-out-of-order"
    advice = "Take the next number of the series, in one transaction with what it numbers."
    series: str
    why: str

    def __str__(self) -> str:
        return f"Series {self.series!r} is numbered without gaps: {self.why}."


@dataclass(eq=False)
class InvoiceNotFound(ExchangeError):
    """There is no such document, or it is another party's."""

    kind, code = Kind.NOT_FOUND, "invoice-not-found"
    advice = "`torvet billing invoices` lists your party's documents."
    invoice: str

    def __str__(self) -> str:
        return f"There is no invoice {self.invoice!r}."


@dataclass(eq=False)
class RunMonthUnfit(ExchangeError):
    """A month that has not begun, or none at all, should be invoiced."""

    kind, code = Kind.INVALID, "run-month-unfit"
    advice = "Name this month or one before, as 2026-06."
    written: str

    def __str__(self) -> str:
        return f"{self.written[:20]!r} is no month that has begun."
