"""The calendar that is billed by: that of contracts, whose caps count by it too."""

from torvet.contracts.periods import (
    HOUR,
    MONTHS_PER_YEAR,
    YEAR_FIRST,
    YEAR_LAST,
    Month,
    add_months,
    beginnings,
    day_of,
    midnight,
    month_of,
    months_between,
)

__all__ = [
    "HOUR",
    "MONTHS_PER_YEAR",
    "YEAR_FIRST",
    "YEAR_LAST",
    "Month",
    "add_months",
    "beginnings",
    "day_of",
    "midnight",
    "month_of",
    "months_between",
]
