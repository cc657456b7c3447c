"""Quantities in words, as the sentences of a report need them."""

from datetime import timedelta

_UNITS = (
    (604_800, "week"),
    (86_400, "day"),
    (3600, "hour"),
    (60, "minute"),
    (1, "second"),
)
_YEAR_DAYS = 365


def percent(part: int, whole: int) -> str:
    """Return `part` of `whole` in percent; a little is never called nothing, nor most all."""
    share = 100 * part / whole
    if part and share < 0.1:  # noqa: PLR2004 - the last digit that is written
        return "< 0.1 %"
    if part < whole and share > 99.9:  # noqa: PLR2004 - likewise
        return "> 99.9 %"
    return f"{share:.1f} %"


def each(seconds: int) -> str:
    """Return how often something happens: `every 30 minutes`, `every day`."""
    for size, unit in _UNITS:
        if seconds % size == 0:
            count = seconds // size
            return f"every {unit}" if count == 1 else f"every {count:,} {unit}s"
    return f"every {seconds:,} seconds"


def age(since: timedelta) -> str:
    """Return an age in its largest whole unit: `3 days`, `1 hour`."""
    seconds = max(0, int(since.total_seconds()))
    if since.days > 2 * _YEAR_DAYS:
        return f"{since.days // _YEAR_DAYS} years"
    size, unit = next(((s, u) for s, u in _UNITS[1:] if seconds >= s), (1, "second"))
    count = seconds // size
    return f"{count:,} {unit}" if count == 1 else f"{count:,} {unit}s"
