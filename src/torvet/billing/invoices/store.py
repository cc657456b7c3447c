"""Issued documents as rows. Each function takes the transaction that it runs in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from psycopg import Connection as PsycopgConnection
from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from torvet.billing.charges.tables import charge_sheets as sheets
from torvet.billing.charging import Cause
from torvet.kit.money import Currency, Money

from .issued import SERIES, InvoiceId, IssuedInvoice, Paid, Run, Sale, Standing
from .lines import Charged
from .model import Kind
from .numbering import Series
from .tables import invoice_payments as payments
from .tables import invoice_runs as runs
from .tables import invoice_sales as sales
from .tables import invoice_series as series
from .tables import invoices

_AMOUNTS = ("net", "fee", "share", "share_vat")
PREFIXES = tuple(sorted(SERIES.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A document that is to be written, with what is kept beside it."""

    id: InvoiceId
    number: str
    kind: Kind
    seller: str
    buyer: str
    net: Money
    vat: Money
    issued_on: date
    due_on: date | None
    reference: str
    rules: str
    language: str
    preceding: InvoiceId | None
    posted: str | None
    document: bytes
    digest: bytes


def hold_series(tx: Connection) -> dict[str, Series]:
    """Return every series by its prefix; nobody else issues anything until `tx` ends."""
    tx.execute(
        insert(series)
        .values([{"prefix": prefix, "issued": 0} for prefix in PREFIXES])
        .on_conflict_do_nothing()
    )
    query = select(series).order_by(series.c.prefix).with_for_update()
    return {
        row.prefix: Series(prefix=row.prefix, issued=row.issued, last_issued_on=row.last_issued_on)
        for row in tx.execute(query)
    }


def move_series(tx: Connection, moved: Iterable[Series]) -> None:
    """Remember the last number of each series."""
    for one in moved:
        tx.execute(
            update(series)
            .where(series.c.prefix == one.prefix)
            .values(issued=one.issued, last_issued_on=one.last_issued_on)
        )


def every_series(tx: Connection) -> list[Series]:
    """Return every series."""
    return [
        Series(prefix=row.prefix, issued=row.issued, last_issued_on=row.last_issued_on)
        for row in tx.execute(select(series).order_by(series.c.prefix))
    ]


def consumers_waiting(tx: Connection, until: datetime) -> list[str]:
    """Return who has charges from before `until` that are not invoiced, in order."""
    query = (
        select(sheets.c.consumer)
        .where(sheets.c.invoice.is_(None), sheets.c.last_begin < until)
        .distinct()
        .order_by(sheets.c.consumer)
    )
    return list(tx.scalars(query))


def contracts_paid_once(tx: Connection) -> list[str]:
    """Return the contracts with a price that is paid once, and is not invoiced."""
    return list(tx.scalars(_PAID_ONCE))


def waiting_sheets(
    tx: Connection,
    until: datetime,
    *,
    consumers: Sequence[str] | None = None,
    provider: str | None = None,
    contract: str | None = None,
    hold: bool,
) -> dict[int, str]:
    """Return the sheets of charges from before `until` that are not invoiced: the contract of each.

    With `hold` they are kept from others until `tx` ends.
    """
    query = (
        select(sheets.c.id, sheets.c.contract)
        .where(sheets.c.invoice.is_(None), sheets.c.last_begin < until)
        .order_by(sheets.c.id)
    )
    if consumers is not None:
        query = query.where(sheets.c.consumer.in_(consumers))
    if provider is not None:
        query = query.where(sheets.c.provider == provider)
    if contract is not None:
        query = query.where(sheets.c.contract == contract)
    found = tx.execute(query.with_for_update() if hold else query)
    return {row.id: row.contract for row in found}


def charged_on(tx: Connection, held: Mapping[int, str]) -> list[Charged]:
    """Return what is on these sheets, together by contract, month, cause and meter."""
    asked = {"contracts": sorted(set(held.values())), "sheets": sorted(held)}
    return [
        Charged(
            contract=row.contract,
            month=row.month,
            cause=Cause(row.cause),
            meter=row.meter,
            counted=int(row.counted),
            amount=Money(int(row.amount), Currency(row.currency)),
            first=row.first,
            last=row.last,
        )
        for row in tx.execute(_CHARGED, asked)
    ]


def bill(tx: Connection, held: Mapping[int, str], by_contract: Mapping[str, InvoiceId]) -> None:
    """Set the invoice of the sheets of each contract."""
    wanted = {
        sheet: by_contract[contract] for sheet, contract in held.items() if contract in by_contract
    }
    tx.execute(_BILL, {"sheets": list(wanted), "invoices": list(wanted.values())})


def add(tx: Connection, documents: Sequence[NewDocument], *, at: datetime, by: str) -> None:
    """Append documents."""
    rows = (
        (
            one.id, one.number, SERIES[one.kind], one.kind.value, one.seller, one.buyer,
            one.net.currency.value, one.net.minor, one.vat.minor, one.issued_on, one.due_on, at, by,
            one.reference, one.rules, one.language, one.preceding, one.posted, one.document,
            one.digest,
        )
        for one in documents
    )  # fmt: skip
    _copy(tx, _COPY_DOCUMENTS, _DOCUMENT_TYPES, rows)


def add_sales(tx: Connection, found: Iterable[Sale]) -> None:
    """Append what documents say of contracts."""
    rows = (
        (
            one.invoice, one.contract, one.sale, one.self_bill, one.dataset, one.provider,
            one.consumer, one.net.currency.value, one.net.minor, one.fee.minor, one.share.minor,
            one.share_vat.minor,
        )
        for one in found
    )  # fmt: skip
    _copy(tx, _COPY_SALES, ["text"] * 8 + ["int8"] * 4, rows)


def _copy(
    tx: Connection, sql: str, types: Sequence[str], rows: Iterable[tuple[object, ...]]
) -> None:
    driver = cast("PsycopgConnection[Any]", tx.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(sql) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def by_id(tx: Connection, id_or_number: str) -> IssuedInvoice | None:
    """Return the document of this id or number."""
    named = or_(invoices.c.id == id_or_number, invoices.c.number == id_or_number)
    row = tx.execute(_whole().where(named)).one_or_none()
    return None if row is None else _issued(row)


def hold(tx: Connection, id_: InvoiceId) -> None:
    """Let nobody else credit or settle this document until `tx` ends."""
    key = func.hashtextextended(f"invoice:{id_}", 0)
    tx.execute(select(func.pg_advisory_xact_lock(key)))


def document_of(tx: Connection, id_: InvoiceId) -> bytes:
    """Return the UBL document as it was sent."""
    return bytes(tx.execute(select(invoices.c.document).where(invoices.c.id == id_)).scalar_one())


def posted_under(tx: Connection, key: str) -> IssuedInvoice | None:
    """Return the document whose transaction of the books has `key`."""
    transaction = text("(select id from books_transactions where key = :key)").bindparams(key=key)
    row = tx.execute(_whole().where(invoices.c.posted == transaction)).one_or_none()
    return None if row is None else _issued(row)


def credit_notes_of(tx: Connection, id_: InvoiceId) -> list[IssuedInvoice]:
    """Return what took something of a document back, the oldest first."""
    query = _whole().where(invoices.c.preceding == id_).order_by(invoices.c.id)
    return [_issued(row) for row in tx.execute(query)]


def page_of(
    tx: Connection,
    *,
    party: str | None,
    kinds: Sequence[Kind] = (),
    standing: Standing | None = None,
    after: str | None = None,
    limit: int,
) -> list[IssuedInvoice]:
    """Return documents, the newest first; of every party where `party` is None."""
    query = _whole().order_by(invoices.c.id.desc()).limit(limit)
    if party is not None:
        query = query.where(or_(invoices.c.seller == party, invoices.c.buyer == party))
    if kinds:
        query = query.where(invoices.c.kind.in_([kind.value for kind in kinds]))
    if after is not None:
        query = query.where(invoices.c.id < after)
    if standing is not None:
        query = query.where(invoices.c.preceding.is_(None), *_that_is(standing))
    return [_issued(row) for row in tx.execute(query)]


def _that_is(standing: Standing) -> tuple[ColumnElement[bool], ...]:
    match standing:
        case Standing.OPEN:
            return (_OWED > 0, invoices.c.net > _CREDITED_NET)
        case Standing.PAID:
            return (_OWED <= 0, invoices.c.net > _CREDITED_NET)
        case Standing.OVERPAID:
            return (_OWED < 0,)


def payments_of(tx: Connection, invoice: InvoiceId, currency: Currency) -> list[Paid]:
    """Return what came in for a document and went back, the oldest first."""
    asked = {"invoice": invoice}
    return [
        Paid(
            at=row.at,
            amount=Money(row.amount, currency),
            kind=row.kind,
            transaction=row.transaction,
        )
        for row in tx.execute(_PAYMENTS, asked)
    ]


def every_open(tx: Connection, kind: Kind) -> list[IssuedInvoice]:
    """Return all documents of `kind` of which something is owed, the oldest first."""
    query = _whole().where(invoices.c.kind == kind.value, _OWED > 0, invoices.c.net > _CREDITED_NET)
    return [_issued(row) for row in tx.execute(query.order_by(invoices.c.id))]


def sales_of(
    tx: Connection,
    *,
    invoice: InvoiceId | None = None,
    sale: InvoiceId | None = None,
    self_bill: InvoiceId | None = None,
) -> list[Sale]:
    """Return what one document says of contracts, or all documents that began with one sale."""
    query = select(sales).order_by(sales.c.invoice, sales.c.contract)
    if invoice is not None:
        query = query.where(sales.c.invoice == invoice)
    if sale is not None:
        query = query.where(sales.c.sale == sale)
    if self_bill is not None:
        query = query.where(sales.c.self_bill == self_bill)
    return [_sale(row) for row in tx.execute(query)]


def settled_sales(tx: Connection, provider: str | None) -> list[Sale]:
    """Return what is left of each contract of each invoice that is paid, credit notes taken off."""
    owed = select(invoices.c.id).where(
        invoices.c.kind == Kind.INVOICE.value, _OWED <= 0, invoices.c.net > _CREDITED_NET
    )
    amounts = {name: func.sum(sales.c[name]).label(name) for name in _AMOUNTS}
    named = ("sale", "contract", "dataset", "provider", "consumer", "currency")
    first = func.max(sales.c.self_bill).filter(sales.c.invoice == sales.c.sale)
    query = (
        select(
            *(sales.c[name] for name in named),
            sales.c.sale.label("invoice"),
            first.label("self_bill"),
            *amounts.values(),
        )
        .where(sales.c.sale.in_(owed))
        .group_by(*(sales.c[name] for name in named))
        .having(func.sum(sales.c.share) != 0)
        .order_by(sales.c.sale, sales.c.contract)
    )
    if provider is not None:
        query = query.where(sales.c.provider == provider)
    return [_sale(row) for row in tx.execute(query)]


def settle(tx: Connection, id_: InvoiceId, amount: Money, transaction: str, at: datetime) -> bool:
    """Write that `amount` was paid by this transaction; return whether that is new."""
    written = tx.execute(
        insert(payments)
        .values(transaction=transaction, invoice=id_, amount=amount.minor, at=at)
        .on_conflict_do_nothing()
        .returning(payments.c.invoice)
    )
    return written.one_or_none() is not None


def runs_of(tx: Connection, limit: int) -> list[Run]:
    """Return the months whose run is over, the latest first."""
    return [
        Run(month=row.month, ended_at=row.ended_at, issued=row.issued, waiting=row.waiting)
        for row in tx.execute(select(runs).order_by(runs.c.month.desc()).limit(limit))
    ]


def end_run(tx: Connection, month: str, *, at: datetime, issued: int, waiting: int) -> None:
    """Remember that the run of `month` is over."""
    tx.execute(
        insert(runs)
        .values(month=month, ended_at=at, issued=issued, waiting=waiting)
        .on_conflict_do_nothing()
    )


def has_run(tx: Connection, month: str) -> bool:
    """Tell whether the run of `month` is over."""
    return tx.scalar(select(runs.c.month).where(runs.c.month == month)) is not None


_PAYMENTS = text(
    """
    select p.transaction, p.amount, p.at, t.kind
    from invoice_payments p join books_transactions t on t.id = p.transaction
    where p.invoice = :invoice order by p.at, p.transaction
    """
)
_notes = invoices.alias("notes")
_PAID = (
    select(func.coalesce(func.sum(payments.c.amount), 0))
    .where(payments.c.invoice == invoices.c.id)
    .correlate(invoices)
    .scalar_subquery()
)
_CREDITED_NET = (
    select(func.coalesce(func.sum(_notes.c.net), 0))
    .where(_notes.c.preceding == invoices.c.id)
    .correlate(invoices)
    .scalar_subquery()
)
_CREDITED = (
    select(func.coalesce(func.sum(_notes.c.net + _notes.c.vat), 0))
    .where(_notes.c.preceding == invoices.c.id)
    .correlate(invoices)
    .scalar_subquery()
)
_OWED = invoices.c.net + invoices.c.vat - _CREDITED - _PAID


def _whole() -> Select[Any]:
    return select(
        *(each for each in invoices.c if each.name != "document"),
        _PAID.label("paid"),
        _CREDITED.label("credited"),
        _CREDITED_NET.label("credited_net"),
    )


def _issued(row: Row[*tuple[Any, ...]]) -> IssuedInvoice:
    currency = Currency(row.currency)
    return IssuedInvoice(
        id=InvoiceId(row.id),
        number=row.number,
        kind=Kind(row.kind),
        party_from=row.seller,
        party_to=row.buyer,
        net=Money(row.net, currency),
        vat=Money(row.vat, currency),
        issued_on=row.issued_on,
        issued_at=row.issued_at,
        due_on=row.due_on,
        reference=row.reference,
        rules=row.rules,
        language=row.language,
        preceding=None if row.preceding is None else InvoiceId(row.preceding),
        transaction=row.posted or "",
        digest=bytes(row.digest),
        paid=Money(int(row.paid), currency),
        credited=Money(int(row.credited), currency),
        credited_net=Money(int(row.credited_net), currency),
    )


def _sale(row: Row[*tuple[Any, ...]]) -> Sale:
    currency = Currency(row.currency)
    return Sale(
        invoice=InvoiceId(row.invoice),
        sale=InvoiceId(row.sale),
        self_bill=None if row.self_bill is None else InvoiceId(row.self_bill),
        contract=row.contract,
        dataset=row.dataset,
        provider=row.provider,
        consumer=row.consumer,
        **{name: Money(int(getattr(row, name)), currency) for name in _AMOUNTS},
    )


_COPY_DOCUMENTS = (
    "copy invoices (id, number, series, kind, seller, buyer, currency, net, vat, issued_on,"
    " due_on, issued_at, issued_by, reference, rules, language, preceding, posted, document,"
    " digest) from stdin (format binary)"
)
_DOCUMENT_TYPES = [
    *["text"] * 7, "int8", "int8", "date", "date", "timestamptz", *["text"] * 6, "bytea", "bytea",
]  # fmt: skip
_COPY_SALES = (
    "copy invoice_sales (invoice, contract, sale, self_bill, dataset, provider, consumer,"
    " currency, net, fee, share, share_vat) from stdin (format binary)"
)
_CHARGED = text(
    """
    select s.contract, s.month, s.currency, c.cause, c.meter, min(c.begin) as first,
        max(c.begin) as last, sum(c.counted) as counted, sum(c.amount) as amount
    from charges c join charge_sheets s on s.id = c.sheet
    where c.contract = any(cast(:contracts as text[])) and c.sheet = any(cast(:sheets as bigint[]))
    group by s.contract, s.month, s.currency, c.cause, c.meter
    having sum(c.counted) <> 0 or sum(c.amount) <> 0
    order by s.contract, s.month, c.cause, c.meter
    """
)
_PAID_ONCE = text(
    """
    select distinct s.contract from charges c join charge_sheets s on s.id = c.sheet
    where c.cause = 'one-off' and s.invoice is null
    order by s.contract
    """
)
_BILL = text(
    """
    update charge_sheets s set invoice = n.invoice
    from unnest(cast(:sheets as bigint[]), cast(:invoices as text[])) as n (sheet, invoice)
    where s.id = n.sheet
    """
)
