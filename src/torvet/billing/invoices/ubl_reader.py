"""Invoices as UBL 2.1: the reader of what the writer writes, and of what is like it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from torvet.kit.errors import ExchangeError
from torvet.kit.money import Currency, Money, UnitPrice

from .errors import InvoiceUnreadable
from .identifiers import CVR, EAN, endpoint_of
from .model import (
    Address,
    Cleared,
    DanishAccount,
    Endpoint,
    Iban,
    Invoice,
    InvoiceParty,
    Kind,
    Line,
    Means,
    PaidByCard,
    Period,
    Preceding,
    Unit,
    VatCategory,
    VatTreatment,
)
from .rules import totals_of
from .ubl_names import (
    CAC_NS,
    CARD,
    CBC_NS,
    CLEARING,
    CREDIT_NOTE_NS,
    DANISH_TRANSFER,
    INVOICE_NS,
    SEPA_TRANSFER,
    VAT,
    profile_of,
)

BYTES_MAX = 50 * 2**20
_NAMESPACES = {"cac": CAC_NS, "cbc": CBC_NS}


def from_ubl(document: bytes) -> Invoice:
    """Return the invoice or credit note that `document` is.

    `from_ubl(to_ubl(invoice)) == invoice`, where the parties' endpoints follow from the rest.
    What it adds up to is not read but computed; `check` tells whether it holds the rules.
    Raises InvoiceUnreadable where it is no UBL 2.1 invoice of Peppol BIS Billing 3, says
    something we have no word for, or is above BYTES_MAX. Entities and DTDs are refused.
    """
    if len(document) > BYTES_MAX:
        raise InvoiceUnreadable(f"it is above {BYTES_MAX:,} bytes")
    try:
        root = fromstring(document, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as fault:
        raise InvoiceUnreadable(f"it is no XML that we open: {fault}") from fault
    if root.tag not in {f"{{{INVOICE_NS}}}Invoice", f"{{{CREDIT_NOTE_NS}}}CreditNote"}:
        raise InvoiceUnreadable(f"it is a {root.tag!r}")
    try:
        return _invoice(root)
    except (ValueError, InvalidOperation, TypeError) as fault:
        raise InvoiceUnreadable(f"a value is none: {fault}") from fault
    except InvoiceUnreadable:
        raise
    except ExchangeError as fault:
        raise InvoiceUnreadable(str(fault)) from fault


def _invoice(root: Element) -> Invoice:
    kind = _kind(root)
    currency = Currency(_must(root, "cbc:DocumentCurrencyCode"))
    bare = Invoice(
        number=_must(root, "cbc:ID"),
        kind=kind,
        issued_on=date.fromisoformat(_must(root, "cbc:IssueDate")),
        due_on=_date(root, "cbc:DueDate"),
        currency=currency,
        seller=_party(_one(root, "cac:AccountingSupplierParty/cac:Party")),
        buyer=_party(_one(root, "cac:AccountingCustomerParty/cac:Party")),
        lines=_lines(root, kind),
        means=_means(_one(root, "cac:PaymentMeans")),
        contract=_may(root, "cac:ContractDocumentReference/cbc:ID"),
        purchase_order=_may(root, "cac:OrderReference/cbc:ID"),
        buyer_reference=_may(root, "cbc:BuyerReference"),
        period=_period(root),
        preceding=_preceding(root),
        prepaid=_money(root, "cac:LegalMonetaryTotal/cbc:PrepaidAmount"),
        vat_in_kroner=_vat_in_kroner(root),
        note=_may(root, "cbc:Note"),
    )
    told = _money(root, "cac:TaxTotal/cac:TaxSubtotal/cbc:TaxAmount")
    by_vat = totals_of(bare).by_vat
    if told is None or not kind.gives_back or len(by_vat) != 1 or told == by_vat[0].tax:
        return bare
    return replace(bare, vat=told)


def _kind(root: Element) -> Kind:
    """Read the type, which must be one of the element's and of the profile's."""
    credit = root.tag.endswith("CreditNote")
    kind = Kind(_must(root, "cbc:CreditNoteTypeCode" if credit else "cbc:InvoiceTypeCode"))
    profile = (_must(root, "cbc:CustomizationID"), _must(root, "cbc:ProfileID"))
    if kind.gives_back != credit or profile != profile_of(kind):
        raise InvoiceUnreadable(f"type {kind} does not go with the profile {profile[0]!r}")
    return kind


def _party(element: Element) -> InvoiceParty:
    vat = [
        _must(scheme, "cbc:CompanyID")
        for scheme in element.findall("cac:PartyTaxScheme", _NAMESPACES)
        if _must(scheme, "cac:TaxScheme/cbc:ID") == VAT
    ]
    bare = InvoiceParty(
        name=_must(element, "cac:PartyLegalEntity/cbc:RegistrationName"),
        address=_address(element.find("cac:PostalAddress", _NAMESPACES)),
        cvr=_schemed(element, "cac:PartyLegalEntity/cbc:CompanyID", CVR),
        vat_number=vat[0] if vat else None,
        ean=_schemed(element, "cac:PartyIdentification/cbc:ID", EAN),
        email=_may(element, "cac:Contact/cbc:ElectronicMail"),
    )
    at = element.find("cbc:EndpointID", _NAMESPACES)
    if at is None or at.text is None:
        return bare
    endpoint = Endpoint(scheme=at.get("schemeID", ""), value=at.text)
    return bare if endpoint == endpoint_of(bare) else replace(bare, endpoint=endpoint)


def _address(element: Element | None) -> Address | None:
    if element is None:
        return None
    return Address(
        street=_may(element, "cbc:StreetName") or "",
        city=_may(element, "cbc:CityName") or "",
        post_code=_may(element, "cbc:PostalZone") or "",
        country=_must(element, "cac:Country/cbc:IdentificationCode"),
    )


def _means(element: Element) -> Means:
    code = _must(element, "cbc:PaymentMeansCode")
    reference = _must(element, "cbc:PaymentID")
    if code == CARD:
        return PaidByCard(reference=reference)
    if code == CLEARING:
        return Cleared(reference=reference)
    account = _must(element, "cac:PayeeFinancialAccount/cbc:ID")
    branch = "cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch/cbc:ID"
    if code == DANISH_TRANSFER:
        registration = _must(element, branch)
        return DanishAccount(registration=registration, account=account, reference=reference)
    if code == SEPA_TRANSFER:
        return Iban(iban=account, bic=_may(element, branch), reference=reference)
    raise InvoiceUnreadable(f"we have no word for the means of payment {code!r}")


def _lines(root: Element, kind: Kind) -> tuple[Line, ...]:
    name = "CreditNote" if kind.gives_back else "Invoice"
    counted = "cbc:CreditedQuantity" if kind.gives_back else "cbc:InvoicedQuantity"
    reasons = _reasons(root)
    return tuple(
        _line(element, counted, reasons) for element in root.findall(f"cac:{name}Line", _NAMESPACES)
    )


def _reasons(root: Element) -> dict[tuple[VatCategory, Decimal], str]:
    """Read why there is no VAT, which the document says once for all lines of a category."""
    return {
        _category(element): reason
        for element in root.findall("cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory", _NAMESPACES)
        if (reason := _may(element, "cbc:TaxExemptionReason")) is not None
    }


def _category(element: Element) -> tuple[VatCategory, Decimal]:
    return VatCategory(_must(element, "cbc:ID")), Decimal(_may(element, "cbc:Percent") or 0)


def _line(element: Element, counted: str, reasons: dict[tuple[VatCategory, Decimal], str]) -> Line:
    quantity = _one(element, counted)
    price = _one(element, "cac:Price/cbc:PriceAmount")
    category, percent = _category(_one(element, "cac:Item/cac:ClassifiedTaxCategory"))
    reason = reasons.get((category, percent))
    amount = _money(element, "cbc:LineExtensionAmount")
    if amount is None:
        raise InvoiceUnreadable("a line has no amount")
    return Line(
        description=_must(element, "cac:Item/cbc:Name"),
        quantity=Decimal(quantity.text or ""),
        unit=Unit(quantity.get("unitCode", "")),
        unit_price=_unit_price(price),
        amount=amount,
        vat=VatTreatment(category=category, percent=percent, reason=reason),
        period=_period(element),
        note=_may(element, "cbc:Note"),
    )


def _unit_price(element: Element) -> UnitPrice:
    written = Decimal(element.text or "")
    exponent = written.as_tuple().exponent
    if not isinstance(exponent, int):
        raise InvoiceUnreadable(f"a price is {element.text!r}")
    scale = max(-exponent, 0)
    return UnitPrice(int(written.scaleb(scale)), scale, Currency(element.get("currencyID", "")))


def _period(parent: Element) -> Period | None:
    first = _date(parent, "cac:InvoicePeriod/cbc:StartDate")
    last = _date(parent, "cac:InvoicePeriod/cbc:EndDate")
    return None if first is None or last is None else Period(first=first, last=last)


def _preceding(root: Element) -> Preceding | None:
    at = root.find("cac:BillingReference/cac:InvoiceDocumentReference", _NAMESPACES)
    if at is None:
        return None
    issued_on = date.fromisoformat(_must(at, "cbc:IssueDate"))
    return Preceding(number=_must(at, "cbc:ID"), issued_on=issued_on)


def _vat_in_kroner(root: Element) -> Money | None:
    currency = _may(root, "cbc:TaxCurrencyCode")
    if currency is None:
        return None
    for amount in root.findall("cac:TaxTotal/cbc:TaxAmount", _NAMESPACES):
        if amount.get("currencyID") == currency:
            return Money.from_decimal_text(amount.text or "", Currency(currency))
    raise InvoiceUnreadable(f"VAT is not told in {currency}")


def _money(parent: Element, path: str) -> Money | None:
    element = parent.find(path, _NAMESPACES)
    if element is None:
        return None
    return Money.from_decimal_text(element.text or "", Currency(element.get("currencyID", "")))


def _schemed(parent: Element, path: str, scheme: str) -> str | None:
    for element in parent.findall(path, _NAMESPACES):
        if element.get("schemeID") == scheme:
            return element.text
    return None


def _date(parent: Element, path: str) -> date | None:
    text = _may(parent, path)
    return None if text is None else date.fromisoformat(text)


def _one(parent: Element, path: str) -> Element:
    element = parent.find(path, _NAMESPACES)
    if element is None:
        raise InvoiceUnreadable(f"{path} is missing")
    return element


def _must(parent: Element, path: str) -> str:
    text = _may(parent, path)
    if text is None:
        raise InvoiceUnreadable(f"{path} is missing")
    return text


def _may(parent: Element, path: str) -> str | None:
    element = parent.find(path, _NAMESPACES)
    return None if element is None else element.text
