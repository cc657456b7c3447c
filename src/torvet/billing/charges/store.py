"""Charges as rows. Each function takes the transaction that it runs in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, cast

from psycopg import Connection as PsycopgConnection
from sqlalchemy import Connection, Row, RowMapping, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from torvet.billing.charging import Cause, ChargeKey
from torvet.kit.money import Currency, Money

from .model import Charged, Portion, Sheet, SheetLine
from .tables import charge_progress, charge_sheets, charges

KnownRow = tuple[Cause, str, datetime, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a contract's charges are derived, and from which hour on there is news."""

    contract: str
    reached: datetime | None
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSheet:
    """A sheet that is not numbered yet."""

    contract: str
    month: date
    dataset: str
    provider: str
    consumer: str
    amount: Money
    last_begin: datetime
    portions: Sequence[Portion]


def note_news(tx: Connection, news: Mapping[str, datetime | None], at: datetime) -> None:
    """Remember that contracts have to be looked at from `at` on, and since which hour."""
    if not news:
        return
    tx.execute(
        _NOTE,
        {"contracts": sorted(news), "hours": [news[one] for one in sorted(news)], "at": at},
    )


def take_due(tx: Connection, at: datetime, limit: int) -> list[Progress]:
    """Return contracts that are due at `at` and hold them; those that others hold are left."""
    query = (
        select(charge_progress)
        .where(charge_progress.c.due_at <= at)
        .order_by(charge_progress.c.due_at, charge_progress.c.contract)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [_progress(row) for row in tx.execute(query)]


def take(tx: Connection, contract: str) -> Progress:
    """Return and hold one contract, whether it is due or not."""
    tx.execute(insert(charge_progress).values(contract=contract).on_conflict_do_nothing())
    query = select(charge_progress).where(charge_progress.c.contract == contract)
    return _progress(tx.execute(query.with_for_update()).one())


def _progress(row: Row[*tuple[Any, ...]]) -> Progress:
    return Progress(contract=row.contract, reached=row.reached, since=row.since)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far a contract has come after a derivation."""

    contract: str
    reached: datetime | None
    since: datetime | None = None
    due_at: datetime | None = None
    fault: str | None = None


def move(tx: Connection, places: Sequence[Reached]) -> None:
    """Write how far contracts have come."""
    tx.execute(
        _MOVE,
        {
            "contracts": [one.contract for one in places],
            "reached": [one.reached for one in places],
            "since": [one.since for one in places],
            "due": [one.due_at for one in places],
            "faults": [one.fault for one in places],
        },
    )


def settled_after(tx: Connection, contract: str, limit: int) -> list[Progress]:
    """Return contracts after `contract`, by id, of which all that is known is charged."""
    return [_progress(row) for row in tx.execute(_SETTLED, {"last": contract, "limit": limit})]


def known(tx: Connection, wanted: Sequence[tuple[str, datetime]]) -> dict[str, list[KnownRow]]:
    """Return what each contract was charged from an instant on, summed over portions.

    Each is (cause, meter, begin, counted, minor units, portions).
    """
    asked = {"contracts": [one for one, _ in wanted], "begins": [begin for _, begin in wanted]}
    found: dict[str, list[KnownRow]] = {}
    for contract, cause, *rest in tx.exec_driver_sql(_KNOWN, asked):
        found.setdefault(contract, []).append((Cause(cause), *rest))
    return found


def add(tx: Connection, sheets: Sequence[NewSheet], at: datetime) -> list[int]:
    """Append sheets with their charges; return the sheets' numbers."""
    numbers = list(
        tx.scalars(
            _ADD_SHEETS,
            {
                "contracts": [one.contract for one in sheets],
                "months": [one.month for one in sheets],
                "datasets": [one.dataset for one in sheets],
                "providers": [one.provider for one in sheets],
                "consumers": [one.consumer for one in sheets],
                "currencies": [one.amount.currency.value for one in sheets],
                "amounts": [one.amount.minor for one in sheets],
                "charges": [len(one.portions) for one in sheets],
                "lasts": [one.last_begin for one in sheets],
                "at": at,
            },
        )
    )
    driver = cast("PsycopgConnection[Any]", tx.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(["text", "timestamptz", "text", "text", "int4", "int8", "int8", "int8"])
        for number, sheet in zip(numbers, sheets, strict=True):
            for each in sheet.portions:
                key = each.key
                copy.write_row(
                    (
                        sheet.contract,
                        key.begin,
                        key.cause.value,
                        key.meter,
                        each.number,
                        number,
                        each.counted,
                        each.amount.minor,
                    )
                )
    return numbers


def hold_waiting(
    tx: Connection, until: datetime, *, contract: str | None = None, consumer: str | None = None
) -> list[Sheet]:
    """Return sheets that are not invoiced and hold what began before `until`; keep them."""
    query = (
        select(charge_sheets)
        .where(charge_sheets.c.invoice.is_(None), charge_sheets.c.last_begin < until)
        .order_by(charge_sheets.c.id)
        .with_for_update()
    )
    if contract is not None:
        query = query.where(charge_sheets.c.contract == contract)
    if consumer is not None:
        query = query.where(charge_sheets.c.consumer == consumer)
    return [_sheet(row) for row in tx.execute(query).mappings()]


def lines_of(tx: Connection, sheets: Sequence[Sheet]) -> Iterator[SheetLine]:
    """Give the charges of sheets, together by cause and meter."""
    by_id = {one.id: one for one in sheets}
    asked = {
        "contracts": sorted({one.contract for one in sheets}),
        "sheets": sorted(by_id),
    }
    for row in tx.execute(_LINES, asked):
        sheet = by_id[row.sheet]
        yield SheetLine(
            sheet=sheet,
            cause=Cause(row.cause),
            meter=row.meter,
            first_begin=row.first,
            last_begin=row.last,
            counted=int(row.counted),
            amount=Money(int(row.amount), sheet.amount.currency),
        )


def charges_of(tx: Connection, sheets: Sequence[Sheet]) -> Iterator[Charged]:
    """Give the single charges of sheets, by contract, beginning, cause and meter."""
    by_id = {one.id: one for one in sheets}
    query = (
        select(charges)
        .where(
            charges.c.contract.in_(sorted({one.contract for one in sheets})),
            charges.c.sheet.in_(sorted(by_id)),
        )
        .order_by(*charges.primary_key.columns)
    )
    for row in tx.execute(query).mappings():
        yield _charged(row, by_id[row["sheet"]])


def page_of_charges(
    tx: Connection,
    contract: str,
    *,
    start: datetime | None,
    end: datetime | None,
    waiting: bool | None,
    limit: int,
) -> list[Charged]:
    """Return single charges of a contract, the newest beginning first."""
    query = (
        select(charges, *(charge_sheets.c[name].label(f"s_{name}") for name in _OF_SHEET))
        .join(charge_sheets, charge_sheets.c.id == charges.c.sheet)
        .where(charges.c.contract == contract)
        .order_by(charges.c.begin.desc(), charges.c.cause, charges.c.meter, charges.c.portion)
        .limit(limit)
    )
    if start is not None:
        query = query.where(charges.c.begin >= start)
    if end is not None:
        query = query.where(charges.c.begin < end)
    if waiting is not None:
        invoice = charge_sheets.c.invoice
        query = query.where(invoice.is_(None) if waiting else invoice.is_not(None))
    return [
        _charged(row, _sheet({name: row[f"s_{name}"] for name in _OF_SHEET}))
        for row in tx.execute(query).mappings()
    ]


def totals(tx: Connection, contract: str) -> list[tuple[Money, Money]]:
    """Return all that was charged, and what of it waits for an invoice, by currency."""
    amount = charge_sheets.c.amount
    left = func.coalesce(func.sum(amount).filter(charge_sheets.c.invoice.is_(None)), 0)
    query = (
        select(charge_sheets.c.currency, func.sum(amount).label("amount"), left.label("left"))
        .where(charge_sheets.c.contract == contract)
        .group_by(charge_sheets.c.currency)
    )
    found = []
    for row in tx.execute(query):
        currency = Currency(row.currency)
        found.append((Money(int(row.amount), currency), Money(int(row.left), currency)))
    return found


def bill(tx: Connection, sheets: Sequence[int], invoice: str) -> int:
    """Set the invoice of sheets that have none; return how many that were."""
    done = tx.execute(
        update(charge_sheets)
        .where(charge_sheets.c.id.in_(sheets), charge_sheets.c.invoice.is_(None))
        .values(invoice=invoice)
    )
    return done.rowcount


def sheets_of(tx: Connection, invoice: str) -> list[Sheet]:
    """Return the sheets that are on an invoice."""
    query = select(charge_sheets).where(charge_sheets.c.invoice == invoice)
    rows = tx.execute(query.order_by(charge_sheets.c.id)).mappings()
    return [_sheet(row) for row in rows]


_OF_SHEET = [column.name for column in charge_sheets.c if column.name != "last_begin"]


def _sheet(row: RowMapping | Mapping[str, Any]) -> Sheet:
    return Sheet(
        id=row["id"],
        contract=row["contract"],
        month=row["month"],
        dataset=row["dataset"],
        provider=row["provider"],
        consumer=row["consumer"],
        amount=Money(row["amount"], Currency(row["currency"])),
        charges=row["charges"],
        derived_at=row["derived_at"],
        invoice=row["invoice"],
    )


def _charged(row: RowMapping, sheet: Sheet) -> Charged:
    begin = row["begin"].astimezone(UTC)
    return Charged(
        sheet=sheet.id,
        key=ChargeKey(row["contract"], Cause(row["cause"]), row["meter"], begin),
        portion=row["portion"],
        counted=row["counted"],
        amount=Money(row["amount"], sheet.amount.currency),
        dataset=sheet.dataset,
        provider=sheet.provider,
        consumer=sheet.consumer,
        derived_at=sheet.derived_at,
        invoice=sheet.invoice,
    )


_NOTE = text(
    """
    insert into charge_progress as p (contract, since, due_at)
    select contract, since, :at
    from unnest(cast(:contracts as text[]), cast(:hours as timestamptz[])) as n (contract, since)
    on conflict (contract) do update set
        since = least(p.since, excluded.since), due_at = least(p.due_at, excluded.due_at)
    """
)
# What metering and contracts have left word of is not charged yet, and no fault.
_SETTLED = text(
    """
    select p.contract, p.reached, p.since from charge_progress p
    where p.contract > :last and p.reached is not null and p.since is null and p.fault is null
        and not exists (select from usage_news n where n.contract = p.contract)
        and not exists (select from contract_news n where n.contract = p.contract)
    order by p.contract limit :limit
    """
)
_MOVE = text(
    """
    update charge_progress p
    set reached = n.reached, since = n.since, due_at = n.due_at, fault = n.fault
    from unnest(
        cast(:contracts as text[]), cast(:reached as timestamptz[]), cast(:since as timestamptz[]),
        cast(:due as timestamptz[]), cast(:faults as text[]))
        as n (contract, reached, since, due_at, fault)
    where p.contract = n.contract
    """
)
_KNOWN = """
    select c.contract, c.cause, c.meter, c.begin, sum(c.counted)::bigint, sum(c.amount)::bigint,
        count(*)::int
    from unnest(%(contracts)s::text[], %(begins)s::timestamptz[]) as wanted (contract, begin)
    join charges c on c.contract = wanted.contract and c.begin >= wanted.begin
    group by c.contract, c.begin, c.cause, c.meter
"""
_ADD_SHEETS = text(
    """
    insert into charge_sheets (contract, month, dataset, provider, consumer, currency, amount,
        charges, last_begin, derived_at)
    select n.contract, n.month, n.dataset, n.provider, n.consumer, n.currency, n.amount,
        n.charges, n.last, :at
    from unnest(
        cast(:contracts as text[]), cast(:months as date[]), cast(:datasets as text[]),
        cast(:providers as text[]), cast(:consumers as text[]), cast(:currencies as text[]),
        cast(:amounts as bigint[]), cast(:charges as int[]), cast(:lasts as timestamptz[]))
        with ordinality
        as n (contract, month, dataset, provider, consumer, currency, amount, charges, last, place)
    order by n.place
    returning id
    """
)
_COPY = (
    "copy charges (contract, begin, cause, meter, portion, sheet, counted, amount) "
    "from stdin (format binary)"
)
_LINES = text(
    """
    select sheet, cause, meter, min(begin) as first, max(begin) as last, sum(counted) as counted,
        sum(amount) as amount
    from charges
    where contract = any(cast(:contracts as text[])) and sheet = any(cast(:sheets as bigint[]))
    group by sheet, cause, meter
    order by sheet, cause, meter
    """
)
