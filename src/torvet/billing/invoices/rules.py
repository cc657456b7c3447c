"""What an invoice comes to, and what it must say before it is written. Pure.

**Rounding.** A line is rounded once, half away from zero, to whole øre or cent. Lines are added
up without rounding. VAT is computed for each category and rate from the sum of its lines, never
line by line, and rounded half away from zero (EN 16931-1 §6.4.2, BR-CO-10 to BR-CO-17). So what
is payable is, to the øre, the sum of the charges and the VAT on them. A credit note on a part has
the VAT on all that is credited by then, less what earlier ones gave back: it may be one øre beside
what the rate makes of the part, and all parts together are the invoice.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from torvet.kit.money import Currency, Money

from .errors import InvoiceRefused
from .faults import faults_of, mixes_currencies, totals_faults
from .model import Invoice, Totals, VatCategory, VatSubtotal, VatTreatment


def totals_of(invoice: Invoice) -> Totals:
    """Return what `invoice` comes to. Raises CurrencyMix where a line is in another currency."""
    by_vat = _by_vat(invoice)
    lines = Money.total([line.amount for line in invoice.lines], invoice.currency)
    tax = Money.total([subtotal.tax for subtotal in by_vat], invoice.currency)
    prepaid = invoice.prepaid or Money.zero(invoice.currency)
    with_tax = lines + tax
    return Totals(
        lines=lines,
        tax=tax,
        with_tax=with_tax,
        prepaid=prepaid,
        payable=with_tax - prepaid,
        by_vat=by_vat,
    )


def _by_vat(invoice: Invoice) -> tuple[VatSubtotal, ...]:
    amounts: dict[tuple[VatCategory, Decimal], list[Money]] = {}
    treatments: dict[tuple[VatCategory, Decimal], VatTreatment] = {}
    for line in invoice.lines:
        key = (line.vat.category, line.vat.percent)
        amounts.setdefault(key, []).append(line.amount)
        treatments.setdefault(key, line.vat)
    found = tuple(
        _subtotal(treatments[key], Money.total(amounts[key], invoice.currency))
        for key in sorted(amounts)
    )
    if invoice.vat is None or len(found) != 1:
        return found
    return (replace(found[0], tax=invoice.vat),)


def _subtotal(vat: VatTreatment, taxable: Money) -> VatSubtotal:
    return VatSubtotal(vat=vat, taxable=taxable, tax=taxable.percent(vat.percent))


def check(invoice: Invoice, *, to_public_body: bool = False) -> Totals:
    """Return what `invoice` comes to; raise InvoiceRefused with all that is wrong with it.

    `to_public_body`: a Danish public body gets no invoice without its EAN.
    """
    faults = faults_of(invoice, to_public_body=to_public_body)
    if mixes_currencies(invoice):
        raise InvoiceRefused(invoice.number, faults)
    totals = totals_of(invoice)
    faults += totals_faults(invoice, totals)
    if faults:
        raise InvoiceRefused(invoice.number, faults)
    return totals


def sum_of_payables(invoices: Sequence[Invoice], currency: Currency) -> Money:
    """Return what is owed by `invoices` together: those that give back count below zero."""
    signed = [
        -totals_of(invoice).payable if invoice.kind.gives_back else totals_of(invoice).payable
        for invoice in invoices
    ]
    return Money.total(signed, currency)
