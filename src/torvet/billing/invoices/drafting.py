"""Lines from charges, and credit notes from invoices. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from torvet.kit.money import MINOR_DIGITS, Money, UnitPrice

from .errors import NotCredited
from .model import Invoice, Kind, Line, Period, Preceding, Unit, VatTreatment
from .rules import sum_of_payables, totals_of

_TAKEN_BACK_BY = {
    Kind.INVOICE: Kind.CREDIT_NOTE,
    Kind.SELF_BILLED_INVOICE: Kind.SELF_BILLED_CREDIT_NOTE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How much was used, of what, at which price: what a charge can say beside its amount."""

    quantity: Decimal
    unit: Unit
    unit_price: UnitPrice


def line_of(
    description: str,
    amount: Money,
    vat: VatTreatment,
    *,
    counted: Counted | None = None,
    period: Period | None = None,
    note: str | None = None,
) -> Line:
    """Return a line of exactly `amount`, so that lines are together what the charges were.

    Its quantity and price are those of `counted` where they come to the amount. Where they do
    not (tiers, a minimum, an allowance), the line is one piece at the amount, or minus one where
    it is below zero: a price below zero is not allowed (EN 16931, BR-27).
    """
    if counted is not None and counted.unit_price.currency is amount.currency:
        price = counted.unit_price
        if price.amount >= 0 and price.times(counted.quantity) == amount:
            return Line(
                description=description,
                quantity=counted.quantity,
                unit=counted.unit,
                unit_price=price,
                amount=amount,
                vat=vat,
                period=period,
                note=note,
            )
    return Line(
        description=description,
        quantity=Decimal(-1 if amount.minor < 0 else 1),
        unit=Unit.PIECE,
        unit_price=UnitPrice(abs(amount.minor), MINOR_DIGITS, amount.currency),
        amount=amount,
        vat=vat,
        period=period,
        note=note,
    )


def credit_note(
    invoice: Invoice,
    *,
    number: str,
    issued_on: date,
    lines: tuple[Line, ...] | None = None,
    earlier: Sequence[Invoice] = (),
    vat: Money | None = None,
    vat_in_kroner: Money | None = None,
    note: str | None = None,
) -> Invoice:
    """Return the document that takes `invoice` back: all of it, or `lines`, with their VAT.

    `earlier` are the credit notes there are of it. Raises NotCredited where `invoice` is itself
    one, where another currency is given back, and where more would be given back than was taken.
    `vat_in_kroner` is needed with `lines` where the invoice tells its own; `vat` where it is not
    what the rate makes of them.
    """
    if invoice.kind.gives_back:
        raise NotCredited(invoice.number, "it is a credit note itself")
    note_of = replace(
        invoice,
        number=number,
        kind=_TAKEN_BACK_BY[invoice.kind],
        issued_on=issued_on,
        due_on=None,
        lines=invoice.lines if lines is None else lines,
        preceding=Preceding(number=invoice.number, issued_on=invoice.issued_on),
        # What was paid before is owed back, so that it is not taken off a second time.
        prepaid=None,
        vat=vat,
        vat_in_kroner=invoice.vat_in_kroner if lines is None else vat_in_kroner,
        note=note,
    )
    _check_within(invoice, (*earlier, note_of))
    return note_of


def _check_within(invoice: Invoice, given_back: Sequence[Invoice]) -> None:
    for one in given_back:
        if one.preceding is None or one.preceding.number != invoice.number:
            raise NotCredited(invoice.number, f"{one.number!r} takes another invoice back")
        if one.currency is not invoice.currency:
            raise NotCredited(invoice.number, f"{one.number!r} is in {one.currency}")
    taken = totals_of(invoice).with_tax
    back = Money.total([totals_of(one).with_tax for one in given_back], invoice.currency)
    if back > taken:
        raise NotCredited(invoice.number, f"{back} would be given back of {taken}")


def balance_of(invoice: Invoice, credit_notes: Sequence[Invoice]) -> Money:
    """Return what is still owed of `invoice` after its `credit_notes`."""
    return sum_of_payables([invoice, *credit_notes], invoice.currency)
