"""The compiled part of Mondrian: choose a cut, judge both halves, move the rows.

Every function here works on rows [start, end) of one table of integer codes, row after row:
`scale.size` quasi-identifiers, then the sensitive columns. They hold no lock of the interpreter,
so that threads may each cut partitions of their own.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from torvet.privacy.compiled import compiled

from .choice import NO_CUT, Offers, most_even, room, weigh

Codes = NDArray[np.int32]
Counts = NDArray[np.int64]

DEPTH = 80
"""Partitions that wait: the smaller half goes first, so that they are fewer than log2(rows)."""
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
    shrunk: NDArray[np.float64],
    judges: Judges,
    starts: Counts,
    ends: Counts,
    found: Codes,
    start: int,
    end: int,
    box: Codes,
) -> None:
    """Cut [start, end) until no cut is left; write each class at its place ⌊start / k⌋.

    A box is four codes for each column: between which the rows lie, and between which they were
    cut, which alone may be shown.
    """
    width = scale.size
    offers = room(width, shrunk)
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
                rows, index, k, scale, judges, first, last, boxes[waiting], offers,
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
    shrunk: NDArray[np.float64],
    judges: Judges,
    start: int,
    end: int,
    box: Codes,
) -> tuple[int, Codes, Codes]:
    """Make one cut of [start, end): (where, box of the left, box of the right); 0 = no cut."""
    offers = room(scale.size, shrunk)
    halves = np.zeros((8, scale.size), dtype=rows.dtype)
    middle = 0
    if end - start >= 2 * k:
        middle = _cut(
            rows, index, k, scale, judges, start, end, box, offers,
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
    offers: Offers,
    left_counts: Counts,
    right_counts: Counts,
    halves: Codes,
) -> int:
    """Cut where the least is lost and the demands are kept; return where the right starts, or 0.

    Where no round code has k rows on either side, the widest column is cut about evenly that can
    be.
    """
    weigh(rows, start, end, k, scale, box, offers)
    width = scale.size
    for turn in range(2 * width):
        if turn == width:
            _by_width(box, scale, offers)
        column = int(np.argmin(offers.costs))
        if offers.costs[column] == NO_CUT:
            continue
        offers.costs[column] = NO_CUT
        if turn >= width:
            offers.values[column], offers.lefts[column] = most_even(
                rows, start, end, column, int(box[0, column]), int(box[1, column]), offers.exact, k
            )
        value, left = offers.values[column], offers.lefts[column]
        if left < k or end - start - left < k:
            continue
        if judges.kinds.size and not _both_keep(
            rows, start, end, width, column, value, left, judges, left_counts, right_counts
        ):
            continue
        _move(rows, index, start, end, box, column, value, halves)
        return int(start + left)
    return 0


@compiled
def _by_width(box: Codes, scale: NDArray[np.float64], offers: Offers) -> None:
    """Order columns by how far their rows lie apart, the widest first."""
    for each in range(scale.size):
        span = (int(box[1, each]) - int(box[0, each])) / scale[each]
        offers.costs[each] = -span if span > 0 else NO_CUT


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
