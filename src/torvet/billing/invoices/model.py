"""Invoices and credit notes as values, in the words of EN 16931 (its terms in brackets). No I/O."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from torvet.kit.money import Currency, Money, UnitPrice


class Kind(StrEnum):
    """What a document is (BT-3), by UNTDID 1001. Who buys writes a self-billed one."""

    INVOICE = "380"
    CREDIT_NOTE = "381"
    SELF_BILLED_INVOICE = "389"
    SELF_BILLED_CREDIT_NOTE = "261"

    @property
    def gives_back(self) -> bool:
        return self in {Kind.CREDIT_NOTE, Kind.SELF_BILLED_CREDIT_NOTE}

    @property
    def self_billed(self) -> bool:
        return self in {Kind.SELF_BILLED_INVOICE, Kind.SELF_BILLED_CREDIT_NOTE}


class VatCategory(StrEnum):
    """How VAT falls on a line (BT-151), by UNCL 5305."""

    STANDARD = "S"
    REVERSE_CHARGE = "AE"
    EXEMPT = "E"
    ZERO = "Z"


class Unit(StrEnum):
    """What a quantity counts (BT-130), by UN/ECE recommendation 20."""

    PIECE = "C62"
    GIGABYTE = "E34"
    HOUR = "HUR"
    DAY = "DAY"
    MONTH = "MON"
    YEAR = "ANN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a party is; `country` by ISO 3166-1, two letters."""

    street: str
    city: str
    post_code: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a document is delivered (BT-34, BT-49): `scheme` is of the EAS list, 0088 an EAN."""

    scheme: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceParty:
    """Seller or buyer as the document names it.

    `cvr` is eight digits, `vat_number` begins with its country, `ean` is a GLN of 13 digits.
    Where it is reached is told by `endpoint`, or else follows from the others (`endpoint_of`).
    """

    name: str
    address: Address | None
    cvr: str | None = None
    vat_number: str | None = None
    ean: str | None = None
    email: str | None = None
    endpoint: Endpoint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VatTreatment:
    """Category, rate in percent, and why there is no VAT where there is none (BT-120)."""

    category: VatCategory
    percent: Decimal
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `first` to `last`, both included (BG-14, BG-26)."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is paid for: `amount` is `quantity` times `unit_price`, rounded once (BT-131)."""

    description: str
    quantity: Decimal
    unit: Unit
    unit_price: UnitPrice
    amount: Money
    vat: VatTreatment
    period: Period | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DanishAccount:
    """A transfer within Denmark (means 42): registration number and account number."""

    registration: str
    account: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Iban:
    """A transfer in the single euro payments area (means 58)."""

    iban: str
    bic: str | None
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidByCard:
    """Nothing is left to be transferred (means 48)."""

    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """Nobody transfers anything by the document itself (means 97): the exchange pays it out."""

    reference: str


Means = DanishAccount | Iban | PaidByCard | Cleared


@dataclass(frozen=True, slots=True, kw_only=True)
class Preceding:
    """The invoice that a credit note takes back (BG-3)."""

    number: str
    issued_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """A document. `due_on` is None for one that gives back; `prepaid` is what was paid before.

    `vat_in_kroner` tells the VAT in the currency that it is accounted in (BT-111), where the
    document is in another. `vat` is that of a credit note on a part, where it is not what the rate
    makes of the part alone: all parts together give back the VAT that was asked for.
    """

    number: str
    kind: Kind
    issued_on: date
    due_on: date | None
    currency: Currency
    seller: InvoiceParty
    buyer: InvoiceParty
    lines: tuple[Line, ...]
    means: Means
    contract: str | None = None
    purchase_order: str | None = None
    buyer_reference: str | None = None
    period: Period | None = None
    preceding: Preceding | None = None
    prepaid: Money | None = None
    vat: Money | None = None
    vat_in_kroner: Money | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VatSubtotal:
    """What is taxed in one way, and the tax on it (BG-23)."""

    vat: VatTreatment
    taxable: Money
    tax: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a document comes to (BG-22)."""

    lines: Money
    tax: Money
    with_tax: Money
    prepaid: Money
    payable: Money
    by_vat: tuple[VatSubtotal, ...]
