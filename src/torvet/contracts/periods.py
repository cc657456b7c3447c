"""Months that are billed, on the calendar of Copenhagen. Pure; instants are UTC.

A month begins at midnight there, summer and winter, so one with a change of the clock has an hour
more or less. Offsets there are whole hours, so no metered hour lies in two months.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from torvet.kit.moments import PLACE_ZONE

MONTHS_PER_YEAR = 12
YEAR_FIRST, YEAR_LAST = 1970, 9998
HOUR = timedelta(hours=1)
DAYS_KEPT = 4_096


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of the calendar; raises ValueError where `number` is not in 1 … 12."""

    year: int
    number: int

    def __post_init__(self) -> None:
        if not (1 <= self.number <= MONTHS_PER_YEAR and YEAR_FIRST <= self.year <= YEAR_LAST):
            raise ValueError(f"{self.year}-{self.number} is no month of {YEAR_FIRST}-{YEAR_LAST}")

    @property
    def start(self) -> datetime:
        """Return its first instant."""
        return midnight(date(self.year, self.number, 1))

    @property
    def end(self) -> datetime:
        """Return the first instant after it."""
        return self.plus(1).start

    @property
    def hours(self) -> int:
        """Return how many hours it has: 743 or 745 where 31 days change their clock."""
        return (self.end - self.start) // HOUR

    def plus(self, months: int) -> "Month":
        """Return the month that is `months` later, or earlier where it is below zero."""
        year, place = divmod(self.year * MONTHS_PER_YEAR + self.number - 1 + months, 12)
        return Month(year, place + 1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


def month_of(at: datetime) -> Month:
    """Return the month in which `at` lies in Copenhagen."""
    local = at.astimezone(PLACE_ZONE)
    return Month(local.year, local.month)


def months_between(start: datetime, end: datetime) -> Iterator[Month]:
    """Yield each month that has time between `start` and `end`, the first first."""
    month = month_of(start)
    while month.start < end:
        yield month
        month = month.plus(1)


@lru_cache(DAYS_KEPT)
def midnight(day: date) -> datetime:
    """Return the instant at which `day` begins in Copenhagen."""
    return datetime.combine(day, time.min, PLACE_ZONE).astimezone(UTC)


def day_of(at: datetime) -> date:
    """Return the day on which `at` lies in Copenhagen; it may have 23 or 25 hours."""
    return at.astimezone(PLACE_ZONE).date()


def add_months(day: date, months: int) -> date:
    """Return the same day `months` later, or the last of that month where it has no such day.

    31 January and one month are 28 or 29 February. Always add to the first day, never to a sum:
    31 January and two months are 31 March.
    """
    month = Month(day.year, day.month).plus(months)
    last = calendar.monthrange(month.year, month.number)[1]
    return date(month.year, month.number, min(day.day, last))


def beginnings(first: date, every: int, start: datetime, end: datetime) -> Iterator[int]:
    """Yield the numbers of the periods of `every` months that begin from `start` until `end`.

    Period 0 begins with `first`, and number n begins n times `every` months later, at midnight.
    """
    ahead = (day_of(start).year - first.year) * MONTHS_PER_YEAR + day_of(start).month - first.month
    number = max(ahead // every - 1, 0)
    while (begin := midnight(add_months(first, number * every))) < end:
        if begin >= start:
            yield number
        number += 1
