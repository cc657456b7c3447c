"""Groups of rows with equal codes: bit-packed keys, in one 63-bit word or in a chain of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from torvet.privacy.compiled import compiled

from .tally import Tally

WORD_BITS = 63
NUMBER_BITS = 31
"""Bits that the number of a group takes; a chain's next word begins with the last one's number."""

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Column = tuple[Codes, Ints]
"""For each row an index, and for each index a code (`leaves.coded`)."""


class Grouping:
    """Numbers the distinct combinations of codes of several columns, and counts their rows.

    Columns fill words of 63 bits. What does not fit goes into a further word behind the number
    that the columns before have together: any number of columns is grouped exactly.
    """

    __slots__ = ("_bits", "_tallies", "_words")

    def __init__(self, sizes: Sequence[int]) -> None:
        self._bits = [max(int(size - 1).bit_length(), 1) for size in sizes]
        self._words = _words(self._bits)
        self._tallies = [Tally() for _ in self._words]

    def __len__(self) -> int:
        return self._tallies[-1].size

    @property
    def counts(self) -> Ints:
        """Return the rows of each group, in the order of numbers."""
        return self._tallies[-1].counts

    def holds(self, sizes: Sequence[int]) -> bool:
        """Say whether codes below `sizes` fit the bits of their columns."""
        return all(size <= 1 << bits for size, bits in zip(sizes, self._bits, strict=True))

    def count(self, columns: Sequence[Column], amounts: Ints | None = None) -> Codes:
        """Count rows; return the number of the group of each."""
        numbers: Codes | None = None
        for place, tally in enumerate(self._tallies):
            keys = self._keys(place, columns, numbers)
            last = place == len(self._tallies) - 1
            numbers = tally.count(keys, amounts if last else None)
        assert numbers is not None
        return numbers

    def find(self, columns: Sequence[Column]) -> Codes:
        """Return the number of the group of each row, -1 for one that was never counted."""
        numbers: Codes | None = None
        for place, tally in enumerate(self._tallies):
            found = tally.find(self._keys(place, columns, numbers))
            if numbers is not None:
                found[numbers < 0] = -1
            numbers = found
        assert numbers is not None
        return numbers

    def codes(self) -> list[Codes]:
        """Return the codes of each group, a list for each column."""
        found: dict[int, Codes] = {}
        groups: Codes | None = None
        for place in range(len(self._words) - 1, -1, -1):
            keys = self._tallies[place].keys
            if groups is not None:
                keys = keys[groups]
            for column, shift in self._words[place]:
                mask = (1 << self._bits[column]) - 1
                found[column] = ((keys >> shift) & mask).astype(np.int32)
            groups = (keys >> (WORD_BITS - NUMBER_BITS)).astype(np.int32)
        return [found[column] for column in range(len(self._bits))]

    def widened(self, sizes: Sequence[int]) -> "Grouping":
        """Return the same groups, with the same numbers, and room for codes below `sizes`."""
        roomy = Grouping([2 * size for size in sizes])
        held = [(codes, np.arange(size)) for codes, size in zip(self.codes(), sizes, strict=True)]
        roomy.count(held, self.counts)
        return roomy

    def _keys(self, place: int, columns: Sequence[Column], numbers: Codes | None) -> Ints:
        if numbers is None:
            keys = np.zeros(len(columns[0][0]), dtype=np.int64)
        else:
            keys = numbers.astype(np.int64) << (WORD_BITS - NUMBER_BITS)
        for column, shift in self._words[place]:
            indices, codes = columns[column]
            _pack(keys, indices, codes << shift)
        return keys


def _words(bits: Sequence[int]) -> list[list[tuple[int, int]]]:
    """Share columns out over words: for each word the columns in it, with their shifts."""
    words: list[list[tuple[int, int]]] = [[]]
    room = WORD_BITS
    used = 0
    for column, needed in enumerate(bits):
        if used + needed > room:
            words.append([])
            room, used = WORD_BITS - NUMBER_BITS, 0
        words[-1].append((column, used))
        used += needed
    return words


@compiled
def _pack(keys: Ints, indices: Codes, codes: Ints) -> None:
    for row in range(keys.size):
        keys[row] |= codes[indices[row]]
