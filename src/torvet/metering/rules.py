"""How events become sums: pure, and the same in whatever order and portions they come."""

from collections.abc import Iterable, Mapping

from .model import Count, Event, Slot


def summed(events: Iterable[Event]) -> dict[Slot, Count]:
    """Add up `events` by where they belong."""
    sums: dict[Slot, Count] = {}
    for event in events:
        sums[event.slot] = sums.get(event.slot, Count()) + event.count
    return sums


def total(sums: Mapping[Slot, Count]) -> Count:
    """Return everything that `sums` hold together."""
    return sum(sums.values(), start=Count())
