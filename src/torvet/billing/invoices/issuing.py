"""Issuing documents: their numbers, the books, the charges and the log move together or not at all.

Whoever issues holds the series first, so that one issues at a time: numbers run without a gap, in
the order of their days, and no charge is on two invoices. Killed anywhere, nothing was issued.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from torvet import catalogue, contracts, parties
from torvet.audit import Fact, record_all
from torvet.billing import charges
from torvet.billing.model import HOUSE, AccountKind, Posting
from torvet.billing.model import Line as BooksLine
from torvet.billing.model import credit as credited
from torvet.billing.model import debit as debited
from torvet.billing.periods import Month, day_of, month_of
from torvet.billing.profiles import profiles_of
from torvet.billing.rulebook import rules_on
from torvet.billing.rules import merged
from torvet.billing.service import post_many
from torvet.kit.ids import new_id
from torvet.kit.money import Money
from torvet.parties import Caller, Role, Scope
from torvet.ports.parts import Parts

from . import store
from .assembling import assemble
from .drafts import Assembly, Book, Draft
from .errors import RunMonthUnfit
from .issued import SERIES, InvoiceId, Issued, Sale, Waiting
from .lines import Charged
from .model import Kind
from .numbering import Series, next_number
from .store import NewDocument
from .ubl import written

ISSUED = "invoice-issued"
"""The name of the fact that every document leaves in the log."""
EXCHANGE = "exchange"
CONSUMERS_AT_A_TIME = 500
_MONTH = re.compile(r"(2[0-9]{3})-(0[1-9]|1[0-2])", re.ASCII)


def issue_month(parts: Parts, month: Month, *, by: str = EXCHANGE) -> Issued:
    """Issue what was charged until the end of `month` and waits for an invoice.

    In batches, each complete in itself: killed between two, the next run goes on. What cannot be
    issued waits, with all reasons. Raises NumberOutOfOrder where the clock was set back, and what
    is wrong with the rulebook.
    """
    with parts.db.begin() as tx:
        consumers = store.consumers_waiting(tx, month.end)
    done: list[Issued] = []
    for place in range(0, len(consumers), CONSUMERS_AT_A_TIME):
        some = consumers[place : place + CONSUMERS_AT_A_TIME]
        with parts.db.begin() as tx:
            done.append(_issue(tx, parts, until=month.end, by=by, consumers=some))
    issued = _together(done)
    if month.end <= parts.clock.now():
        with parts.db.begin() as tx:
            store.end_run(
                tx,
                str(month),
                at=parts.clock.now(),
                issued=len(issued.invoices),
                waiting=len(issued.waiting),
            )
    return issued


def run_month(parts: Parts, caller: Caller, written: str) -> Issued:
    """Issue what was charged until the end of a month, `2026-06`, and waits: as the operator.

    Raises RunMonthUnfit, and what `issue_month` raises.
    """
    parties.check(caller, Scope.OPERATE)
    found = _MONTH.fullmatch(written)
    if found is None:
        raise RunMonthUnfit(written)
    month = Month(int(found[1]), int(found[2]))
    if month.start > parts.clock.now():
        raise RunMonthUnfit(written)
    return issue_month(parts, month, by=caller.actor)


def issue_now(parts: Parts, caller: Caller, contract: str) -> Issued:
    """Issue all that is charged under `contract` by now, as one of its parties or the operator."""
    with parts.db.begin() as tx:
        if not caller.operator:
            parties.check(caller, Role.BUYER)
            contracts.contract(tx, contract, caller)
        else:
            parties.check(caller, Scope.OPERATE)
            contracts.contract(tx, contract)
    charges.charge_now(parts, contract)
    return issue_contract(parts, contract, by=caller.actor)


def issue_contract(parts: Parts, contract: str, *, by: str = EXCHANGE) -> Issued:
    """Issue all that was charged under `contract` so far."""
    until = parts.clock.now() + timedelta(microseconds=1)
    with parts.db.begin() as tx:
        return _issue(tx, parts, until=until, by=by, contract=contract)


def waiting_for(
    tx: Connection, parts: Parts, caller: Caller, *, every: bool = False
) -> tuple[Waiting, ...]:
    """Return what waits of the caller's party, or of all parties for the operator."""
    parties.check(caller, Scope.OPERATE if every else Role.READER)
    return what_waits(tx, parts, party=None if every else caller.party)


def what_waits(tx: Connection, parts: Parts, *, party: str | None = None) -> tuple[Waiting, ...]:
    """Return charges that no invoice could be written for now, and every reason.

    Those that `party` buys or sells, also of this month; or everybody's of months that are over,
    and what is paid once: what a run has left. Nothing is issued, and nobody waits.
    """
    return _looked_ahead(tx, parts, party).waiting


def what_comes_for(
    tx: Connection, parts: Parts, caller: Caller, *, every: bool = False
) -> Assembly:
    """Return the documents that would be issued now, unnumbered, beside what has to wait.

    Of the caller's party, with what is charged of this month; or for the operator all that a run
    would issue. Nothing is issued, and nobody waits.
    """
    parties.check(caller, Scope.OPERATE if every else Role.READER)
    return _looked_ahead(tx, parts, None if every else caller.party)


def _looked_ahead(tx: Connection, parts: Parts, party: str | None) -> Assembly:
    now = parts.clock.now()
    until = now + timedelta(microseconds=1)
    if party is None:
        held = store.waiting_sheets(tx, month_of(now).start, hold=False)
        for contract in store.contracts_paid_once(tx):
            held |= store.waiting_sheets(tx, until, contract=contract, hold=False)
    else:
        bought = store.waiting_sheets(tx, until, consumers=[party], hold=False)
        held = bought | store.waiting_sheets(tx, until, provider=party, hold=False)
    if not held:
        return Assembly(invoices=(), self_bills=(), share_vat={}, waiting=())
    charged = store.charged_on(tx, held)
    return assemble(_book(tx, parts, charged, now), charged)


def _issue(
    tx: Connection,
    parts: Parts,
    *,
    until: datetime,
    by: str,
    consumers: Sequence[str] | None = None,
    contract: str | None = None,
) -> Issued:
    """Issue what waits, in the transaction `tx`: the series are held before anything is read."""
    now = parts.clock.now()
    series = store.hold_series(tx)
    held = store.waiting_sheets(tx, until, consumers=consumers, contract=contract, hold=True)
    if not held:
        return Issued(invoices=(), self_bills=(), waiting=())
    charged = store.charged_on(tx, held)
    book = _book(tx, parts, charged, now)
    assembly = assemble(book, charged)
    bills, bill_of = _self_bills(assembly, book, series)
    invoices, sales = _invoices(assembly, book, series, bill_of)
    postings = _postings(invoices, sales)
    posted = post_many(tx, postings, at=now, by=by)
    invoices = [replace(one, posted=id_) for one, id_ in zip(invoices, posted, strict=True)]
    store.add(tx, [*bills, *invoices], at=now, by=by)
    store.add_sales(tx, sales)
    store.bill(tx, held, {sale.contract: sale.invoice for sale in sales})
    store.move_series(tx, series.values())
    record_all(tx, [fact_of(one, at=now, by=by) for one in (*invoices, *bills)])
    return Issued(
        invoices=tuple(one.id for one in invoices),
        self_bills=tuple(one.id for one in bills),
        waiting=assembly.waiting,
    )


def _together(done: Sequence[Issued]) -> Issued:
    return Issued(
        invoices=tuple(id_ for one in done for id_ in one.invoices),
        self_bills=tuple(id_ for one in done for id_ in one.self_bills),
        waiting=tuple(each for one in done for each in one.waiting),
    )


def _book(tx: Connection, parts: Parts, charged: Sequence[Charged], now: datetime) -> Book:
    """Gather all that documents about these charges say."""
    found = contracts.contracts_by_id(tx, sorted({one.contract for one in charged}))
    sides = {party for one in found.values() for party in (one.provider, one.consumer)}
    datasets = catalogue.datasets_by_id(tx, sorted({one.dataset for one in found.values()}))
    day = day_of(now)
    return Book(
        day=day,
        rules=rules_on(day, parts.settings.rulebook),
        profiles=profiles_of(tx, {HOUSE, *sides}),
        kinds={id_: party.kind for id_, party in parties.parties_by_id(tx, sides).items()},
        contracts=found,
        titles={id_: dataset.title for id_, dataset in datasets.items()},
    )


def _self_bills(
    assembly: Assembly, book: Book, series: dict[str, Series]
) -> tuple[list[NewDocument], Mapping[str, InvoiceId]]:
    """Return the self-billed documents, and which of them each contract's share is on."""
    ids = _ids(len(assembly.self_bills))
    made = [
        (draft, document_of(draft, book, series, id_))
        for draft, id_ in zip(assembly.self_bills, ids, strict=True)
    ]
    bill_of: dict[str, InvoiceId] = {
        sale.contract.id: one.id for draft, one in made for sale in draft.sales
    }
    return [one for _, one in made], bill_of


def _invoices(
    assembly: Assembly,
    book: Book,
    series: dict[str, Series],
    bill_of: Mapping[str, InvoiceId],
) -> tuple[list[NewDocument], list[Sale]]:
    made, sales = [], []
    ids = _ids(len(assembly.invoices))
    for draft, id_ in zip(assembly.invoices, ids, strict=True):
        one = document_of(draft, book, series, id_)
        made.append(one)
        for sale in draft.sales:
            contract = sale.contract
            nothing = Money.zero(sale.net.currency)
            sales.append(
                Sale(
                    invoice=one.id,
                    sale=one.id,
                    self_bill=bill_of.get(contract.id),
                    contract=contract.id,
                    dataset=contract.dataset,
                    provider=contract.provider,
                    consumer=contract.consumer,
                    net=sale.net,
                    fee=sale.fee,
                    share=sale.share,
                    share_vat=assembly.share_vat.get(contract.id, nothing),
                )
            )
    return made, sales


def _ids(many: int) -> list[InvoiceId]:
    """Return new ids in their order, so that documents are listed in that of their numbers."""
    return sorted(InvoiceId(new_id("iv")) for _ in range(many))


def document_of(draft: Draft, book: Book, series: dict[str, Series], id_: InvoiceId) -> NewDocument:
    """Return a draft as the next document of its series, which moves on.

    Raises NumberOutOfOrder where the last of the series is of a later day.
    """
    kind = draft.document.kind
    number, moved = next_number(series[SERIES[kind]], book.day)
    series[SERIES[kind]] = moved
    numbered = draft.numbered(number)
    document = written(numbered, draft.totals)
    return NewDocument(
        id=id_,
        number=number,
        kind=kind,
        seller=draft.seller,
        buyer=draft.buyer,
        net=draft.totals.lines,
        vat=draft.totals.tax,
        issued_on=numbered.issued_on,
        due_on=numbered.due_on,
        reference=numbered.means.reference,
        rules=book.rules.version,
        language=draft.language,
        preceding=None,
        posted=None,
        document=document,
        digest=hashlib.sha256(document).digest(),
    )


def _postings(invoices: Sequence[NewDocument], sales: Sequence[Sale]) -> list[Posting]:
    by_invoice: dict[str, list[Sale]] = {}
    for sale in sales:
        by_invoice.setdefault(sale.invoice, []).append(sale)
    return [
        Posting(
            key=f"invoice:{one.number}",
            kind="invoice",
            words=f"Invoice {one.number}",
            lines=lines_of(one, by_invoice[one.id]),
        )
        for one in invoices
    ]


def lines_of(one: NewDocument, sales: Sequence[Sale]) -> tuple[BooksLine, ...]:
    """Return what a document and its sales move in the books.

    The buyer owes all of it; of that the tax office gets the VAT less what the providers take
    for theirs, each provider its share with VAT, and the exchange its fee. What gives back has its
    sales below zero, and moves everything the other way.
    """
    sign = -1 if one.kind is Kind.CREDIT_NOTE else 1
    gross = (one.net + one.vat).times(sign)
    lines = [
        debited(AccountKind.RECEIVABLE, one.buyer, gross),
        credited(AccountKind.VAT, HOUSE, one.vat.times(sign)),
    ]
    for sale in sales:
        lines += [
            debited(AccountKind.VAT, HOUSE, sale.share_vat),
            credited(AccountKind.PAYABLE, sale.provider, sale.payable),
            credited(AccountKind.FEE, HOUSE, sale.fee),
        ]
    return merged(lines)


def fact_of(one: NewDocument, *, at: datetime, by: str) -> Fact:
    """Tell of a document, to whoever it concerns beside the exchange."""
    body: dict[str, object] = {
        "number": one.number,
        "kind": one.kind.value,
        "rules": one.rules,
        "digest": one.digest.hex(),
    }
    if one.preceding is not None:
        body["preceding"] = one.preceding
    return Fact(
        name=ISSUED,
        at=at,
        actor=by,
        subject=one.id,
        parties=tuple(sorted({one.seller, one.buyer} - {HOUSE})),
        body=body,
    )
