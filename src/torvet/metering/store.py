"""Sums of use as rows. Each function takes the transaction that it runs in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Text, cast, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from .model import Channel, Count, Grain, Slot, Usage
from .tables import usage_faults, usage_hours


def add(tx: Connection, sums: Mapping[Slot, Count]) -> None:
    """Add `sums` to what is there."""
    if not sums:
        return
    rows = [_row(slot, count) for slot, count in sums.items()]
    # In one order, so that two meters never wait for each other.
    rows.sort(key=lambda row: (row["contract"], row["hour"], row["channel"]))
    new = insert(usage_hours)
    tx.execute(
        new.on_conflict_do_update(
            index_elements=["contract", "hour", "channel"],
            set_={
                name: usage_hours.c[name] + new.excluded[name]
                for name in ("rows", "bytes", "requests")
            },
        ),
        rows,
    )


def _row(slot: Slot, count: Count) -> dict[str, Any]:
    return {
        "contract": slot.contract,
        "hour": slot.hour,
        "channel": slot.channel.value,
        "dataset": slot.dataset,
        "parties": list(slot.parties),
        "rows": count.rows,
        "bytes": count.bytes,
        "requests": count.requests,
    }


def note_fault(tx: Connection, position: int, fault: str) -> None:
    """Remember that the usage fact at `position` could not be counted."""
    tx.execute(insert(usage_faults).values(position=position, fault=fault).on_conflict_do_nothing())


def faults(tx: Connection, limit: int) -> list[tuple[int, str]]:
    """Return usage facts that could not be counted, with the reason."""
    query = select(usage_faults).order_by(usage_faults.c.position).limit(limit)
    return [(row.position, row.fault) for row in tx.execute(query)]


def clear(tx: Connection) -> None:
    """Forget every sum."""
    tx.execute(delete(usage_hours))
    tx.execute(delete(usage_faults))


def used(
    tx: Connection,
    *,
    parties: frozenset[str],
    contract: str | None,
    start: datetime,
    end: datetime,
    grain: Grain,
    limit: int,
) -> list[Usage]:
    """Return what concerns one of `parties` and began in `start` … `end`, oldest first."""
    hour = usage_hours.c.hour
    begin = (hour if grain is Grain.HOUR else func.date_trunc("day", hour, "UTC")).label("begin")
    slot = (usage_hours.c.contract, usage_hours.c.dataset, usage_hours.c.channel, begin)
    query = (
        select(*slot, *_SUMS)
        .where(*_concerns(parties, contract, start, end))
        .group_by(*slot)
        .order_by(begin, usage_hours.c.contract, usage_hours.c.channel)
        .limit(limit)
    )
    return [_usage(row) for row in tx.execute(query)]


def total(
    tx: Connection,
    *,
    parties: frozenset[str],
    contract: str | None,
    start: datetime,
    end: datetime,
) -> Count:
    """Return the sum of what concerns one of `parties` and began in `start` … `end`."""
    query = select(*_SUMS).where(*_concerns(parties, contract, start, end))
    return _count(tx.execute(query).one())


_SUMS = [
    func.coalesce(func.sum(usage_hours.c[name]), 0).label(name)
    for name in ("rows", "bytes", "requests")
]


def _concerns(
    parties: frozenset[str], contract: str | None, start: datetime, end: datetime
) -> list[ColumnElement[bool]]:
    columns = usage_hours.c
    wanted = [
        columns.parties.overlap(cast(sorted(parties), ARRAY(Text))),
        columns.hour >= start,
        columns.hour < end,
    ]
    return wanted if contract is None else [*wanted, columns.contract == contract]


def _usage(row: Row[*tuple[Any, ...]]) -> Usage:
    return Usage(
        contract=row.contract,
        dataset=row.dataset,
        channel=Channel(row.channel),
        begin=row.begin,
        count=_count(row),
    )


def _count(row: Row[*tuple[Any, ...]]) -> Count:
    return Count(rows=int(row.rows), bytes=int(row.bytes), requests=int(row.requests))
