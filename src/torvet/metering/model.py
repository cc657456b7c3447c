"""Quantities of use. Nothing here knows where facts come from or where sums are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Channel(StrEnum):
    """The way that rows, or answers about them, left the exchange."""

    REST = "rest"
    SHARING = "sharing"
    FILE = "file"
    ANSWERS = "answers"


class Grain(StrEnum):
    """How finely usage is told, in UTC."""

    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What was delivered. Counts add up in any order."""

    rows: int = 0
    bytes: int = 0
    requests: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(
            rows=self.rows + other.rows,
            bytes=self.bytes + other.bytes,
            requests=self.requests + other.requests,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Where a count belongs: one contract, one hour, one channel. `parties` may see it."""

    contract: str
    hour: datetime
    channel: Channel
    dataset: str
    parties: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The use of one contract by one channel, in the hour or day that begins at `begin`."""

    contract: str
    dataset: str
    channel: Channel
    begin: datetime
    count: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One usage event, as a sealed fact tells it."""

    slot: Slot
    count: Count


def event_of(at: datetime, parties: tuple[str, ...], body: Mapping[str, Any]) -> Event:
    """Read the body of a `usage` fact.

    Raises KeyError, TypeError or ValueError where it is none: only this exchange writes them.
    """
    return Event(
        slot=Slot(
            contract=str(body["contract"]),
            hour=at.replace(minute=0, second=0, microsecond=0),
            channel=Channel(body["channel"]),
            dataset=str(body["dataset"]),
            parties=tuple(sorted(set(parties))),
        ),
        count=Count(
            rows=_quantity(body, "rows"),
            bytes=_quantity(body, "bytes"),
            requests=_quantity(body, "requests"),
        ),
    )


def _quantity(body: Mapping[str, Any], name: str) -> int:
    value = body[name]
    if type(value) is not int or value < 0:
        raise ValueError(f"{name} of a usage event is {value!r}: a whole number, not below 0")
    return value
