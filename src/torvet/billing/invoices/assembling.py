"""From charges to documents. Pure: what is known comes in, documents come out.

There is one invoice for each buyer, currency and order, and one self-billed document for each
provider and currency.

The exchange sells in its own name what it buys of the provider at the same moment. Of a sale of
`net` it keeps the fee, and the provider gets the rest: net = fee + share. Where a document cannot
be written, its charges wait with every reason, and all the others go on.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from torvet.billing.model import HOUSE
from torvet.kit.money import Currency, Money
from torvet.parties.model import PartyKind

from .drafting import line_of
from .drafts import UNNUMBERED, Assembly, Book, Draft, DraftSale
from .errors import Fault, FaultCode, InvoiceRefused, VatUndecided
from .faults import faults_of_party
from .identifiers import endpoint_of
from .issued import Waiting
from .lines import Charged, line_for, period_of, whole
from .model import Invoice, InvoiceParty, Kind, Line, VatTreatment
from .naming import account_of, party_of, payout_means
from .rules import check
from .vat import DENMARK, treatment_of
from .words import WORDS

_Item = TypeVar("_Item")
_Key = TypeVar("_Key")


def assemble(book: Book, charged: Sequence[Charged]) -> Assembly:
    """Return the documents that `charged` become, and what has to wait.

    Every document holds all rules, the sum of all lines is the sum of `charged` that do not
    wait, and shares and fees are together what is sold.
    """
    kept = _Kept(sales=_sales(book, charged))
    _put_aside_the_unnamed(book, kept)
    while kept.sales:
        invoices = _drafted(kept, _orders(kept.sales), lambda sales: _invoice(book, sales))
        if invoices is None:
            continue
        bills = _drafted(kept, _providers(kept.sales), lambda sales: _self_bill(book, sales))
        if bills is None:
            continue
        return Assembly(
            invoices=tuple(invoices),
            self_bills=tuple(bills),
            share_vat={
                sale.contract.id: vat
                for bill in bills
                for sale, vat in zip(bill.sales, vat_shares(bill), strict=True)
            },
            waiting=tuple(kept.waiting),
        )
    return Assembly(invoices=(), self_bills=(), share_vat={}, waiting=tuple(kept.waiting))


@dataclass(slots=True)
class _Kept:
    """What is still to become documents, and what was put aside on the way."""

    sales: list[DraftSale]
    waiting: list[Waiting] = field(default_factory=list)

    def put_aside(self, party: str, sales: Sequence[DraftSale], faults: tuple[Fault, ...]) -> None:
        gone = {sale.contract.id for sale in sales}
        self.sales = [sale for sale in self.sales if sale.contract.id not in gone]
        for theirs in grouped(sales, lambda one: (one.contract.consumer, one.net.currency)):
            self.waiting.append(
                Waiting(
                    party=party,
                    consumer=theirs[0].contract.consumer,
                    contracts=tuple(sale.contract.id for sale in theirs),
                    amount=Money.total([sale.net for sale in theirs], theirs[0].net.currency),
                    faults=faults,
                )
            )


@dataclass(eq=False)
class _Unfit(Exception):
    """These sales become no document now: `party` can mend it, or time will."""

    party: str
    faults: tuple[Fault, ...]


def grouped(items: Iterable[_Item], key: Callable[[_Item], _Key]) -> list[list[_Item]]:
    """Return `items` in groups of one key, in the order in which they come."""
    found: dict[_Key, list[_Item]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return list(found.values())


def _sales(book: Book, charged: Sequence[Charged]) -> list[DraftSale]:
    found = []
    for these in grouped(charged, lambda one: one.contract):
        contract = book.contracts[these[0].contract]
        net = Money.total([one.amount for one in these], these[0].amount.currency)
        fee = book.rules.fee_for(book.kinds[contract.provider]).of(net)
        found.append(
            DraftSale(
                contract=contract,
                net=net,
                fee=fee,
                share=net - fee,
                period=whole([period_of(one) for one in these]),
                charged=tuple(these),
            )
        )
    return found


def _orders(sales: Sequence[DraftSale]) -> list[list[DraftSale]]:
    return grouped(
        sales,
        lambda one: (
            one.contract.consumer,
            one.net.currency,
            one.contract.order.purchase_order,
            one.contract.order.ean,
        ),
    )


def _providers(sales: Sequence[DraftSale]) -> list[list[DraftSale]]:
    found = grouped(sales, lambda one: (one.contract.provider, one.net.currency))
    return [group for group in found if any(sale.share for sale in group)]


def _drafted(
    kept: _Kept, groups: list[list[DraftSale]], draft: Callable[[list[DraftSale]], Draft]
) -> list[Draft] | None:
    """Return a draft of each group; None where some were put aside, and all is drafted anew."""
    drafts, unfit = [], False
    for sales in groups:
        try:
            drafts.append(draft(sales))
        except _Unfit as fault:
            kept.put_aside(fault.party, sales, fault.faults)
            unfit = True
    return None if unfit else drafts


def _put_aside_the_unnamed(book: Book, kept: _Kept) -> None:
    """Put aside what is sold or bought by somebody whom no document can name."""
    house = _house_faults(book, {sale.net.currency for sale in kept.sales})
    if house:
        kept.put_aside(HOUSE, kept.sales, house)
    for sales in grouped(kept.sales, lambda one: one.contract.provider):
        provider = sales[0].contract.provider
        if faults := _faults_between(book, provider, HOUSE, provider):
            kept.put_aside(provider, sales, faults)
    for sales in grouped(kept.sales, lambda one: one.contract.consumer):
        consumer = sales[0].contract.consumer
        if faults := _faults_between(book, HOUSE, consumer, consumer):
            kept.put_aside(consumer, sales, faults)


def _house_faults(book: Book, currencies: Iterable[Currency]) -> tuple[Fault, ...]:
    profile = book.profiles.get(HOUSE)
    if profile is None:
        says = "the exchange has given no billing details (`torvet billing profile set --house`)"
        return (Fault(code=FaultCode.NAME_MISSING, says=says),)
    missing = [each for each in sorted(currencies) if account_of(profile, each) is None]
    return (
        *faults_of_party(party_of(profile), "the exchange"),
        *(
            Fault(
                code=FaultCode.ACCOUNT_MISSING,
                says=f"the exchange gives no account that takes {currency}",
            )
            for currency in missing
        ),
    )


def _faults_between(book: Book, seller: str, buyer: str, who: str) -> tuple[Fault, ...]:
    """Return what keeps `who` from being named in a sale, and VAT from being told."""
    named = {party: _named(book, party) for party in (seller, buyer)}
    faults = faults_of_party(named[who], book.profiles[who].name)
    if who == seller and not named[who].cvr and book.profiles[who].country == DENMARK:
        says = f"{named[who].name} sells, and a Danish seller gives its CVR number (DK-R-002)"
        faults += (Fault(code=FaultCode.CVR_MISSING, says=says),)
    try:
        treatment_of(named[seller], named[buyer], book.rules.vat)
    except VatUndecided as fault:
        faults += (Fault(code=FaultCode.VAT_UNDECIDED, says=fault.why),)
    return faults


def _named(book: Book, party: str, *, ean: str = "") -> InvoiceParty:
    house = endpoint_of(party_of(book.profiles[HOUSE]))
    return party_of(book.profiles[party], ean=ean, delivered_at=house)


def _invoice(book: Book, sales: list[DraftSale]) -> Draft:
    first, currency = sales[0].contract, sales[0].net.currency
    profile, order = book.profiles[first.consumer], first.order
    seller, buyer = _named(book, HOUSE), _named(book, first.consumer, ean=order.ean)
    language = profile.language
    vat = treatment_of(seller, buyer, book.rules.vat, language=language)
    means = account_of(book.profiles[HOUSE], currency)
    assert means is not None, "without an account for it nothing is drafted"
    lines = tuple(
        line_for(
            one,
            book.title(sale.contract.dataset, language),
            sale.contract.tariff,
            vat,
            language=language,
            of_many=len(sales) > 1,
        )
        for sale in sales
        for one in sale.charged
    )
    document = Invoice(
        number=UNNUMBERED,
        kind=Kind.INVOICE,
        issued_on=book.day,
        due_on=book.day + timedelta(days=book.rules.payment_days),
        currency=currency,
        seller=seller,
        buyer=buyer,
        lines=lines,
        means=means,
        contract=first.id if len(sales) == 1 else None,
        purchase_order=order.purchase_order or None,
        buyer_reference=first.id if len(sales) == 1 else buyer.name,
        period=whole([sale.period for sale in sales]),
        note=_note(book, currency, vat, language),
        vat_in_kroner=_in_kroner(book, lines, vat, currency),
    )
    public = book.kinds[first.consumer] is PartyKind.PUBLIC
    return _checked(document, HOUSE, first.consumer, language, sales, to_public_body=public)


def _self_bill(book: Book, sales: list[DraftSale]) -> Draft:
    provider, currency = sales[0].contract.provider, sales[0].net.currency
    profile = book.profiles[provider]
    seller, buyer = _named(book, provider), _named(book, HOUSE)
    language = profile.language
    vat = treatment_of(seller, buyer, book.rules.vat, language=language)
    lines = tuple(_share_line(book, sale, vat, language) for sale in sales)
    days = book.rules.payment_days + book.rules.payout_days
    document = Invoice(
        number=UNNUMBERED,
        kind=Kind.SELF_BILLED_INVOICE,
        issued_on=book.day,
        due_on=book.day + timedelta(days=days),
        currency=currency,
        seller=seller,
        buyer=buyer,
        lines=lines,
        means=payout_means(profile, currency),
        contract=sales[0].contract.id if len(sales) == 1 else None,
        buyer_reference=seller.name,
        period=whole([sale.period for sale in sales]),
        note=f"{WORDS[language]['self_billing']} {_note(book, currency, vat, language)}",
        vat_in_kroner=_in_kroner(book, lines, vat, currency),
    )
    return _checked(document, provider, HOUSE, language, sales, to_public_body=False)


def _share_line(book: Book, sale: DraftSale, vat: VatTreatment, language: str) -> Line:
    """Return what the provider gets of one sale, and how that comes about."""
    words, contract = WORDS[language], sale.contract
    return line_of(
        words["sold"].format(
            title=book.title(contract.dataset, language),
            buyer=book.profiles[contract.consumer].name,
        ),
        sale.share,
        vat,
        period=sale.period,
        note=words["share"].format(
            contract=contract.id, net=sale.net.said(language), fee=sale.fee.said(language)
        ),
    )


def _checked(
    document: Invoice,
    seller: str,
    buyer: str,
    language: str,
    sales: list[DraftSale],
    *,
    to_public_body: bool,
) -> Draft:
    net = Money.total([line.amount for line in document.lines], document.currency)
    party = seller if document.kind.self_billed else buyer
    if net.minor <= 0:
        says = f"it comes to {net}, and waits for more"
        raise _Unfit(party, (Fault(code=FaultCode.OWES_THE_BUYER, says=says),))
    try:
        totals = check(document, to_public_body=to_public_body)
    except InvoiceRefused as refused:
        raise _Unfit(party, refused.faults) from None
    return Draft(
        seller=seller,
        buyer=buyer,
        language=language,
        document=document,
        totals=totals,
        sales=tuple(sales),
    )


def _note(book: Book, currency: Currency, vat: VatTreatment, language: str) -> str:
    """Say which rules hold, and which rate tells VAT in kroner."""
    words, euro = WORDS[language], book.rules.euro
    said = words["rules"].format(version=book.rules.version)
    if currency is Currency.DKK or not vat.percent:
        return said
    rate = f"{euro.kroner:f}"
    return f"{said} " + words["rate"].format(
        rate=rate.replace(".", ",") if language == "da" else rate,
        day=euro.as_of.isoformat(),
        source=euro.source,
    )


def _in_kroner(
    book: Book, lines: Sequence[Line], vat: VatTreatment, currency: Currency
) -> Money | None:
    if currency is Currency.DKK or not vat.percent:
        return None
    net = Money.total([line.amount for line in lines], currency)
    return book.rules.euro.in_kroner(net.percent(vat.percent)) or None


def vat_shares(bill: Draft) -> tuple[Money, ...]:
    """Return the VAT of a self-billed document as its sales have it, together all of it.

    By largest remainder; where a sale is below zero each has its own, and the largest the rest.
    """
    tax, shares = bill.totals.tax, [sale.share for sale in bill.sales]
    if all(share.minor >= 0 for share in shares):
        return tax.share([share.minor for share in shares])
    percent = bill.totals.by_vat[0].vat.percent
    own = [share.percent(percent) for share in shares]
    largest = max(range(len(shares)), key=lambda place: shares[place].minor)
    own[largest] += tax - Money.total(own, tax.currency)
    return tuple(own)
