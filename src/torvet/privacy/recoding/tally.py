"""Counting equal keys: one open-addressed table that grows, filled by compiled loops."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from torvet.privacy.compiled import compiled

SLOTS_MIN = 1 << 12
FIBONACCI = np.uint64(0x9E3779B97F4A7C15)
KEY_BITS = 64
HALF_KEY_BITS = 32
HALF_KEY = (1 << HALF_KEY_BITS) - 1

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]


class _Table(NamedTuple):
    """`slots` is a power of two of them; `shift` leaves as many bits of a hash as name one."""

    shift: int
    slots: Codes
    keys: Ints
    counts: Ints


class Tally:
    """Gives each distinct key a number, in the order of their coming, and counts it."""

    __slots__ = ("_table", "size")

    def __init__(self) -> None:
        self.size = 0
        self._table = _empty(SLOTS_MIN)

    @property
    def keys(self) -> Ints:
        return self._table.keys[: self.size]

    @property
    def counts(self) -> Ints:
        return self._table.counts[: self.size]

    def count(self, keys: Ints, amounts: Ints | None = None) -> Codes:
        """Count each key once (or `amounts[i]` times); return the number of each."""
        places = np.empty(len(keys), dtype=np.int32)
        weights = _ONE_EACH if amounts is None else amounts
        done = 0
        while True:
            done, self.size = _count(keys, weights, done, self.size, self._table, places)
            if done == len(keys):
                return places
            self._grow()

    def find(self, keys: Ints) -> Codes:
        """Return the number of each key, -1 for one that was never counted."""
        places = np.empty(len(keys), dtype=np.int32)
        _find(keys, self._table, places)
        return places

    def _grow(self) -> None:
        larger = _empty(4 * self._table.slots.size)
        larger.keys[: self.size] = self.keys
        larger.counts[: self.size] = self.counts
        _refill(larger, self.size)
        self._table = larger


def number_pairs(left: Codes, right: Codes) -> tuple[Codes, Codes, Codes]:
    """Number the distinct pairs; return the number of each, and left and right of each number."""
    tally = Tally()
    places = tally.count(left.astype(np.int64) << HALF_KEY_BITS | right.astype(np.int64))
    keys = tally.keys
    return places, (keys >> HALF_KEY_BITS).astype(np.int32), (keys & HALF_KEY).astype(np.int32)


_ONE_EACH = np.zeros(0, dtype=np.int64)


def _empty(slots: int) -> _Table:
    """Return a table that is never more than half full."""
    return _Table(
        shift=KEY_BITS - slots.bit_length() + 1,
        slots=np.full(slots, -1, dtype=np.int32),
        keys=np.empty(slots // 2, dtype=np.int64),
        counts=np.zeros(slots // 2, dtype=np.int64),
    )


@compiled
def _slot(key: np.int64, shift: int) -> int:
    """Fibonacci hashing: the high bits of the product depend on all bits of the key."""
    return int(np.int64((np.uint64(key) * FIBONACCI) >> np.uint64(shift)))


@compiled
def _count(  # noqa: PLR0917 - compiled functions take their arguments by place
    keys: Ints, amounts: Ints, start: int, size: int, table: _Table, places: Codes
) -> tuple[int, int]:
    """Count from `start` on until the keys or the room end; return how far, and the numbers."""
    shift, slots, known, counts = table
    ones = amounts.size == 0
    for row in range(start, keys.size):
        key = keys[row]
        at = _slot(key, shift)
        while slots[at] >= 0 and known[slots[at]] != key:
            at = (at + 1) & (slots.size - 1)
        place = slots[at]
        if place < 0:
            if size == known.size:
                return row, size
            place = np.int32(size)
            slots[at] = place
            known[place] = key
            size += 1
        counts[place] += 1 if ones else amounts[row]
        places[row] = place
    return keys.size, size


@compiled
def _find(keys: Ints, table: _Table, places: Codes) -> None:
    shift, slots, known, _ = table
    for row in range(keys.size):
        at = _slot(keys[row], shift)
        while slots[at] >= 0 and known[slots[at]] != keys[row]:
            at = (at + 1) & (slots.size - 1)
        places[row] = slots[at]


@compiled
def _refill(table: _Table, size: int) -> None:
    shift, slots, known, _ = table
    for place in range(size):
        at = _slot(known[place], shift)
        while slots[at] >= 0:
            at = (at + 1) & (slots.size - 1)
        slots[at] = place
