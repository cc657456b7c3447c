"""What promises come to, from what was seen. Pure, and the same however often it is worked out."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from torvet.contracts.levels.model import WHOLE, Level, Measure

from .model import Availability, Finding, HourSeen, Planned, Waited
from .working_time import working_time

SLOT = timedelta(minutes=5)
HOUR = timedelta(hours=1)
SLOTS_AN_HOUR = HOUR // SLOT
ALL_SLOTS = (1 << SLOTS_AN_HOUR) - 1


def hour_of(at: datetime) -> datetime:
    """Return the hour in which `at` lies."""
    return at.replace(minute=0, second=0, microsecond=0)


def slot_of(at: datetime) -> tuple[datetime, int]:
    """Return the hour in which `at` lies, and the bit of its slot."""
    hour = hour_of(at)
    return hour, 1 << ((at - hour) // SLOT)


def slots_between(start: datetime, end: datetime) -> list[tuple[datetime, int]]:
    """Return every slot that lies whole between `start` and `end`."""
    first = hour_of(start)
    number = -((first - start) // SLOT)
    count = max((end - first) // SLOT - number, 0)
    return [slot_of(first + (number + place) * SLOT) for place in range(count)]


def availability(
    seen: Iterable[HourSeen], start: datetime, end: datetime, planned: frozenset[Any] = frozenset()
) -> Availability:
    """Count the slots between `start` and `end`; those of `planned` work are left out.

    A slot in which nobody looked counts as lost: what cannot be shown to have been there was not.
    """
    hours = {one.hour: one for one in seen}
    wanted = slots_between(start, end)
    failed = by_provider = unseen = left_out = 0
    for slot in wanted:
        hour, bit = slot
        one = hours.get(hour)
        if slot in planned:
            left_out += 1
        elif one is None or not one.seen & bit:
            unseen += 1
        elif one.failed & bit:
            failed += 1
            by_provider += bool(one.by_provider & bit)
    return Availability(
        slots=len(wanted),
        planned=left_out,
        failed=failed,
        by_provider=by_provider,
        unseen=unseen,
    )


def share_available(found: Availability) -> int | None:
    """Return hundredths of a percent, rounded down; None where no slot is counted."""
    if not found.counted:
        return None
    return WHOLE * (found.counted - found.lost) // found.counted


def planned_slots(
    planned: Iterable[Planned], level: Level, start: datetime, end: datetime
) -> frozenset[tuple[datetime, int]]:
    """Return the slots of work that `level` leaves out: announced in time, so much a month.

    The first to begin are left out first. Work that was called off before it began leaves
    nothing out.
    """
    if level.maintenance is None:
        return frozenset()
    notice = timedelta(hours=level.maintenance.notice_hours)
    most = level.maintenance.hours_a_month * SLOTS_AN_HOUR
    found: dict[tuple[datetime, int], None] = {}
    for one in sorted(planned, key=lambda each: (each.begins_at, each.id)):
        called_off = one.withdrawn_at is not None and one.withdrawn_at < one.ends_at
        if one.announced_at + notice > one.begins_at or called_off:
            continue
        begin, over = max(one.begins_at, start), min(one.ends_at, end)
        # Every slot that the work touches, whole or not.
        hour, _ = slot_of(begin)
        first = hour + (begin - hour) // SLOT * SLOT
        place = first
        while place < over:
            found[slot_of(place)] = None
            place += SLOT
    return frozenset(list(found)[:most])


def oldest(published: Iterable[datetime], start: datetime, end: datetime) -> timedelta | None:
    """Return how old the newest release became between `start` and `end`.

    Where nothing was published before, it is as if something was at `start`: a promise does not
    reach back before its contract. None where there is no time between.
    """
    if end <= start:
        return None
    known = sorted(at for at in published if at < end)
    before = [at for at in known if at <= start]
    points = [before[-1] if before else start, *(at for at in known if at > start)]
    ends = [*points[1:], end]
    return max(
        (until - since for since, until in zip(points, ends, strict=True)), default=timedelta()
    )


def hours_begun(length: timedelta) -> int:
    """Return the hours that `length` has begun: a promise of 24 hours is broken a minute later."""
    return math.ceil(length / HOUR)


def worst_score(
    scored: Iterable[tuple[datetime, int | None]], start: datetime, end: datetime
) -> int | None:
    """Return the lowest score of what was in force between `start` and `end`, None of nothing."""
    known = sorted((at, score) for at, score in scored if score is not None and at < end)
    before = [score for at, score in known if at <= start]
    inside = [score for at, score in known if at > start]
    return min([*before[-1:], *inside], default=None)


def longest_wait(
    asked: Iterable[Waited], start: datetime, end: datetime
) -> tuple[timedelta | None, int]:
    """Return the longest working time to a first answer, and how many questions are counted.

    A question counts in the month in which it is answered, and in each month that ends while it
    waits.
    """
    waits = []
    for one in asked:
        if one.asked_at >= end or (one.answered_at is not None and one.answered_at < start):
            continue
        until = end if one.answered_at is None else min(one.answered_at, end)
        waits.append(working_time(one.asked_at, until))
    return max(waits, default=None), len(waits)


def finding(level: Level, measured: int | None, figures: Mapping[str, Any]) -> Finding:
    """Return what a promise came to, and how many percent its breach gives back."""
    return Finding(
        measure=level.measure,
        promised=level.promised,
        measured=measured,
        percent=0 if measured is None else level.gives_back(measured),
        figures=figures,
    )


def measured_by(findings: Sequence[Finding]) -> dict[Measure, int]:
    """Return what could be measured."""
    return {one.measure: one.measured for one in findings if one.measured is not None}
