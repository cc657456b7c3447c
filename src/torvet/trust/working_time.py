"""Working hours as promises of support count them: Copenhagen, Monday to Friday, 9 to 17. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from torvet.kit.moments import PLACE_ZONE

OPENS, CLOSES = time(9), time(17)
_SATURDAY = 5
_DAYS_MAX = 3_660


@lru_cache(maxsize=64)
def easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms, ch. 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), g = divmod(b, 4), (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    leap = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * leap) // 451
    month, day = divmod(h + leap - 7 * m + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=64)
def holidays(year: int) -> frozenset[date]:
    """Return Denmark's public holidays; Great Prayer Day is none since 2024 (LOV 214/2023)."""
    sunday = easter(year)
    moving = {sunday + timedelta(days=days) for days in (-3, -2, 0, 1, 39, 49, 50)}
    if year < 2024:  # noqa: PLR2004 - the year of the law
        moving.add(sunday + timedelta(days=26))
    return frozenset(moving | {date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)})


def is_working_day(day: date) -> bool:
    """Say whether somebody is at work on `day`."""
    return day.weekday() < _SATURDAY and day not in holidays(day.year)


def working_time(start: datetime, end: datetime) -> timedelta:
    """Return how much working time lies between two instants; none where `end` is not later.

    Of more than ten years only the first ten are counted.
    """
    return sum(
        (
            max(min(end, closes) - max(start, opens), timedelta())
            for opens, closes in _days(start, end)
        ),
        start=timedelta(),
    )


def after_working_days(start: datetime, days: int) -> datetime:
    """Return the close of the `days`-th working day after the one on which `start` lies."""
    day = start.astimezone(PLACE_ZONE).date()
    left = days
    while left > 0:
        day += timedelta(days=1)
        left -= is_working_day(day)
    return datetime.combine(day, CLOSES, PLACE_ZONE).astimezone(UTC)


def _days(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    day, last = start.astimezone(PLACE_ZONE).date(), end.astimezone(PLACE_ZONE).date()
    for _ in range(_DAYS_MAX):
        if day > last:
            return
        if is_working_day(day):
            yield (
                datetime.combine(day, OPENS, PLACE_ZONE).astimezone(UTC),
                datetime.combine(day, CLOSES, PLACE_ZONE).astimezone(UTC),
            )
        day += timedelta(days=1)
