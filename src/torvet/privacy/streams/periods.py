"""Periods in ISO 8601's words: `PT1H`, `P1D`, `P7D`, `P1M`; instants are UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from torvet.privacy.errors import PeriodUnclear

MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
"""Periods of days and weeks are counted from a Monday, so that weeks begin on Mondays."""
MONTHS_IN_YEAR = 12
DAYS_IN_MONTH_AT_LEAST = 28
_SPAN = re.compile(r"P(?:(\d+)W|(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?)")
_MONTHS = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A span of minutes, or of calendar months: one of the two is 0."""

    minutes: int = 0
    months: int = 0

    @classmethod
    def from_text(cls, text: str) -> "Period":
        """Read an ISO 8601 duration of weeks, days, hours and minutes, or of years and months."""
        if found := _SPAN.fullmatch(text):
            weeks, days, hours, minutes = (int(each or 0) for each in found.groups())
            whole = ((weeks * 7 + days) * 24 + hours) * 60 + minutes
            if whole:
                return cls(minutes=whole)
        if found := _MONTHS.fullmatch(text):
            years, months = (int(each or 0) for each in found.groups())
            if years or months:
                return cls(months=years * MONTHS_IN_YEAR + months)
        raise PeriodUnclear(text)

    @property
    def shortest(self) -> timedelta:
        """Return how long it is at least: months have 28 days or more."""
        return timedelta(minutes=self.minutes, days=self.months * DAYS_IN_MONTH_AT_LEAST)

    def number(self, at: datetime) -> int:
        """Return the number of the period that holds `at` (UTC where it says no zone)."""
        moment = at if at.tzinfo else at.replace(tzinfo=UTC)
        if self.months:
            utc = moment.astimezone(UTC)
            return (utc.year * MONTHS_IN_YEAR + utc.month - 1) // self.months
        return (moment - MONDAY) // timedelta(minutes=self.minutes)

    def start(self, at: datetime) -> datetime:
        """Return when the period that holds `at` began."""
        count = self.number(at)
        if self.months:
            year, month = divmod(count * self.months, MONTHS_IN_YEAR)
            return datetime(year, month + 1, 1, tzinfo=UTC)
        return MONDAY + count * timedelta(minutes=self.minutes)
