"""Sums of use as rows. Each function takes the transaction that it runs in."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Text, cast, delete, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, insert

from .model import Channel, Count, Grain, Slot, Usage
from .tables import usage_faults, usage_hours


def add(tx: Connection, sums: Mapping[Slot, Count]) -> None:
    """Add `sums` to what is there, and note of which contracts there is news, from which hour."""
    if not sums:
        return
    rows: dict[tuple[str, datetime, str], dict[str, Any]] = {}
    for slot, count in sums.items():
        key = (slot.contract, slot.hour, slot.channel.value)
        if key in rows:
            for name in ("rows", "bytes", "requests"):
                rows[key][name] += getattr(count, name)
        else:
            rows[key] = _row(slot, count)
    # In one order, so that two meters never wait for each other.
    ordered = [rows[key] for key in sorted(rows)]
    since: dict[str, datetime] = {}
    for row in ordered:
        since.setdefault(row["contract"], row["hour"])
    news = [{"contract": contract, "since": hour} for contract, hour in since.items()]
    # As one document, which both sides write and read faster than arrays.
    tx.exec_driver_sql(_ADD, {"rows": msgspec.json.encode(ordered).decode()})
    tx.exec_driver_sql(_NEWS, {"rows": msgspec.json.encode(news).decode()})


def _row(slot: Slot, count: Count) -> dict[str, Any]:
    return {
        "contract": slot.contract,
        "hour": slot.hour,
        "channel": slot.channel.value,
        "dataset": slot.dataset,
        "parties": slot.parties,
        "rows": count.rows,
        "bytes": count.bytes,
        "requests": count.requests,
    }


def take_news(tx: Connection, limit: int) -> list[tuple[str, datetime]]:
    """Return contracts with news and the first hour of it, at most `limit`, and forget them."""
    return [(row.contract, row.since) for row in tx.execute(_TAKE_NEWS, {"limit": limit})]


def hours_since(
    tx: Connection, wanted: Sequence[tuple[str, datetime]]
) -> Sequence[tuple[str, datetime, str, int, int, int]]:
    """Return contract, hour, channel, rows, bytes and requests of each contract from an hour on.

    By contract and hour.
    """
    asked = {"contracts": [one for one, _ in wanted], "hours": [hour for _, hour in wanted]}
    return tx.exec_driver_sql(_HOURS_SINCE, asked).fetchall()


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


def totals_by_contract(
    tx: Connection, *, parties: frozenset[str], start: datetime, end: datetime
) -> dict[str, Count]:
    """Return the sums of what concerns one of `parties` and began in `start` … `end`."""
    query = select(usage_hours.c.contract, *_SUMS).where(*_concerns(parties, None, start, end))
    rows = tx.execute(query.group_by(usage_hours.c.contract))
    return {row.contract: _count(row) for row in rows}


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


_ADD = """
    insert into usage_hours (contract, hour, channel, dataset, parties, rows, bytes, requests)
    select n.contract, n.hour, n.channel, n.dataset,
        array(select jsonb_array_elements_text(n.parties)), n.rows, n.bytes, n.requests
    from jsonb_to_recordset(%(rows)s::jsonb) as n (contract text, hour timestamptz, channel text,
        dataset text, parties jsonb, rows numeric, bytes numeric, requests bigint)
    on conflict (contract, hour, channel) do update set
        rows = usage_hours.rows + excluded.rows,
        bytes = usage_hours.bytes + excluded.bytes,
        requests = usage_hours.requests + excluded.requests
"""
_NEWS = """
    insert into usage_news (contract, since)
    select n.contract, n.since
    from jsonb_to_recordset(%(rows)s::jsonb) as n (contract text, since timestamptz)
    on conflict (contract) do update set since = least(usage_news.since, excluded.since)
"""
_TAKE_NEWS = text(
    """
    delete from usage_news where contract in (
        select contract from usage_news order by contract limit :limit for update skip locked)
    returning contract, since
    """
)
_HOURS_SINCE = """
    select u.contract, u.hour, u.channel, u.rows::bigint, u.bytes::bigint, u.requests
    from unnest(%(contracts)s::text[], %(hours)s::timestamptz[]) as wanted (contract, since)
    join usage_hours u on u.contract = wanted.contract and u.hour >= wanted.since
    order by u.contract, u.hour
"""
