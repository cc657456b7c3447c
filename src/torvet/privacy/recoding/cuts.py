"""The compiled part of Mondrian: find the most even cut, judge both halves, move the rows.

Every function here works on rows [start, end) of one table of integer codes, row after row:
`scale.size` quasi-identifiers, then the sensitive columns. They hold no lock of the interpreter,
so that threads may each cut partitions of their own.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from torvet.privacy.compiled import compiled

Codes = NDArray[np.int32]
Counts = NDArray[np.int64]

HISTOGRAM_BINS = 2**16
SORT_BELOW = 16
"""A range of codes wider than the rows times this is sorted rather than counted."""
DEPTH = 80
"""Partitions that wait: the smaller half goes first, so that they are fewer than log2(rows)."""
UNEVEN = 40
"""Percent of the rows that the smaller half has at least, where a cut is about even."""
NEAR = 1e-12
"""What rounding may add to an entropy or a distance that lies exactly on its bound."""


class Judges(NamedTuple):
    """Demands as arrays; made by `demands.judges_of`."""

    kinds: NDArray[np.int64]
    columns: NDArray[np.int64]
    bounds: NDArray[np.float64]
    constants: NDArray[np.float64]
    heights: NDArray[np.int64]
    trees: NDArray[np.int64]
    values: NDArray[np.int64]
    whole_counts: NDArray[np.int64]


@compiled
def grow(  # noqa: PLR0917 - compiled functions take their arguments by place
    rows: Codes,
    index: NDArray[np.uint32],
    k: int,
    scale: NDArray[np.float64],
    judges: Judges,
    starts: Counts,
    ends: Counts,
    found: Codes,
    start: int,
    end: int,
    box: Codes,
) -> None:
    """Cut [start, end) until no cut is left; write each class at its place ⌊start / k⌋.

    A box is four codes for each column: between which the rows lie (that tells which column is
    widest), and between which they were cut, which alone may be shown.
    """
    width = scale.size
    counts = np.zeros(HISTOGRAM_BINS, dtype=np.int32)
    left_counts = np.zeros_like(judges.whole_counts)
    right_counts = np.zeros_like(judges.whole_counts)
    spans = np.zeros((DEPTH, 2), dtype=np.int64)
    boxes = np.zeros((DEPTH, 4, width), dtype=rows.dtype)
    halves = np.zeros((8, width), dtype=rows.dtype)
    spans[0, 0], spans[0, 1] = start, end
    boxes[0] = box
    waiting = 1
    while waiting:
        waiting -= 1
        first, last = spans[waiting]
        middle = 0
        if last - first >= 2 * k:
            middle = _cut(
                rows, index, k, scale, judges, first, last, boxes[waiting], counts,
                left_counts, right_counts, halves,
            )  # fmt: skip
        if middle == 0:
            place = first // k
            starts[place], ends[place] = first, last
            found[place] = boxes[waiting]
            continue
        small_is_left = middle - first <= last - middle
        big, small = (waiting, waiting + 1)
        left, right = (small, big) if small_is_left else (big, small)
        spans[left, 0], spans[left, 1] = first, middle
        spans[right, 0], spans[right, 1] = middle, last
        boxes[left], boxes[right] = halves[:4], halves[4:]
        waiting += 2


@compiled
def split(  # noqa: PLR0917 - compiled functions take their arguments by place
    rows: Codes,
    index: NDArray[np.uint32],
    k: int,
    scale: NDArray[np.float64],
    judges: Judges,
    start: int,
    end: int,
    box: Codes,
) -> tuple[int, Codes, Codes]:
    """Make one cut of [start, end): (where, box of the left, box of the right); 0 = no cut."""
    counts = np.zeros(HISTOGRAM_BINS, dtype=np.int32)
    halves = np.zeros((8, scale.size), dtype=rows.dtype)
    middle = 0
    if end - start >= 2 * k:
        middle = _cut(
            rows, index, k, scale, judges, start, end, box, counts,
            np.zeros_like(judges.whole_counts), np.zeros_like(judges.whole_counts), halves,
        )  # fmt: skip
    return middle, halves[:4], halves[4:]


@compiled
def _cut(  # noqa: PLR0917 - compiled functions take their arguments by place
    rows: Codes,
    index: NDArray[np.uint32],
    k: int,
    scale: NDArray[np.float64],
    judges: Judges,
    start: int,
    end: int,
    box: Codes,
    counts: NDArray[np.int32],
    left_counts: Counts,
    right_counts: Counts,
    halves: Codes,
) -> int:
    """Cut at the widest column that allows it; return where the right half starts, or 0."""
    width, low, high = scale.size, box[0], box[1]
    tried = np.zeros(width, dtype=np.bool_)
    for _ in range(width):
        widest, column = 0.0, -1
        for each in range(width):
            span = (int(high[each]) - int(low[each])) / scale[each]
            if not tried[each] and span > widest:
                widest, column = span, each
        if column < 0:
            return 0
        tried[column] = True
        value, left = _most_even(
            rows, start, end, column, int(low[column]), int(high[column]), counts, k
        )
        if left < k or end - start - left < k:
            continue
        if judges.kinds.size and not _both_keep(
            rows, start, end, width, column, value, left, judges, left_counts, right_counts
        ):
            continue
        _move(rows, index, start, end, box, column, value, halves)
        return start + left
    return 0


@compiled
def _most_even(  # noqa: PLR0917 - compiled functions take their arguments by place
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


@compiled
def _move(  # noqa: PLR0917 - compiled functions take their arguments by place
    rows: Codes,
    index: NDArray[np.uint32],
    start: int,
    end: int,
    box: Codes,
    column: int,
    value: int,
    halves: Codes,
) -> None:
    """Bring rows with codes up to `value` to the left, and find the box of either half."""
    halves[0], halves[1] = box[1], box[0]
    halves[4], halves[5] = box[1], box[0]
    halves[2:4], halves[6:8] = box[2:4], box[2:4]
    halves[3, column], halves[6, column] = value, value + 1
    left, right = start, end - 1
    while left <= right:
        if rows[left, column] <= value:
            _widen(rows, left, halves, 0)
            left += 1
            continue
        if rows[right, column] > value:
            _widen(rows, right, halves, 4)
            right -= 1
            continue
        for each in range(rows.shape[1]):
            rows[left, each], rows[right, each] = rows[right, each], rows[left, each]
        index[left], index[right] = index[right], index[left]


@compiled
def _widen(rows: Codes, row: int, halves: Codes, half: int) -> None:
    """Widen a half's box (from `half` on: lows, then highs) to hold a row."""
    for each in range(halves.shape[1]):
        code = rows[row, each]
        halves[half, each] = min(halves[half, each], code)
        halves[half + 1, each] = max(halves[half + 1, each], code)


@compiled
def _both_keep(  # noqa: PLR0917 - compiled functions take their arguments by place
    rows: Codes,
    start: int,
    end: int,
    width: int,
    column: int,
    value: int,
    left: int,
    judges: Judges,
    left_counts: Counts,
    right_counts: Counts,
) -> bool:
    """Say whether both halves of a cut would keep every demand."""
    left_counts[:] = 0
    right_counts[:] = 0
    for row in range(start, end):
        side = left_counts if rows[row, column] <= value else right_counts
        for each in range(side.shape[0]):
            side[each, rows[row, width + each]] += 1
    return keeps(judges, left_counts, left) and keeps(judges, right_counts, end - start - left)


@compiled
def keeps(
    judges: Judges,
    counts: Counts,
    total: int,
) -> bool:
    """Say whether a class with these counts (sensitive columns × values) keeps every demand."""
    for each in range(judges.kinds.size):
        kind, column = judges.kinds[each], judges.columns[each]
        held = counts[column, : judges.values[column]]
        bound = judges.bounds[each]
        if kind == 0:
            kept = np.count_nonzero(held) >= bound
        elif kind == 1:
            kept = _entropy(held, total) >= np.log(bound) - NEAR
        elif kind == 2:  # noqa: PLR2004 - demands.Kind.RECURSIVE
            kept = _recursive(held, bound, judges.constants[each])
        else:
            whole = judges.whole_counts[column, : judges.values[column]]
            if kind == 3:  # noqa: PLR2004 - demands.Kind.ORDERED
                far = _ordered_distance(held, total, whole)
            else:
                far = _tree_distance(held, total, whole, judges.trees[each], judges.heights[each])
            kept = far <= bound + NEAR
        if not kept:
            return False
    return True


@compiled
def _entropy(
    held: Counts,
    total: int,
) -> float:
    found = 0.0
    for count in held:
        if count:
            found -= count / total * np.log(count / total)
    return found


@compiled
def _recursive(
    held: Counts,
    bound: float,
    constant: float,
) -> bool:
    """r_1 < c · (r_l + … + r_m), counts in falling order."""
    falling = np.sort(held)[::-1]
    first = int(bound) - 1
    return falling.size > first and falling[0] < constant * falling[first:].sum()


@compiled
def _ordered_distance(
    held: Counts,
    total: int,
    whole: Counts,
) -> float:
    """Earth mover's distance of values in a row: Σ |cumulated difference| / (m - 1)."""
    if held.size < 2:  # noqa: PLR2004 - one value is nowhere to go from
        return 0.0
    everyone = whole.sum()
    carried, found = 0.0, 0.0
    for value in range(held.size):
        carried += held[value] / total - whole[value] / everyone
        found += abs(carried)
    return found / (held.size - 1)


@compiled
def _tree_distance(
    held: Counts,
    total: int,
    whole: Counts,
    tree: Counts,
    height: int,
) -> float:
    """Earth mover's distance in a tree of equal steps: Σ |difference of a node| / (2 · height)."""
    everyone = whole.sum()
    found = 0.0
    for level in range(height):
        nodes = np.zeros(held.size, dtype=np.float64)
        for value in range(held.size):
            nodes[tree[level, value]] += held[value] / total - whole[value] / everyone
        found += np.abs(nodes).sum()
    return found / (2 * height)


@compiled
def label(
    index: NDArray[np.uint32],
    starts: Counts,
    ends: Counts,
    partition: NDArray[np.int32],
) -> None:
    """Write the class of each row to the place the row had before it was moved."""
    for place in range(starts.size):
        for row in range(starts[place], ends[place]):
            partition[index[row]] = place
