"""What is spent under contracts, and held for reads at work, as rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import Connection, RowMapping, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import insert

from torvet.ports.question import Question

from .spending import NOT_USED, Spending, Used
from .tables import contract_holds, contract_spending

HOLD_LASTS = timedelta(hours=6)
"""Whoever holds longer was killed: no read takes as long."""
_UNITS = ("rows", "bytes", "requests", "answers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What was set aside for one read until it is known what it used."""

    id: int
    contract: str


def seen(tx: Connection, contract: str, since: datetime) -> Spending:
    """Return what is spent in the month that began at `since`, as it stands."""
    row = _AS_IT_STANDS.ask(tx, contract=contract)
    return Spending(since=since) if row is None else _spending(row, since)


def locked(tx: Connection, contract: str, since: datetime) -> Spending:
    """Return what is spent, and keep others from holding or spending until `tx` ends."""
    fresh = dict.fromkeys((*_UNITS, *(f"held_{unit}" for unit in _UNITS)), 0)
    tx.execute(
        insert(contract_spending)
        .values(contract=contract, since=since, turn=0, **fresh)
        .on_conflict_do_nothing()
    )
    query = select(contract_spending, func.set_config("synchronous_commit", "off", True))
    row = tx.execute(query.where(contract_spending.c.contract == contract).with_for_update())
    return _spending(row.mappings().one(), since)


def hold(
    tx: Connection, contract: str, wanted: Used, *, turn: int, at: datetime, more: Hold | None
) -> Hold | None:
    """Set `wanted` aside where nothing moved since `turn`; None where something did.

    One statement, which waits for no disk. With `more` it is added to that hold.
    """
    asked = {
        "contract": contract,
        "turn": turn,
        "at": at,
        "hold": None if more is None else more.id,
        **_named(wanted),
    }
    row = _ask(tx, _HOLD if more is None else _HOLD_MORE, asked)
    return None if row is None else Hold(id=row[0], contract=contract)


def release(tx: Connection, held: Hold) -> None:
    """Give back what was set aside: nothing of it was used."""
    tx.execute(_RELEASE, {"ids": [held.id]})


def release_old(tx: Connection, at: datetime) -> int:
    """Give back what was set aside for reads that never came to an end."""
    query = select(contract_holds.c.id).where(contract_holds.c.at < at - HOLD_LASTS)
    ids = tx.scalars(query.order_by(contract_holds.c.contract, contract_holds.c.id)).all()
    if ids:
        tx.execute(_RELEASE, {"ids": list(ids)})
    return len(ids)


def spend(
    tx: Connection, contract: str, use: Used, *, leaf: str, since: datetime, held: Hold | None
) -> Spending:
    """Append the fact of a use and count it, in one statement; return what is spent by then."""
    asked = {
        "leaf": leaf,
        "contract": contract,
        "since": since,
        "hold": None if held is None else held.id,
        **_named(use),
    }
    row = _ask(tx, _SPEND, asked)
    assert row is not None, "a function gives a row"
    there = dict(zip(("since", *_UNITS, "warned"), row, strict=True))
    counted = Used(**{unit: there[unit] for unit in _UNITS})
    return Spending(since=there["since"], used=counted, warned=there["warned"])


def warn(tx: Connection, contract: str, cap_minor: int, leaf: str) -> bool:
    """Append the fact of a warning, once for a cap and month; return whether this call did."""
    asked = {"contract": contract, "cap": cap_minor, "leaf": leaf}
    return _ask(tx, _WARN, asked) is not None


def take_up(tx: Connection, counted: Sequence[tuple[str, datetime, Used]]) -> None:
    """Raise what is spent to what was metered since the begin of the month, never below."""
    asked: dict[str, list[Any]] = {
        "contracts": [contract for contract, _, _ in counted],
        "since": [since for _, since, _ in counted],
        **{unit: [getattr(use, unit) for _, _, use in counted] for unit in _UNITS},
    }
    tx.execute(_TAKE_UP, asked)


def _named(use: Used) -> dict[str, int]:
    return {unit: getattr(use, unit) for unit in _UNITS}


def _ask(tx: Connection, sql: str, asked: dict[str, Any]) -> Sequence[Any] | None:
    """Put `sql` to the driver itself where it is a deed of its own, as questions are."""
    connection: Any = tx.connection.driver_connection
    if connection.autocommit:
        try:
            return connection.execute(sql, asked, prepare=True).fetchone()  # type: ignore[no-any-return]
        except psycopg.Error:
            # What was refused did nothing; it is sent again, and raises what SQLAlchemy raises.
            pass
    return tx.exec_driver_sql(sql, asked).one_or_none()


def _spending(row: Mapping[str, Any] | RowMapping, since: datetime) -> Spending:
    # A month that is over counts no more; what is held is used when its read is at its end.
    current = row["since"] >= since
    return Spending(
        since=max(row["since"], since),
        used=Used(**{unit: row[unit] for unit in _UNITS}) if current else NOT_USED,
        held=Used(**{unit: row[f"held_{unit}"] for unit in _UNITS}),
        warned=row["warned"] if current else None,
        turn=row["turn"],
    )


_AS_IT_STANDS = Question(
    select(*(each for each in contract_spending.c if each.name != "contract")).where(
        contract_spending.c.contract == bindparam("contract")
    )
)
_MOVE = """
    with moved as (
        update contract_spending set turn = turn + 1, held_rows = held_rows + %(rows)s,
            held_bytes = held_bytes + %(bytes)s, held_requests = held_requests + %(requests)s,
            held_answers = held_answers + %(answers)s
        where contract = %(contract)s and turn = %(turn)s
            and set_config('synchronous_commit', 'off', true) = 'off'
        returning contract
    )
"""
_HOLD = f"""{_MOVE}
    insert into contract_holds (contract, at, rows, bytes, requests, answers)
    select contract, %(at)s, %(rows)s, %(bytes)s, %(requests)s, %(answers)s from moved
    returning id
"""
_HOLD_MORE = f"""{_MOVE}
    update contract_holds h set rows = h.rows + %(rows)s, bytes = h.bytes + %(bytes)s,
        requests = h.requests + %(requests)s, answers = h.answers + %(answers)s
    from moved where h.id = %(hold)s
    returning h.id
"""
_RELEASE = text(
    """
    with gone as (delete from contract_holds where id = any(:ids) returning *),
    sums as (
        select contract, sum(rows) as rows, sum(bytes) as bytes, sum(requests) as requests,
            sum(answers) as answers
        from gone group by contract
    )
    update contract_spending s set turn = s.turn + 1,
        held_rows = greatest(s.held_rows - sums.rows, 0),
        held_bytes = greatest(s.held_bytes - sums.bytes, 0),
        held_requests = greatest(s.held_requests - sums.requests, 0),
        held_answers = greatest(s.held_answers - sums.answers, 0)
    from sums where s.contract = sums.contract
    """
)
_SPEND = """
    select since, rows, bytes, requests, answers, warned from contract_spend(
        %(leaf)s, %(contract)s, %(since)s, %(hold)s, %(rows)s, %(bytes)s, %(requests)s,
        %(answers)s)
"""
_WARN = """
    with warned as (
        update contract_spending set warned = %(cap)s
        where contract = %(contract)s and warned is distinct from %(cap)s
        returning contract
    )
    insert into facts (leaf) select %(leaf)s from warned returning serial
"""
_TAKE_UP = text(
    """
    insert into contract_spending as s (contract, since, rows, bytes, requests, answers,
        held_rows, held_bytes, held_requests, held_answers, turn)
    select n.*, 0, 0, 0, 0, 0
    from unnest(cast(:contracts as text[]), cast(:since as timestamptz[]),
        cast(:rows as bigint[]), cast(:bytes as bigint[]), cast(:requests as bigint[]),
        cast(:answers as bigint[])) as n (contract, since, rows, bytes, requests, answers)
    order by n.contract
    on conflict (contract) do update set
        since = excluded.since, turn = s.turn + 1,
        warned = case when s.since < excluded.since then null else s.warned end,
        rows = case when s.since < excluded.since then excluded.rows
                    else greatest(s.rows, excluded.rows) end,
        bytes = case when s.since < excluded.since then excluded.bytes
                     else greatest(s.bytes, excluded.bytes) end,
        requests = case when s.since < excluded.since then excluded.requests
                        else greatest(s.requests, excluded.requests) end,
        answers = case when s.since < excluded.since then excluded.answers
                       else greatest(s.answers, excluded.answers) end
    where s.since < excluded.since or (s.since = excluded.since and (
        s.rows < excluded.rows or s.bytes < excluded.bytes or s.requests < excluded.requests
        or s.answers < excluded.answers))
    """
)
