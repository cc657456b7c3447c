"""Invoices as UBL 2.1, Peppol BIS Billing 3: the writer. Elements stand in the schema's order.

Ten thousand are written at the end of a month, so lines of text are put together, not a tree.
"""

from collections.abc import Iterator
from decimal import Decimal
from xml.sax.saxutils import escape

from torvet.kit.money import Money

from .identifiers import CVR, EAN, endpoint_of
from .model import (
    Address,
    Cleared,
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
    CLEARING,
    CREDIT_NOTE_NS,
    DANISH_TRANSFER,
    INVOICE_NS,
    OTHER_TAX,
    REVERSE_CHARGE_CODE,
    SEPA_TRANSFER,
    VAT,
    profile_of,
)

_HEAD = "<?xml version='1.0' encoding='utf-8'?>\n"

Written = Iterator[str]


def to_ubl(invoice: Invoice, *, to_public_body: bool = False) -> bytes:
    """Return `invoice` as a UBL 2.1 Invoice or CreditNote in UTF-8.

    Raises InvoiceRefused, with all that is wrong, where it would not hold EN 16931, Peppol's
    rules and Denmark's. The same invoice is always the same bytes.
    """
    return written(invoice, check(invoice, to_public_body=to_public_body))


def written(invoice: Invoice, totals: Totals) -> bytes:
    """Return as UBL what was checked before, and comes to `totals`."""
    name, namespace = "Invoice", INVOICE_NS
    if invoice.kind.gives_back:
        name, namespace = "CreditNote", CREDIT_NOTE_NS
    lines = [
        f'<{name} xmlns="{namespace}" xmlns:cac="{CAC_NS}" xmlns:cbc="{CBC_NS}">',
        *_head(invoice),
        *_references(invoice),
        *_party("AccountingSupplierParty", invoice.seller, sells=True),
        *_party("AccountingCustomerParty", invoice.buyer, sells=False),
        *_within("  ", "PaymentMeans", _means(invoice.means)),
        *_tax(invoice, totals),
        *_within("  ", "LegalMonetaryTotal", _sums(totals)),
    ]
    for number, line in enumerate(invoice.lines, 1):
        lines += _within("  ", f"{name}Line", _line(name, number, line))
    lines.append(f"</{name}>")
    return (_HEAD + "\n".join(lines)).encode()


def _head(invoice: Invoice) -> Written:
    customization, profile = profile_of(invoice.kind)
    yield _text("  ", "CustomizationID", customization)
    yield _text("  ", "ProfileID", profile)
    yield _text("  ", "ID", invoice.number)
    yield _text("  ", "IssueDate", invoice.issued_on.isoformat())
    if invoice.due_on is not None:
        yield _text("  ", "DueDate", invoice.due_on.isoformat())
    code = "CreditNoteTypeCode" if invoice.kind.gives_back else "InvoiceTypeCode"
    yield _text("  ", code, invoice.kind.value)
    if invoice.note is not None:
        yield _text("  ", "Note", invoice.note)
    yield _text("  ", "DocumentCurrencyCode", invoice.currency.value)
    if invoice.vat_in_kroner is not None:
        yield _text("  ", "TaxCurrencyCode", invoice.vat_in_kroner.currency.value)
    if invoice.buyer_reference is not None:
        yield _text("  ", "BuyerReference", invoice.buyer_reference)


def _references(invoice: Invoice) -> Written:
    yield from _period("  ", invoice.period)
    if invoice.purchase_order is not None:
        yield from _one("  ", "OrderReference", _text("    ", "ID", invoice.purchase_order))
    if invoice.preceding is not None:
        yield "  <cac:BillingReference>"
        yield "    <cac:InvoiceDocumentReference>"
        yield _text("      ", "ID", invoice.preceding.number)
        yield _text("      ", "IssueDate", invoice.preceding.issued_on.isoformat())
        yield "    </cac:InvoiceDocumentReference>"
        yield "  </cac:BillingReference>"
    if invoice.contract is not None:
        yield from _one("  ", "ContractDocumentReference", _text("    ", "ID", invoice.contract))


def _party(name: str, party: InvoiceParty, *, sells: bool) -> Written:
    yield f"  <cac:{name}>"
    yield from _within("    ", "Party", _named(party, sells=sells))
    yield f"  </cac:{name}>"


def _named(party: InvoiceParty, *, sells: bool) -> Written:
    endpoint = endpoint_of(party)
    if endpoint is not None:
        scheme = f' schemeID="{_attribute(endpoint.scheme)}"'
        yield _text("      ", "EndpointID", endpoint.value, scheme)
    if party.ean is not None:
        ean = _text("        ", "ID", party.ean, f' schemeID="{EAN}"')
        yield from _one("      ", "PartyIdentification", ean)
    yield from _one("      ", "PartyName", _text("        ", "Name", party.name))
    if party.address is not None:
        yield from _within("      ", "PostalAddress", _address(party.address))
    if party.vat_number is not None:
        yield from _tax_number(party.vat_number, VAT)
    elif party.cvr is not None and sells:
        # A seller that is not registered for VAT is known to the tax office all the same (BR-E-02).
        yield from _tax_number(party.cvr, OTHER_TAX)
    yield "      <cac:PartyLegalEntity>"
    yield _text("        ", "RegistrationName", party.name)
    if party.cvr is not None:
        yield _text("        ", "CompanyID", party.cvr, f' schemeID="{CVR}"')
    yield "      </cac:PartyLegalEntity>"
    if party.email is not None:
        yield from _one("      ", "Contact", _text("        ", "ElectronicMail", party.email))


def _address(address: Address) -> Written:
    yield _text("        ", "StreetName", address.street)
    yield _text("        ", "CityName", address.city)
    yield _text("        ", "PostalZone", address.post_code)
    country = _text("          ", "IdentificationCode", address.country)
    yield from _one("        ", "Country", country)


def _tax_number(number: str, scheme: str) -> Written:
    yield "      <cac:PartyTaxScheme>"
    yield _text("        ", "CompanyID", number)
    yield from _one("        ", "TaxScheme", _text("          ", "ID", scheme))
    yield "      </cac:PartyTaxScheme>"


def _means(means: Means) -> Written:
    account: str | None
    branch: str | None
    match means:
        case DanishAccount(registration=branch, account=account):
            code = DANISH_TRANSFER
        case Iban(iban=account, bic=branch):
            code = SEPA_TRANSFER
        case PaidByCard():
            code, account, branch = CARD, None, None
        case Cleared():
            code, account, branch = CLEARING, None, None
    yield _text("    ", "PaymentMeansCode", code)
    yield _text("    ", "PaymentID", means.reference)
    if account is None:
        return
    yield "    <cac:PayeeFinancialAccount>"
    yield _text("      ", "ID", account)
    if branch is not None:
        yield from _one("      ", "FinancialInstitutionBranch", _text("        ", "ID", branch))
    yield "    </cac:PayeeFinancialAccount>"


def _tax(invoice: Invoice, totals: Totals) -> Written:
    yield "  <cac:TaxTotal>"
    yield _money("    ", "TaxAmount", totals.tax)
    for subtotal in totals.by_vat:
        yield from _within("    ", "TaxSubtotal", _subtotal(subtotal))
    yield "  </cac:TaxTotal>"
    if invoice.vat_in_kroner is not None:
        in_kroner = _money("    ", "TaxAmount", invoice.vat_in_kroner)
        yield from _one("  ", "TaxTotal", in_kroner)


def _subtotal(subtotal: VatSubtotal) -> Written:
    yield _money("      ", "TaxableAmount", subtotal.taxable)
    yield _money("      ", "TaxAmount", subtotal.tax)
    yield "      <cac:TaxCategory>"
    yield from _vat(subtotal.vat)
    if subtotal.vat.category is VatCategory.REVERSE_CHARGE:
        yield _text("        ", "TaxExemptionReasonCode", REVERSE_CHARGE_CODE)
    if subtotal.vat.reason is not None:
        yield _text("        ", "TaxExemptionReason", subtotal.vat.reason)
    yield from _one("        ", "TaxScheme", _text("          ", "ID", VAT))
    yield "      </cac:TaxCategory>"


def _vat(vat: VatTreatment) -> Written:
    yield _text("        ", "ID", vat.category.value)
    yield _text("        ", "Percent", _plain(vat.percent))


def _sums(totals: Totals) -> Written:
    yield _money("    ", "LineExtensionAmount", totals.lines)
    yield _money("    ", "TaxExclusiveAmount", totals.lines)
    yield _money("    ", "TaxInclusiveAmount", totals.with_tax)
    if totals.prepaid:
        yield _money("    ", "PrepaidAmount", totals.prepaid)
    yield _money("    ", "PayableAmount", totals.payable)


def _line(name: str, number: int, line: Line) -> Written:
    yield _text("    ", "ID", str(number))
    if line.note is not None:
        yield _text("    ", "Note", line.note)
    counted = "CreditedQuantity" if name == "CreditNote" else "InvoicedQuantity"
    yield _text("    ", counted, _plain(line.quantity), f' unitCode="{line.unit.value}"')
    yield _money("    ", "LineExtensionAmount", line.amount)
    yield from _period("    ", line.period)
    yield "    <cac:Item>"
    yield _text("      ", "Name", line.description)
    yield "      <cac:ClassifiedTaxCategory>"
    yield from _vat(line.vat)
    yield from _one("        ", "TaxScheme", _text("          ", "ID", VAT))
    yield "      </cac:ClassifiedTaxCategory>"
    yield "    </cac:Item>"
    currency = f' currencyID="{line.unit_price.currency.value}"'
    price = _text("      ", "PriceAmount", line.unit_price.decimal_text(), currency)
    yield from _one("    ", "Price", price)


def _period(pad: str, period: Period | None) -> Written:
    if period is not None:
        yield f"{pad}<cac:InvoicePeriod>"
        yield _text(f"{pad}  ", "StartDate", period.first.isoformat())
        yield _text(f"{pad}  ", "EndDate", period.last.isoformat())
        yield f"{pad}</cac:InvoicePeriod>"


def _within(pad: str, name: str, inside: Written) -> Written:
    yield f"{pad}<cac:{name}>"
    yield from inside
    yield f"{pad}</cac:{name}>"


def _one(pad: str, name: str, inside: str) -> tuple[str, str, str]:
    return f"{pad}<cac:{name}>", inside, f"{pad}</cac:{name}>"


def _money(pad: str, name: str, money: Money) -> str:
    amount, currency = money.decimal_text(), money.currency.value
    return f'{pad}<cbc:{name} currencyID="{currency}">{amount}</cbc:{name}>'


def _text(pad: str, name: str, text: str, attribute: str = "") -> str:
    return f"{pad}<cbc:{name}{attribute}>{escape(text)}</cbc:{name}>"


def _attribute(text: str) -> str:
    return escape(text, {'"': "&quot;"})


def _plain(number: Decimal) -> str:
    return f"{number:f}"
