"""The live counts of a contract: what was used of its limits today and in this minute."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection, Function, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from torvet.ports.question import Question

from .periods import day_of
from .tables import contract_counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was used: rows on the day of the place, requests in the minute of the clock."""

    day: date
    rows_today: int
    minute: datetime
    requests_this_minute: int


def minute_of(at: datetime) -> datetime:
    """Return the beginning of the minute in which `at` falls."""
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def locked(tx: Connection, contract: str, at: datetime) -> Counts:
    """Return the counts and hold their row, so that no other reader counts until this one has."""
    row = (
        tx.execute(
            select(contract_counts, _later_commit())
            .where(contract_counts.c.contract == contract)
            .with_for_update()
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        # The first read of a contract makes the row; the second of two firsts waits here.
        fresh = {"day": day_of(at), "rows": 0, "minute": minute_of(at), "requests": 0}
        tx.execute(
            insert(contract_counts).values(contract=contract, **fresh).on_conflict_do_nothing()
        )
        return locked(tx, contract, at)
    return _counts(row["day"], row["rows"], row["minute"], row["requests"], at)


def seen(tx: Connection, contract: str, at: datetime) -> Counts:
    """Return the counts as they stand, without holding them."""
    row = _AS_THEY_STAND.ask(tx, contract=contract)
    if row is None:
        return _counts(day_of(at), 0, minute_of(at), 0, at)
    return _counts(row["day"], row["rows"], row["minute"], row["requests"], at)


def add_unless_moved(
    tx: Connection, contract: str, before: Counts, *, rows: int, requests: int
) -> bool:
    """Count a use on top of `before`, read without a lock; return False where it has moved on.

    One statement, in autocommit: nobody waits for anybody. False also on a new day or minute.
    """
    asked = {
        "counted": contract,
        "on_day": before.day,
        "had_rows": before.rows_today,
        "in_minute": before.minute,
        "had_requests": before.requests_this_minute,
        "more_rows": rows,
        "more_requests": requests,
    }
    return tx.execute(_ADD_UNLESS_MOVED, asked).rowcount == 1


def add(tx: Connection, contract: str, before: Counts, *, rows: int, requests: int) -> None:
    """Count a use on top of `before`, which was read under this transaction's lock."""
    tx.execute(
        update(contract_counts)
        .where(contract_counts.c.contract == contract)
        .values(
            day=before.day,
            rows=before.rows_today + rows,
            minute=before.minute,
            requests=before.requests_this_minute + requests,
        )
    )


def subtract_rows(tx: Connection, contract: str, at: datetime, rows: int) -> None:
    """Take `rows` off the day of `at`, never below nothing; another day is left alone."""
    tx.execute(
        update(contract_counts)
        .where(contract_counts.c.contract == contract, contract_counts.c.day == day_of(at))
        .values(rows=func.greatest(contract_counts.c.rows - rows, 0))
    )


def commit_durably(tx: Connection) -> None:
    """Let this transaction wait for the disk after all: it records more than counts."""
    tx.execute(select(func.set_config("synchronous_commit", "on", True)))


def _later_commit() -> Function[str]:
    # Readers of one contract queue for its row, and would queue for the disk with it. Counts
    # that only a power cut can lose are given up for that: the usage fact, written after the
    # read, waits for the disk and carries these counts with it.
    return func.set_config("synchronous_commit", "off", True)


def _counts(day: date, rows: int, minute: datetime, requests: int, at: datetime) -> Counts:
    # Whoever waited for the row across midnight counts on the newer day, and wipes nothing out.
    today, now = max(day, day_of(at)), max(minute, minute_of(at))
    return Counts(
        day=today,
        rows_today=rows if day == today else 0,
        minute=now,
        requests_this_minute=requests if minute == now else 0,
    )


# Asked with every read of a contract with limits, so built once.
_AS_THEY_STAND = Question(
    select(
        contract_counts.c.day,
        contract_counts.c.rows,
        contract_counts.c.minute,
        contract_counts.c.requests,
    ).where(contract_counts.c.contract == bindparam("contract"))
)
_ADD_UNLESS_MOVED = (
    update(contract_counts)
    .where(
        contract_counts.c.contract == bindparam("counted"),
        contract_counts.c.day == bindparam("on_day"),
        contract_counts.c.rows == bindparam("had_rows"),
        contract_counts.c.minute == bindparam("in_minute"),
        contract_counts.c.requests == bindparam("had_requests"),
        _later_commit() == "off",
    )
    .values(
        rows=contract_counts.c.rows + bindparam("more_rows"),
        requests=contract_counts.c.requests + bindparam("more_requests"),
    )
)
