"""What stands in the way of writing a document, all of it, as sentences. Pure.

The norm's rules are named where they are the reason: BR of EN 16931, R of Peppol, DK-R of Denmark.
"""

import re
from collections.abc import Iterator
from decimal import Decimal

from torvet.billing.identifiers import (
    bic_fits,
    cvr_has_its_form,
    ean_fits,
    email_fits,
    iban_fits,
    vat_number_fits,
)
from torvet.kit.money import Currency, Money

from .errors import Fault
from .errors import FaultCode as Code
from .identifiers import endpoint_of
from .model import (
    DanishAccount,
    Iban,
    Invoice,
    InvoiceParty,
    Line,
    PaidByCard,
    Totals,
    VatCategory,
)

LINES_MAX = 10_000
TEXT_MAX = 1_000

_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_NOT_IN_XML = re.compile(r"[^\n\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REGISTRATION = re.compile(r"[0-9]{4}", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{1,10}", re.ASCII)
_UNTAXED = {VatCategory.REVERSE_CHARGE, VatCategory.EXEMPT}
DENMARK = "DK"

Faults = Iterator[Fault]


def faults_of(invoice: Invoice, *, to_public_body: bool) -> tuple[Fault, ...]:
    """Return all that is wrong with `invoice`, apart from what it comes to."""
    return (
        *_document_faults(invoice),
        *_party_faults(invoice.seller, "the seller"),
        *_party_faults(invoice.buyer, "the buyer"),
        *_seller_faults(invoice),
        *_buyer_faults(invoice, to_public_body=to_public_body),
        *_means_faults(invoice),
        *_lines_faults(invoice),
        *_text_faults(invoice),
    )


def faults_of_party(party: InvoiceParty, who: str) -> tuple[Fault, ...]:
    """Return what is wrong with a party wherever it stands, as `who`."""
    return tuple(_party_faults(party, who))


def mixes_currencies(invoice: Invoice) -> bool:
    amounts = [line.amount for line in invoice.lines]
    if invoice.prepaid is not None:
        amounts.append(invoice.prepaid)
    return any(amount.currency is not invoice.currency for amount in amounts)


def totals_faults(invoice: Invoice, totals: Totals) -> tuple[Fault, ...]:
    """Return what is wrong with the sums of `invoice`, which is in one currency."""
    return tuple(_totals_faults(invoice, totals))


def _totals_faults(invoice: Invoice, totals: Totals) -> Faults:
    if totals.with_tax.minor < 0:
        yield _fault(
            Code.OWES_THE_BUYER,
            f"it comes to {totals.with_tax}: write a document of the other kind",
        )
    elif not 0 <= totals.prepaid.minor <= totals.with_tax.minor:
        yield _fault(
            Code.PREPAID_TOO_MUCH, f"{totals.prepaid} were paid before of {totals.with_tax}"
        )
    if invoice.vat is not None:
        yield from _own_vat_faults(invoice, invoice.vat, totals)
    left = bool(totals.payable) and not invoice.kind.gives_back
    if isinstance(invoice.means, PaidByCard) and left:
        yield _fault(Code.MEANS_WRONG, f"it was paid by card, and {totals.payable} are left to pay")
    in_kroner = invoice.vat_in_kroner
    if in_kroner is not None:
        if in_kroner.currency is not Currency.DKK or invoice.currency is Currency.DKK:
            yield _fault(Code.CURRENCY_MIX, "VAT is told in kroner beside another currency only")
        elif (in_kroner.minor > 0) != (totals.tax.minor > 0):
            yield _fault(Code.VAT_WRONG, f"VAT of {totals.tax} cannot be {in_kroner}")
    elif _danish(invoice.seller) and invoice.currency is not Currency.DKK and totals.tax:
        yield _fault(
            Code.VAT_NOT_IN_KRONER, "Danish VAT is told in kroner too where the invoice is in euro"
        )


def _own_vat_faults(invoice: Invoice, vat: Money, totals: Totals) -> Faults:
    """Let only a credit note of one rate have VAT of its own, one minor unit beside the rate's."""
    beside = [vat - one.taxable.percent(one.vat.percent) for one in totals.by_vat]
    if not invoice.kind.gives_back or len(beside) != 1 or abs(beside[0]).minor > 1:
        yield _fault(Code.VAT_WRONG, f"VAT of {vat} is not what the rate makes")


def _document_faults(invoice: Invoice) -> Faults:
    if not invoice.number.strip():
        yield _fault(Code.NUMBER_MISSING, "it has no number")
    if not (invoice.purchase_order or invoice.buyer_reference):
        yield _fault(
            Code.REFERENCE_MISSING,
            "the buyer's order number or reference is missing (PEPPOL-EN16931-R003)",
        )
    if invoice.kind.gives_back and invoice.preceding is None:
        yield _fault(Code.PRECEDING_MISSING, "a credit note names the invoice it takes back")
    if not invoice.kind.gives_back and invoice.preceding is not None:
        yield _fault(Code.PRECEDING_UNWANTED, "only a credit note takes another document back")
    yield from _date_faults(invoice)


def _date_faults(invoice: Invoice) -> Faults:
    if not invoice.kind.gives_back and invoice.due_on is None:
        yield _fault(Code.DUE_DATE_MISSING, "it does not say when it is due (BR-CO-25)")
    if invoice.kind.gives_back and invoice.due_on is not None:
        yield _fault(Code.DATES_OUT_OF_ORDER, "what gives back is not due")
    if invoice.due_on is not None and invoice.due_on < invoice.issued_on:
        yield _fault(Code.DATES_OUT_OF_ORDER, "it is due before it is issued")
    if invoice.preceding is not None and invoice.preceding.issued_on > invoice.issued_on:
        yield _fault(Code.DATES_OUT_OF_ORDER, "it is older than the invoice it takes back")
    periods = (invoice.period, *(line.period for line in invoice.lines))
    if any(period is not None and period.last < period.first for period in periods):
        yield _fault(Code.DATES_OUT_OF_ORDER, "a period ends before it begins (BR-29, BR-30)")
    whole = invoice.period
    if whole is not None and any(
        line.period is not None
        and not whole.first <= line.period.first <= line.period.last <= whole.last
        for line in invoice.lines
    ):
        yield _fault(
            Code.DATES_OUT_OF_ORDER,
            "a line's period is not within the invoice's (PEPPOL-EN16931-R110, R111)",
        )


def _party_faults(party: InvoiceParty, who: str) -> Faults:
    if not party.name.strip():
        yield _fault(Code.NAME_MISSING, f"{who} has no name")
    address = party.address
    if address is None or not (address.street and address.city and address.post_code):
        yield _fault(Code.ADDRESS_MISSING, f"{who} has no address with street, post code and city")
    if address is not None and not _COUNTRY.fullmatch(address.country):
        yield _fault(
            Code.COUNTRY_UNKNOWN, f"{who}'s country is two capital letters, not {address.country!r}"
        )
    if party.cvr is not None and not cvr_has_its_form(party.cvr):
        yield _fault(Code.CVR_WRONG, f"{who}'s CVR number is eight digits, not {party.cvr!r}")
    if party.ean is not None and not ean_fits(party.ean):
        yield _fault(Code.EAN_WRONG, f"{who}'s EAN is no 13 digits that check: {party.ean!r}")
    if party.email is not None and not email_fits(party.email):
        yield _fault(Code.EMAIL_WRONG, f"{who}'s e-mail address cannot be one: {party.email!r}")
    if endpoint_of(party) is None:
        yield _fault(
            Code.UNREACHABLE, f"{who} has no EAN, CVR or VAT number that Peppol could send to"
        )
    yield from _vat_number_faults(party, who)


def _vat_number_faults(party: InvoiceParty, who: str) -> Faults:
    number, address = party.vat_number, party.address
    if number is None or address is None:
        return
    if not vat_number_fits(number, address.country):
        yield _fault(
            Code.VAT_NUMBER_WRONG,
            f"{who} is in {address.country}, and {number!r} is no VAT number of that country",
        )
    elif _danish(party) and party.cvr is not None and number != DENMARK + party.cvr:
        yield _fault(Code.VAT_NUMBER_WRONG, f"{who}'s VAT number is not its CVR number after DK")


def _seller_faults(invoice: Invoice) -> Faults:
    seller = invoice.seller
    if _danish(seller) and seller.cvr is None:
        yield _fault(Code.CVR_MISSING, "a Danish seller gives its CVR number (DK-R-002)")
    if seller.vat_number is None and any(
        line.vat.category is not VatCategory.EXEMPT for line in invoice.lines
    ):
        yield _fault(
            Code.VAT_NUMBER_MISSING, "a seller without a VAT number sells exempt from VAT only"
        )
    if seller.vat_number is None and seller.cvr is None:
        yield _fault(
            Code.CVR_MISSING, "the seller has neither a VAT number nor a CVR number (BR-CO-26)"
        )


def _buyer_faults(invoice: Invoice, *, to_public_body: bool) -> Faults:
    seller, buyer = invoice.seller, invoice.buyer
    if to_public_body and buyer.ean is None and _danish(buyer):
        yield _fault(Code.EAN_MISSING, "the buyer is a public body, and its EAN is missing")
    if seller.cvr is not None and seller.cvr == buyer.cvr:
        yield _fault(Code.SAME_PARTY, "seller and buyer have one CVR number")
    if not any(line.vat.category is VatCategory.REVERSE_CHARGE for line in invoice.lines):
        return
    if buyer.vat_number is None:
        yield _fault(
            Code.VAT_NUMBER_MISSING, "VAT is reversed to the buyer, whose VAT number is missing"
        )
    elif seller.vat_number is not None and seller.vat_number[:2] == buyer.vat_number[:2]:
        yield _fault(Code.VAT_WRONG, "VAT is reversed across borders only, and both are in one")


def _means_faults(invoice: Invoice) -> Faults:
    match invoice.means:
        case DanishAccount(registration=registration, account=account):
            if not (_REGISTRATION.fullmatch(registration) and _ACCOUNT.fullmatch(account)):
                yield _fault(
                    Code.MEANS_WRONG,
                    "a Danish account has four digits and at most ten (DK-R-006)",
                )
        case Iban(iban=iban, bic=bic):
            if not iban_fits(iban):
                yield _fault(Code.MEANS_WRONG, f"{iban!r} is no IBAN: its check digits are wrong")
            if bic is not None and not bic_fits(bic):
                yield _fault(Code.MEANS_WRONG, f"{bic!r} is no BIC")
    if not invoice.means.reference.strip():
        yield _fault(Code.MEANS_WRONG, "a payment cannot be told from others without a reference")


def _lines_faults(invoice: Invoice) -> Faults:
    if not invoice.lines:
        yield _fault(Code.NO_LINES, "it has no lines")
    if len(invoice.lines) > LINES_MAX:
        yield _fault(
            Code.TOO_MANY_LINES, f"it has {len(invoice.lines):,} lines, and {LINES_MAX:,} are most"
        )
    if mixes_currencies(invoice):
        yield _fault(Code.CURRENCY_MIX, f"it is in {invoice.currency}, and not all of its amounts")
    for number, line in enumerate(invoice.lines, 1):
        yield from _line_faults(line, f"line {number}")
    reasons: dict[tuple[VatCategory, Decimal], str | None] = {}
    for line in invoice.lines:
        key = (line.vat.category, line.vat.percent)
        if reasons.setdefault(key, line.vat.reason) != line.vat.reason:
            yield _fault(Code.VAT_WRONG, "lines of one category give two reasons for it")
            return


def _line_faults(line: Line, where: str) -> Faults:
    if not line.description.strip():
        yield _fault(Code.DESCRIPTION_MISSING, f"{where} does not say what is paid for")
    if line.unit_price.currency is not line.amount.currency:
        yield _fault(Code.CURRENCY_MIX, f"{where} has its price in another currency")
    elif line.unit_price.times(line.quantity) != line.amount:
        yield _fault(
            Code.AMOUNT_WRONG, f"{where} is {line.amount}, and not its quantity times its price"
        )
    if line.unit_price.amount < 0:
        yield _fault(Code.PRICE_NEGATIVE, f"{where} has a price below zero (BR-27)")
    yield from _vat_faults(line, where)


def _vat_faults(line: Line, where: str) -> Faults:
    category, percent = line.vat.category, line.vat.percent
    taxed = category is VatCategory.STANDARD
    if not (0 < percent <= 100 if taxed else percent == 0):  # noqa: PLR2004 - hundredths
        yield _fault(Code.VAT_WRONG, f"{where} is of category {category} with {percent} %")
    if category in _UNTAXED and not (line.vat.reason or "").strip():
        yield _fault(Code.VAT_WRONG, f"{where} does not say why there is no VAT (BR-{category}-10)")
    if category not in _UNTAXED and line.vat.reason is not None:
        yield _fault(Code.VAT_WRONG, f"{where} is taxed, and gives a reason for not being so")


def _text_faults(invoice: Invoice) -> Faults:
    for text in _texts(invoice):
        if _NOT_IN_XML.search(text) or not text.strip() or len(text) > TEXT_MAX:
            yield _fault(
                Code.UNPRINTABLE,
                f"{text[:40]!r} is empty, above {TEXT_MAX:,} signs or not to be printed",
            )


def _texts(invoice: Invoice) -> Iterator[str]:
    """Yield all that is written as it was given; what has a fault of its own when empty, not so."""
    optional = (invoice.contract, invoice.purchase_order, invoice.buyer_reference, invoice.note)
    yield from (text for text in optional if text is not None)
    named = [invoice.number, invoice.means.reference]
    if invoice.preceding is not None:
        yield invoice.preceding.number
    for party in (invoice.seller, invoice.buyer):
        named.append(party.name)
        if party.address is not None:
            named += [party.address.street, party.address.city, party.address.post_code]
        if party.endpoint is not None:
            yield from (party.endpoint.scheme, party.endpoint.value)
    for line in invoice.lines:
        named.append(line.description)
        yield from (text for text in (line.note, line.vat.reason) if text is not None)
    yield from (text for text in named if text.strip())


def _danish(party: InvoiceParty) -> bool:
    return party.address is not None and party.address.country == DENMARK


def _fault(code: Code, says: str) -> Fault:
    return Fault(code=code, says=says)
