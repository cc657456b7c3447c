"""Taking back what was invoiced: a credit note to the buyer, self-billed ones to the providers."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import Connection

from torvet.audit import record_all
from torvet.billing.bank.references import creditor_reference
from torvet.billing.model import Posting
from torvet.billing.periods import day_of
from torvet.billing.service import post
from torvet.kit.ids import new_id
from torvet.kit.money import Currency, Money

from . import store
from .drafting import credit_note, line_of
from .errors import InvoiceNotFound, NotCredited
from .issued import SERIES, InvoiceId, IssuedInvoice, Sale
from .issuing import fact_of, lines_of
from .model import Invoice, Kind, Line, Totals
from .numbering import Series, next_number
from .rules import check, totals_of
from .store import NewDocument
from .ubl import written
from .ubl_reader import from_ubl


def credit(
    tx: Connection,
    invoice: str,
    *,
    reason: str,
    key: str,
    at: datetime,
    by: str,
    part: Money | None = None,
    contract: str | None = None,
) -> IssuedInvoice:
    """Take back all that is left of an invoice, or `part` of it without VAT; once for its `key`.

    With `contract` it is taken of what the invoice says of that contract, else of all of them in
    proportion. The providers give back their shares and the exchange its fee in the same
    proportion, by credit notes of their own. `reason` stands on the documents. What was paid of
    the invoice is owed to its buyer then.

    Raises InvoiceNotFound, NotCredited where it is no invoice, is credited already or has less
    left than `part`, and NumberOutOfOrder where the clock was set back.
    """
    posting_key = f"credit:{key}"
    series = store.hold_series(tx)
    found = store.by_id(tx, invoice)
    if found is None:
        raise InvoiceNotFound(invoice)
    if (done := store.posted_under(tx, posting_key)) is not None:
        return _same(done, found, part)
    if found.kind is not Kind.INVOICE:
        raise NotCredited(found.number, "only an invoice to a buyer is; its other documents follow")
    back = _taken_back(tx, found, part, contract)
    day = day_of(at)
    made, sales = _documents(tx, found, back, series, day=day, reason=reason)
    note = made[-1]
    lines = lines_of(note, sales)
    words = f"Credit note {note.number} on invoice {found.number}"
    posting = Posting(key=posting_key, kind="credit-note", words=words, lines=lines)
    posted = post(tx, posting, at=at, by=by)
    made[-1] = replace(note, posted=posted.transaction)
    store.add(tx, made, at=at, by=by)
    store.add_sales(tx, sales)
    store.move_series(tx, series.values())
    record_all(tx, [fact_of(one, at=at, by=by) for one in made])
    issued = store.by_id(tx, note.id)
    assert issued is not None, "it was just written"
    return issued


def credited_under(tx: Connection, key: str) -> IssuedInvoice | None:
    """Return the credit note that has `key`; nobody else issues anything until `tx` ends."""
    store.hold_series(tx)
    return store.posted_under(tx, f"credit:{key}")


def _same(done: IssuedInvoice, wanted: IssuedInvoice, part: Money | None) -> IssuedInvoice:
    """Return the credit note that has the key already, where it is the one that is asked for."""
    if done.preceding != wanted.id or (part is not None and done.net != part):
        raise NotCredited(
            wanted.number, f"the key was used for {done.number}, which says otherwise"
        )
    return done


def _taken_back(
    tx: Connection, found: IssuedInvoice, part: Money | None, contract: str | None
) -> list[Sale]:
    """Return what is taken back of each contract, above zero; together it is `part`."""
    left = [
        sale
        for sale in left_of(store.sales_of(tx, sale=found.id))
        if contract is None or sale.contract == contract
    ]
    whole = Money.total([sale.net for sale in left], found.net.currency)
    wanted = whole if part is None else part
    if wanted.minor <= 0 or wanted > whole:
        raise NotCredited(found.number, f"{wanted} of {whole} cannot be given back")
    if wanted == whole:
        return [sale for sale in left if sale.net]
    if any(sale.net.minor < 0 for sale in left):
        raise NotCredited(
            found.number, "a contract on it was given back more than it was charged: credit all"
        )
    parts = wanted.share([sale.net.minor for sale in left])
    return [_part_of(sale, net) for sale, net in zip(left, parts, strict=True) if net]


def left_of(sales: Sequence[Sale]) -> list[Sale]:
    """Return what is left of each contract of an invoice after its credit notes."""
    sums: dict[str, Sale] = {}
    for one in sorted(sales, key=lambda sale: sale.invoice != sale.sale):
        known = sums.get(one.contract)
        if known is None:
            sums[one.contract] = one
        else:
            sums[one.contract] = replace(
                known,
                net=known.net + one.net,
                fee=known.fee + one.fee,
                share=known.share + one.share,
                share_vat=known.share_vat + one.share_vat,
            )
    return list(sums.values())


def _part_of(sale: Sale, net: Money) -> Sale:
    """Return the part of a sale that comes to `net`: fee and share in proportion."""
    fee, share = net.share([sale.fee.minor, sale.share.minor])
    return replace(sale, net=net, fee=fee, share=share)


def _documents(
    tx: Connection,
    found: IssuedInvoice,
    back: Sequence[Sale],
    series: dict[str, Series],
    *,
    day: date,
    reason: str,
) -> tuple[list[NewDocument], list[Sale]]:
    """Return the credit notes, the buyer's last, and what they say of contracts, below zero."""
    made: list[NewDocument] = []
    share_vat: dict[str, Money] = {}
    bills: dict[str, InvoiceId] = {}
    for bill, sales in _by_bill(back).items():
        first = store.by_id(tx, bill)
        assert first is not None, "a sale names a document that is there"
        amounts = [(sale.contract, sale.share) for sale in sales]
        made.append(_document(tx, first, amounts, series, day=day, reason=reason))
        shares = _vat_of(made[-1].vat, [sale.share for sale in sales])
        share_vat |= {sale.contract: vat for sale, vat in zip(sales, shares, strict=True)}
        bills |= {sale.contract: made[-1].id for sale in sales}
    amounts = [(sale.contract, sale.net) for sale in back]
    note = _document(tx, found, amounts, series, day=day, reason=reason)
    nothing = Money.zero(found.net.currency)
    sales = [
        replace(
            sale,
            invoice=note.id,
            self_bill=bills.get(sale.contract),
            net=-sale.net,
            fee=-sale.fee,
            share=-sale.share,
            share_vat=-share_vat.get(sale.contract, nothing),
        )
        for sale in back
    ]
    return [*made, note], sales


def _by_bill(back: Sequence[Sale]) -> Mapping[InvoiceId, list[Sale]]:
    found: dict[InvoiceId, list[Sale]] = {}
    for sale in back:
        if sale.self_bill is not None and sale.share:
            found.setdefault(sale.self_bill, []).append(sale)
    return found


def _vat_of(vat: Money, shares: Sequence[Money]) -> tuple[Money, ...]:
    """Return the VAT of a document as its contracts have it, together all of it."""
    if not vat:
        return tuple(vat for _ in shares)
    return vat.share([max(share.minor, 0) for share in shares])


def _document(
    tx: Connection,
    found: IssuedInvoice,
    amounts: Sequence[tuple[str, Money]],
    series: dict[str, Series],
    *,
    day: date,
    reason: str,
) -> NewDocument:
    """Return the credit note of one document, as the next of its series."""
    original = from_ubl(store.document_of(tx, found.id))
    kind = Kind.SELF_BILLED_CREDIT_NOTE if found.kind.self_billed else Kind.CREDIT_NOTE
    number, moved = next_number(series[SERIES[kind]], day)
    series[SERIES[kind]] = moved
    whole = Money.total([amount for _, amount in amounts], found.net.currency)
    said = "Aftale {}" if found.language == "da" else "Contract {}"
    named = [(said.format(contract), amount) for contract, amount in amounts]
    lines = original.lines if whole == found.net else _lines(original, named, reason)
    tax = _tax(found, original, whole)
    document, totals = _checked(original, number, day, lines, tax=tax, reason=reason)
    return NewDocument(
        id=InvoiceId(new_id("iv")),
        number=number,
        kind=kind,
        seller=found.party_from,
        buyer=found.party_to,
        net=totals.lines,
        vat=totals.tax,
        issued_on=day,
        due_on=None,
        reference=document.means.reference,
        rules=found.rules,
        language=found.language,
        preceding=found.id,
        posted=None,
        document=(xml := written(document, totals)),
        digest=hashlib.sha256(xml).digest(),
    )


def _tax(found: IssuedInvoice, original: Invoice, part: Money) -> Money | None:
    """Return the VAT of a part: on all that is credited with it, less what was given back before.

    So that however many parts there are, together they give back what was asked for, to the øre.
    None where there are several rates: then all of it is taken back at once.
    """
    if len(totals_of(original).by_vat) != 1:
        return None
    percent = original.lines[0].vat.percent
    given = found.credited - found.credited_net
    return (found.credited_net + part).percent(percent) - given


def _checked(
    original: Invoice,
    number: str,
    day: date,
    lines: tuple[Line, ...],
    *,
    tax: Money | None,
    reason: str,
) -> tuple[Invoice, Totals]:
    own = Money.total([line.amount for line in lines], original.currency)
    by_rate = own.percent(lines[0].vat.percent)
    note = credit_note(
        original,
        number=number,
        issued_on=day,
        lines=lines,
        vat=None if tax == by_rate else tax,
        vat_in_kroner=original.vat_in_kroner if tax is None else _in_kroner(original, tax),
        note=reason,
    )
    means = replace(note.means, reference=creditor_reference(number))
    numbered = replace(note, means=means)
    return numbered, check(numbered)


def _lines(
    original: Invoice, amounts: Sequence[tuple[str, Money]], reason: str
) -> tuple[Line, ...]:
    vat = original.lines[0].vat
    return tuple(
        line_of(reason, amount, vat, period=original.period, note=named)
        for named, amount in amounts
    )


def _in_kroner(original: Invoice, back: Money) -> Money | None:
    """Return VAT of `back` in kroner at the rate of the invoice, in proportion."""
    if original.vat_in_kroner is None:
        return None
    tax = totals_of(original).tax
    minor = original.vat_in_kroner.minor
    return Money(minor, Currency.DKK).share([back.minor, tax.minor - back.minor])[0] or None
