"""Invoices as UBL 2.1, Peppol BIS Billing 3: the writer. Elements stand in the schema's order."""

from decimal import Decimal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from torvet.kit.money import Money

from .identifiers import CVR, EAN, endpoint_of
from .model import (
    Address,
    DanishAccount,
    Iban,
    Invoice,
    InvoiceParty,
    Line,
    Means,
    PaidByCard,
    Period,
    Totals,
    VatCategory,
    VatSubtotal,
    VatTreatment,
)
from .rules import check
from .ubl_names import (
    CAC_NS,
    CARD,
    CBC_NS,
    CREDIT_NOTE_NS,
    DANISH_TRANSFER,
    INVOICE_NS,
    OTHER_TAX,
    REVERSE_CHARGE_CODE,
    SEPA_TRANSFER,
    VAT,
    profile_of,
)


def to_ubl(invoice: Invoice, *, to_public_body: bool = False) -> bytes:
    """Return `invoice` as a UBL 2.1 Invoice or CreditNote in UTF-8.

    Raises InvoiceRefused, with all that is wrong, where it would not hold EN 16931, Peppol's
    rules and Denmark's. The same invoice is always the same bytes.
    """
    totals = check(invoice, to_public_body=to_public_body)
    root = _root(invoice)
    _head(root, invoice)
    _references(root, invoice)
    _party(SubElement(root, "cac:AccountingSupplierParty"), invoice.seller)
    _party(SubElement(root, "cac:AccountingCustomerParty"), invoice.buyer)
    _means(SubElement(root, "cac:PaymentMeans"), invoice.means)
    _tax(root, invoice, totals)
    _sums(SubElement(root, "cac:LegalMonetaryTotal"), totals)
    for number, line in enumerate(invoice.lines, 1):
        _line(root, invoice, number, line)
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _root(invoice: Invoice) -> Element:
    name, namespace = "Invoice", INVOICE_NS
    if invoice.kind.gives_back:
        name, namespace = "CreditNote", CREDIT_NOTE_NS
    return Element(name, {"xmlns": namespace, "xmlns:cac": CAC_NS, "xmlns:cbc": CBC_NS})


def _head(root: Element, invoice: Invoice) -> None:
    customization, profile = profile_of(invoice.kind)
    _text(root, "CustomizationID", customization)
    _text(root, "ProfileID", profile)
    _text(root, "ID", invoice.number)
    _text(root, "IssueDate", invoice.issued_on.isoformat())
    if invoice.due_on is not None:
        _text(root, "DueDate", invoice.due_on.isoformat())
    code = "CreditNoteTypeCode" if invoice.kind.gives_back else "InvoiceTypeCode"
    _text(root, code, invoice.kind.value)
    _text(root, "Note", invoice.note)
    _text(root, "DocumentCurrencyCode", invoice.currency.value)
    if invoice.vat_in_kroner is not None:
        _text(root, "TaxCurrencyCode", invoice.vat_in_kroner.currency.value)
    _text(root, "BuyerReference", invoice.buyer_reference)


def _references(root: Element, invoice: Invoice) -> None:
    _period(root, invoice.period)
    if invoice.purchase_order is not None:
        _text(SubElement(root, "cac:OrderReference"), "ID", invoice.purchase_order)
    if invoice.preceding is not None:
        billing = SubElement(root, "cac:BillingReference")
        document = SubElement(billing, "cac:InvoiceDocumentReference")
        _text(document, "ID", invoice.preceding.number)
        _text(document, "IssueDate", invoice.preceding.issued_on.isoformat())
    if invoice.contract is not None:
        _text(SubElement(root, "cac:ContractDocumentReference"), "ID", invoice.contract)


def _party(parent: Element, party: InvoiceParty) -> None:
    element = SubElement(parent, "cac:Party")
    endpoint = endpoint_of(party)
    if endpoint is not None:
        _text(element, "EndpointID", endpoint.value, schemeID=endpoint.scheme)
    if party.ean is not None:
        _text(SubElement(element, "cac:PartyIdentification"), "ID", party.ean, schemeID=EAN)
    _text(SubElement(element, "cac:PartyName"), "Name", party.name)
    if party.address is not None:
        _address(SubElement(element, "cac:PostalAddress"), party.address)
    if party.vat_number is not None:
        _tax_number(element, party.vat_number, VAT)
    elif party.cvr is not None and parent.tag == "cac:AccountingSupplierParty":
        # A seller that is not registered for VAT is known to the tax office all the same (BR-E-02).
        _tax_number(element, party.cvr, OTHER_TAX)
    legal = SubElement(element, "cac:PartyLegalEntity")
    _text(legal, "RegistrationName", party.name)
    if party.cvr is not None:
        _text(legal, "CompanyID", party.cvr, schemeID=CVR)
    if party.email is not None:
        _text(SubElement(element, "cac:Contact"), "ElectronicMail", party.email)


def _address(element: Element, address: Address) -> None:
    _text(element, "StreetName", address.street)
    _text(element, "CityName", address.city)
    _text(element, "PostalZone", address.post_code)
    _text(SubElement(element, "cac:Country"), "IdentificationCode", address.country)


def _tax_number(party: Element, number: str, scheme: str) -> None:
    element = SubElement(party, "cac:PartyTaxScheme")
    _text(element, "CompanyID", number)
    _text(SubElement(element, "cac:TaxScheme"), "ID", scheme)


def _means(element: Element, means: Means) -> None:
    account: str | None
    branch: str | None
    match means:
        case DanishAccount(registration=branch, account=account):
            code = DANISH_TRANSFER
        case Iban(iban=account, bic=branch):
            code = SEPA_TRANSFER
        case PaidByCard():
            code, account, branch = CARD, None, None
    _text(element, "PaymentMeansCode", code)
    _text(element, "PaymentID", means.reference)
    if account is None:
        return
    payee = SubElement(element, "cac:PayeeFinancialAccount")
    _text(payee, "ID", account)
    if branch is not None:
        _text(SubElement(payee, "cac:FinancialInstitutionBranch"), "ID", branch)


def _tax(root: Element, invoice: Invoice, totals: Totals) -> None:
    total = SubElement(root, "cac:TaxTotal")
    _money(total, "TaxAmount", totals.tax)
    for subtotal in totals.by_vat:
        _subtotal(SubElement(total, "cac:TaxSubtotal"), subtotal)
    if invoice.vat_in_kroner is not None:
        _money(SubElement(root, "cac:TaxTotal"), "TaxAmount", invoice.vat_in_kroner)


def _subtotal(element: Element, subtotal: VatSubtotal) -> None:
    _money(element, "TaxableAmount", subtotal.taxable)
    _money(element, "TaxAmount", subtotal.tax)
    category = SubElement(element, "cac:TaxCategory")
    _vat(category, subtotal.vat)
    if subtotal.vat.category is VatCategory.REVERSE_CHARGE:
        _text(category, "TaxExemptionReasonCode", REVERSE_CHARGE_CODE)
    _text(category, "TaxExemptionReason", subtotal.vat.reason)
    _text(SubElement(category, "cac:TaxScheme"), "ID", VAT)


def _vat(category: Element, vat: VatTreatment) -> None:
    _text(category, "ID", vat.category.value)
    _text(category, "Percent", _plain(vat.percent))


def _sums(element: Element, totals: Totals) -> None:
    _money(element, "LineExtensionAmount", totals.lines)
    _money(element, "TaxExclusiveAmount", totals.lines)
    _money(element, "TaxInclusiveAmount", totals.with_tax)
    if totals.prepaid:
        _money(element, "PrepaidAmount", totals.prepaid)
    _money(element, "PayableAmount", totals.payable)


def _line(root: Element, invoice: Invoice, number: int, line: Line) -> None:
    kind = "CreditNote" if invoice.kind.gives_back else "Invoice"
    element = SubElement(root, f"cac:{kind}Line")
    _text(element, "ID", str(number))
    _text(element, "Note", line.note)
    counted = "CreditedQuantity" if invoice.kind.gives_back else "InvoicedQuantity"
    _text(element, counted, _plain(line.quantity), unitCode=line.unit.value)
    _money(element, "LineExtensionAmount", line.amount)
    _period(element, line.period)
    item = SubElement(element, "cac:Item")
    _text(item, "Name", line.description)
    category = SubElement(item, "cac:ClassifiedTaxCategory")
    _vat(category, line.vat)
    _text(SubElement(category, "cac:TaxScheme"), "ID", VAT)
    price = SubElement(element, "cac:Price")
    currency = line.unit_price.currency.value
    _text(price, "PriceAmount", line.unit_price.decimal_text(), currencyID=currency)


def _period(parent: Element, period: Period | None) -> None:
    if period is not None:
        element = SubElement(parent, "cac:InvoicePeriod")
        _text(element, "StartDate", period.first.isoformat())
        _text(element, "EndDate", period.last.isoformat())


def _money(parent: Element, name: str, money: Money) -> None:
    _text(parent, name, money.decimal_text(), currencyID=money.currency.value)


def _text(parent: Element, name: str, text: str | None, **attributes: str) -> None:
    if text is not None:
        SubElement(parent, f"cbc:{name}", attributes).text = text


def _plain(number: Decimal) -> str:
    return f"{number:f}"
