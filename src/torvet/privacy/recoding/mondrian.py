"""Mondrian: strict multidimensional partitioning of ordered codes, each cut judged beforehand.

LeFevre, DeWitt and Ramakrishnan, *Mondrian multidimensional k-anonymity*, ICDE 2006. A partition
is cut where its rows lose least; where one half would break a model, the next best column is
tried; where none can be cut, the partition is a class of the release (docs/decisions/0106). Rows
are moved in place like those of a k-d tree, and counted in histograms (docs/decisions/0100).

Local recoding is weaker than full-domain recoding: see `REMARK`.
"""

import os
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from torvet.privacy.errors import CodesNotOrdered, ModelOutOfReach

from .choice import shrinking
from .cuts import Judges, grow, keeps, label, split
from .demands import Demand, judges_of

REMARK = (
    "Local recoding (Mondrian): the place of each cut was chosen after looking at the rows. "
    "Refinement attacks narrow values from that alone (arXiv 2509.03350), so that ranges end where "
    "they were cut and not at their outermost rows. This is weaker than full-domain recoding with "
    "the same k, l and t: read those numbers together with the outcome of the refinement attack."
)
CODE_MAX = 2**31 - 1
TASKS = 16
TASK_ROWS_MIN = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recoded:
    """Which rows are one class, and what each class shows of them.

    `partition[i]` is the class of row i. Class p holds `sizes[p]` rows; of quasi-identifier j it
    shows the codes `low[p, j]` to `high[p, j]`, between which it was cut out: whether anybody has
    them is not told (decisions/0135). Rows lie from `least[p, j]` to `most[p, j]`, which somebody
    has each: these two are never to be shown.
    """

    partition: NDArray[np.int32]
    sizes: NDArray[np.int64]
    low: NDArray[np.int32]
    high: NDArray[np.int32]
    least: NDArray[np.int32]
    most: NDArray[np.int32]

    def loss(self, leaves: Sequence[int]) -> float:
        """Return Loss (NCP), 0 as it was to 1 nothing left; `leaves[j]` = leaves of column j.

        A range that covers c of N leaves loses (c - 1) / (N - 1); the mean over rows and columns.
        A column of one leaf has nothing to lose.
        """
        return self._loss(self.low, self.high, leaves)

    def tight_loss(self, leaves: Sequence[int]) -> float:
        """Return the loss if ranges were as tight as their rows, as others show them."""
        return self._loss(self.least, self.most, leaves)

    def _loss(
        self, low: NDArray[np.int32], high: NDArray[np.int32], leaves: Sequence[int]
    ) -> float:
        width = np.asarray(leaves, dtype=np.float64)
        shown = high.astype(np.float64) - low.astype(np.float64)
        lost = (self.sizes @ shown) / self.sizes.sum()
        return float(np.mean(lost / np.maximum(width - 1, 1)))


def recode(
    codes: NDArray[Any],
    *,
    k: int = 1,
    sensitive: NDArray[Any] | None = None,
    demands: Sequence[Demand] = (),
    threads: int | None = None,
) -> Recoded:
    """Partition the rows so that every class holds at least `k` rows and keeps every demand.

    Args:
        codes: (rows, quasi-identifiers) integers >= 0 whose order and distance mean something:
            ranks of leaves, years, metres. A null needs a code of its own.
        k: rows that a class has at least.
        sensitive: (rows, sensitive columns) integers from 0, dense, one column per sensitive
            attribute; `Demand.column` says which one a demand is about.
        demands: l-diversity and t-closeness that every class must keep (`demands.py`).
        threads: threads that cut; by default the cores this process may use.

    Raises:
        CodesNotOrdered: codes are no integers >= 0 in a table of two dimensions.
        ModelOutOfReach: the table as a whole breaks a model, so that no partition can keep it.
    """
    quasi = _integers(codes, "quasi-identifiers")
    secret = _integers(
        np.zeros((len(quasi), 0), np.uint16) if sensitive is None else sensitive, "sensitive"
    )
    if len(secret) != len(quasi):
        raise CodesNotOrdered("quasi-identifiers and sensitive columns differ in their rows")
    judges = judges_of(secret, demands)
    _check_whole(quasi, secret, max(k, 1), demands)
    rows = _side_by_side(quasi, secret)
    return _partitioned(
        rows, width=quasi.shape[1], k=max(k, 1), judges=judges, threads=threads or _cores()
    )


def _integers(codes: NDArray[Any], what: str) -> NDArray[Any]:
    held = np.asarray(codes)
    if held.ndim != 2 or held.dtype.kind not in "iu":  # noqa: PLR2004 - rows and columns
        raise CodesNotOrdered(f"the {what} are not a table of integers")
    if held.size and (held.min() < 0 or held.max() > CODE_MAX):
        raise CodesNotOrdered(f"the {what} hold codes outside 0 to {CODE_MAX:,}")
    return held


def _check_whole(
    quasi: NDArray[Any],
    secret: NDArray[Any],
    k: int,
    demands: Sequence[Demand],
) -> None:
    """A cut can only make things worse for k and for distinct l: what fails whole, fails."""
    if len(quasi) < k:
        raise ModelOutOfReach(f"the table has {len(quasi)} rows, fewer than k = {k}")
    if not quasi.shape[1]:
        raise CodesNotOrdered("there is no quasi-identifier to recode")
    for demand in demands:
        alone = judges_of(secret, (demand,))
        if not keeps(alone, alone.whole_counts, len(quasi)):
            raise ModelOutOfReach(f"the whole table does not keep {demand.words}")


def _side_by_side(quasi: NDArray[Any], secret: NDArray[Any]) -> NDArray[Any]:
    """Quasi-identifiers and sensitive codes of a row beside each other: rows are moved whole."""
    rows = np.empty((len(quasi), quasi.shape[1] + secret.shape[1]), dtype=np.int32)
    rows[:, : quasi.shape[1]] = quasi
    rows[:, quasi.shape[1] :] = secret
    return rows


def _partitioned(
    rows: NDArray[np.int32], *, width: int, k: int, judges: Judges, threads: int
) -> Recoded:
    """Cut from the top: large partitions one by one, small ones whole, on all threads.

    A class holds at least k rows, so that ⌊start / k⌋ is a place of its own for each class.
    """
    count = len(rows)
    index = np.arange(count, dtype=np.uint32)
    low, high = rows[:, :width].min(axis=0), rows[:, :width].max(axis=0)
    scale = np.maximum(high.astype(np.float64) - low, 1.0)
    shrunk = shrinking(width)
    ends = np.zeros(count // k + 1, dtype=np.int64)
    starts = np.zeros_like(ends)
    boxes = np.zeros((len(ends), 4, width), dtype=rows.dtype)
    whole = max(count // TASKS, TASK_ROWS_MIN)
    cut = partial(split, rows, index, k, scale, shrunk, judges)
    finish = partial(grow, rows, index, k, scale, shrunk, judges, starts, ends, boxes)

    def step(start: int, end: int, box: Any) -> list[tuple[int, int, Any]]:
        if end - start > whole:
            middle, left, right = cut(start, end, box)
            if middle:
                return [(start, middle, left), (middle, end, right)]
        finish(start, end, box)
        return []

    with ThreadPoolExecutor(threads) as pool:
        waiting: set[Future[Any]] = {pool.submit(step, 0, count, np.stack([low, high, low, high]))}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for each in done:
                waiting |= {pool.submit(step, *task) for task in each.result()}
    used = ends > 0
    partition = np.empty(count, dtype=np.int32)
    label(index, starts[used], ends[used], partition)
    least, most, first, last = boxes[used].transpose(1, 0, 2)
    return Recoded(
        partition=partition,
        sizes=ends[used] - starts[used],
        low=first,
        high=last,
        least=least,
        most=most,
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
