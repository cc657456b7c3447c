"""The meter: follows sealed usage facts, and tells what was used."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import Connection

from torvet.audit import SealedFact, advance, follow, rewind
from torvet.kit.moments import to_text
from torvet.ports.parts import Parts

from . import store
from .errors import PeriodTurned
from .model import Count, Grain, Usage
from .reading import tallied

FOLLOWER = "metering"
FACTS_AT_A_TIME = 50_000
PASSES_MAX = 10_000
USAGE_ROWS_MAX = 10_000

_log = structlog.get_logger(__name__)


def catch_up(parts: Parts) -> int:
    """Count every sealed usage fact that was not counted yet; return how many that were.

    Sums and place are written in one transaction, so that each fact is counted exactly once:
    however often this is called, by however many processes, and wherever one is killed.
    """
    counted = 0
    for _ in range(PASSES_MAX):
        with parts.db.begin() as tx:
            batch = follow(tx, FOLLOWER, FACTS_AT_A_TIME)
            if not batch:
                break
            counted += _count_in(tx, batch)
            advance(tx, FOLLOWER, batch[-1].position)
    return counted


def _count_in(tx: Connection, batch: list[SealedFact]) -> int:
    found = tallied(batch)
    store.add(tx, found.sums)
    for position, fault in found.faults:
        # One fact that nobody understands must not stop the meter for all others.
        _log.error("usage fact not counted", position=position, fault=fault)
        store.note_fault(tx, position, fault)
    return found.uses


def rebuild(parts: Parts) -> int:
    """Forget every sum and count the whole log again; return how many facts were counted.

    One transaction: readers see the old sums until the new ones are there.
    """
    with parts.db.begin() as tx:
        rewind(tx, FOLLOWER)
        store.clear(tx)
        counted = 0
        while batch := follow(tx, FOLLOWER, FACTS_AT_A_TIME):
            counted += _count_in(tx, batch)
            advance(tx, FOLLOWER, batch[-1].position)
        return counted


def take_news(tx: Connection, limit: int) -> list[tuple[str, datetime]]:
    """Return contracts of which something was counted, and the first hour of it; forget that.

    At most `limit`; `tx` has to remember them. What another process takes at this moment is left
    to it.
    """
    return store.take_news(tx, limit)


def hours_since(
    tx: Connection, wanted: Sequence[tuple[str, datetime]]
) -> Sequence[tuple[str, datetime, str, int, int, int]]:
    """Return what was used under each contract of `wanted` from its hour on, by contract and hour.

    Each is (contract, hour, channel, rows, bytes, requests).
    """
    return store.hours_since(tx, wanted)


def usage_of(
    tx: Connection,
    parties: frozenset[str],
    *,
    start: datetime,
    end: datetime,
    contract: str | None = None,
    grain: Grain = Grain.HOUR,
    limit: int = USAGE_ROWS_MAX,
) -> list[Usage]:
    """Return what was used from `start` until before `end` under contracts of one of `parties`.

    Consumer and provider of a contract see the same; for all others it is as if it were not
    there. Oldest first, at most `limit`. Raises PeriodTurned where `end` is not after `start`.
    """
    if not start < end:
        raise PeriodTurned(to_text(start), to_text(end))
    most = min(limit, USAGE_ROWS_MAX)
    return store.used(
        tx, parties=parties, contract=contract, start=start, end=end, grain=grain, limit=most
    )


def total_of(
    tx: Connection,
    parties: frozenset[str],
    *,
    start: datetime,
    end: datetime,
    contract: str | None = None,
) -> Count:
    """Return the sum of everything that `usage_of` would return without a limit."""
    return store.total(tx, parties=parties, contract=contract, start=start, end=end)


def totals_by_contract(
    tx: Connection, parties: frozenset[str], *, start: datetime, end: datetime
) -> dict[str, Count]:
    """Return what was used from `start` until before `end` under each contract of `parties`."""
    return store.totals_by_contract(tx, parties=parties, start=start, end=end)
