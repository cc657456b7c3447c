"""Where Mondrian cuts: at the round code after which the least is lost, and else about evenly.

A cut divides one partition's rows and one of its ranges. What both halves lose in the end is
estimated as if each were cut on into as many classes as k allows, its ranges halved in turn; that
estimate is least where dense rows part from sparse ones, where ranges are wide, and where no rows
are left over that make no class (docs/decisions/0106).

A cut may be at the multiples of a power of two only that leave a range 16 parts at most, and 8
where it has few codes: a cut at any code would tell where somebody stands (docs/decisions/0135).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from torvet.privacy.compiled import compiled

Codes = NDArray[np.int32]

PARTS, PARTS_OF_FEW = 16, 8
"""Parts of a range that a cut may lie between, at most."""
FEW_CODES = 32
LEAST_SHARE = 64
"""The smaller half has one row in so many at least: else a tail is peeled off row by row."""
CLASSES_TABLED = 4096
HISTOGRAM_BINS = 2**16
SORT_BELOW = 16
"""A range of codes wider than the rows times this is sorted rather than counted."""
UNEVEN = 40
"""Percent of the rows that the smaller half has at least, where a cut is about even."""
NO_CUT = np.inf


class Offers(NamedTuple):
    """For each column the best place to cut: what is lost then, after which code, rows left of it.

    `counts` (columns, parts), `shifts`, `firsts` and `exact` are room to count in; `shrunk[m]` is
    what share of its ranges' widths a partition keeps that becomes m classes.
    """

    costs: NDArray[np.float64]
    values: NDArray[np.int64]
    lefts: NDArray[np.int64]
    counts: NDArray[np.int32]
    shifts: NDArray[np.int64]
    firsts: NDArray[np.int64]
    exact: NDArray[np.int32]
    shrunk: NDArray[np.float64]


def shrinking(columns: int) -> NDArray[np.float64]:
    """Return what share of the widths is left after m classes, at place m.

    As if `columns` equally wide ranges were halved in turn: with each doubling of the classes
    one of them is halved, and 1 - 1 / (2 · columns) of their sum is left.
    """
    classes = np.maximum(np.arange(CLASSES_TABLED, dtype=np.float64), 1.0)
    return np.asarray(classes ** np.log2(1 - 0.5 / columns))


@compiled
def room(columns: int, shrunk: NDArray[np.float64]) -> Offers:
    """Return room for the offers of `columns` columns."""
    return Offers(
        np.zeros(columns, dtype=np.float64),
        np.zeros(columns, dtype=np.int64),
        np.zeros(columns, dtype=np.int64),
        np.zeros((columns, PARTS), dtype=np.int32),
        np.zeros(columns, dtype=np.int64),
        np.zeros(columns, dtype=np.int64),
        np.zeros(HISTOGRAM_BINS, dtype=np.int32),
        shrunk,
    )


@compiled
def weigh(  # noqa: PLR0917 - compiled functions take their arguments by place
    rows: Codes,
    start: int,
    end: int,
    k: int,
    scale: NDArray[np.float64],
    box: Codes,
    offers: Offers,
) -> None:
    """Find for each column the place where a cut of [start, end) loses least; NO_CUT = nowhere."""
    shifts, firsts, counts, shrunk = offers.shifts, offers.firsts, offers.counts, offers.shrunk
    columns, total = scale.size, end - start
    fewest = max(k, total // LEAST_SHARE)
    widths = 0.0
    for each in range(columns):
        widths += (int(box[3, each]) - int(box[2, each])) / scale[each]
        shifts[each] = _coarse(int(box[0, each]), int(box[1, each]))
        firsts[each] = int(box[0, each]) >> shifts[each]
    _count(rows, start, end, shifts, firsts, counts)
    for each in range(columns):
        low, high = int(box[2, each]), int(box[3, each])
        others, least, left = widths - (high - low) / scale[each], NO_CUT, 0
        for part in range((int(box[1, each]) >> shifts[each]) - firsts[each]):
            left += counts[each, part]
            if left < fewest or total - left < fewest:
                continue
            after = ((firsts[each] + part + 1) << shifts[each]) - 1
            cost = _lost(left, others + (after - low) / scale[each], k, shrunk)
            cost += _lost(total - left, others + (high - after - 1) / scale[each], k, shrunk)
            if cost < least:
                least = cost
                offers.values[each], offers.lefts[each] = after, left
        offers.costs[each] = least


@compiled
def _coarse(low: int, high: int) -> int:
    """Return by how many bits codes are cut off, so that no more parts than may be are left."""
    shift = 0
    parts = PARTS if high - low >= FEW_CODES else PARTS_OF_FEW
    while (high >> shift) - (low >> shift) >= parts:
        shift += 1
    return shift


@compiled
def _count(  # noqa: PLR0917 - compiled functions take their arguments by place
    rows: Codes,
    start: int,
    end: int,
    shifts: NDArray[np.int64],
    firsts: NDArray[np.int64],
    counts: NDArray[np.int32],
) -> None:
    """Count the rows in each part of each column."""
    counts[:] = 0
    for row in range(start, end):
        for each in range(shifts.size):
            counts[each, (int(rows[row, each]) >> shifts[each]) - firsts[each]] += 1


@compiled
def _lost(rows: int, widths: float, k: int, shrunk: NDArray[np.float64]) -> float:
    """Return what `rows` rows lose in ranges of together `widths` once they are cut to classes."""
    classes = rows // k
    if classes < shrunk.size:
        return float(rows * widths * shrunk[classes])
    # Every doubling shrinks as the first one does: shrunk[2] is the share of one doubling.
    return float(rows * widths * shrunk[2] ** np.log2(classes))


@compiled
def most_even(  # noqa: PLR0917 - compiled functions take their arguments by place
    rows: Codes,
    start: int,
    end: int,
    column: int,
    low: int,
    high: int,
    counts: NDArray[np.int32],
    k: int,
) -> tuple[int, int]:
    """Return the code after which to cut, and the rows that are left of it.

    Of all cuts that are about even it is the one at the roundest code: a cut at the median would
    tell that somebody has exactly this code. Where none is about even it is the most even one.
    """
    total = end - start
    wide = high - low + 1
    shift = 0
    while (wide >> shift) >= HISTOGRAM_BINS:
        shift += 1
    if wide > SORT_BELOW * total and total <= HISTOGRAM_BINS:
        return _most_even_sorted(rows, start, end, column, k)
    bins = ((high - low) >> shift) + 1
    counts[:bins] = 0
    for row in range(start, end):
        counts[(int(rows[row, column]) - low) >> shift] += 1
    before, left = 0, 0
    for place in range(bins):
        before = left
        left += counts[place]
        if 2 * left >= total:
            break
    if before > total - left:
        # Cutting before this code is more even than after it.
        place -= 1
        left = before
    if shift:
        if min(left, total - left) < k:
            return _most_even_sorted(rows, start, end, column, k)
        return low + ((place + 1) << shift) - 1, left
    fewest, most = _about_even(total, k)
    if fewest <= left <= most:
        place, left = _rounder(counts[:bins], low, place, left, fewest, most)
    return low + place, left


@compiled
def _rounder(  # noqa: PLR0917 - compiled functions take their arguments by place
    counts: NDArray[np.int32], low: int, place: int, left: int, fewest: int, most: int
) -> tuple[int, int]:
    """Move a cut after `place` to the roundest code that leaves `fewest` to `most` on its left."""
    first, upto = place, left
    while first > 0 and upto - counts[first] >= fewest:
        upto -= counts[first]
        first -= 1
    last, upto = place, left
    while last + 2 < counts.size and upto + counts[last + 1] <= most:
        last += 1
        upto += counts[last]
    cut = _roundest(low + first + 1, low + last + 1) - low - 1
    return cut, left + counts[place + 1 : cut + 1].sum() - counts[cut + 1 : place + 1].sum()


@compiled
def _about_even(total: int, k: int) -> tuple[int, int]:
    """Return how few and how many rows the left half may have."""
    fewest = max(k, total * UNEVEN // 100)
    return fewest, total - fewest


@compiled
def _roundest(first: int, last: int) -> int:
    """Return the number from `first` to `last` (above 0) that the largest power of two divides."""
    found = last
    while found & (found - 1) >= first:
        found &= found - 1
    return found


@compiled
def _most_even_sorted(
    rows: Codes,
    start: int,
    end: int,
    column: int,
    k: int,
) -> tuple[int, int]:
    total = end - start
    ordered = np.sort(rows[start:end, column].copy())
    fewest, most = _about_even(total, k)
    if fewest <= most and ordered[fewest - 1] < ordered[most]:
        value = _roundest(int(ordered[fewest - 1]) + 1, int(ordered[most])) - 1
        return value, int(np.searchsorted(ordered, value, side="right"))
    middle = int(ordered[total // 2])
    before = int(np.searchsorted(ordered, ordered[total // 2]))
    after = int(np.searchsorted(ordered, ordered[total // 2], side="right"))
    if before > total - after:
        return middle - 1, before
    return middle, after
