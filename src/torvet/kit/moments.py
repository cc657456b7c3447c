"""Instants. Inside the exchange they are aware and in UTC; as text they end in Z."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

PLACE_ZONE = ZoneInfo("Europe/Copenhagen")
"""Where the exchange stands: its days begin at midnight here, summer and winter."""


def to_text(at: datetime) -> str:
    """Return `at` as RFC 3339 in UTC with microseconds, such as `2026-11-22T09:00:00.000000Z`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """Read an RFC 3339 instant; raise ValueError where it names no zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone: end it with Z or an offset")
    return at.astimezone(UTC)
