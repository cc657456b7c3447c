"""What a reader can conclude: the feasible interval of every suppressed cell, by linear programs.

The reader knows the published cells, which cells are sums of which, and that nothing is below 0.
For each suppressed cell the smallest and the largest value that fit with that are sought: over one
hierarchy by narrowing bounds, over several by programs (HiGHS through SciPy). τ-Argus and sdcMicro
call this the audit of a suppression pattern.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from torvet.privacy.errors import CellsInvalid

from .cube import Sum, reread, sums_of

OPTIMAL = 0
LIMITS = np.float64
ROUNDED = 1e-9
"""What 53 bits may lose of a large exact sum, as a share of it."""
CONTRADICTION = "published cells do not add up to their totals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The suppressed cells (`table`: their places, `low`, `high`) as a reader can narrow them.

    `rows[i]` is the row of the published table; `high` is infinite (null in `table`) where
    nothing bounds it.
    """

    table: pa.Table
    rows: NDArray[np.int64]
    low: NDArray[LIMITS]
    high: NDArray[LIMITS]

    @property
    def narrowest(self) -> float:
        """Return the width of the narrowest interval, infinite where nothing is suppressed."""
        return float(np.min(self.high - self.low)) if self.rows.size else float("inf")


def audit(table: pa.Table) -> Audit:
    """Find the feasible interval of every suppressed cell of a table that holds its totals.

    `table` is what `suppress_secondary` gave out, as read by anybody. Two linear programs per
    suppressed cell, over the cells that hang together with it. Raises CellsInvalid where the
    table has no totals, or its published cells contradict each other.
    """
    value, places, trees = reread(table)
    hidden = np.asarray(table[value].is_null().to_numpy())
    values = table[value].fill_null(0).to_numpy().astype(LIMITS)
    rows = np.flatnonzero(hidden)
    low, high = intervals(values, hidden, sums_of(places, trees))
    told = table.select([name for name in table.schema.names if name not in _NO_PLACE | {value}])
    told = told.take(pa.array(rows)).append_column("low", pa.array(low[rows]))
    bounded = pa.array(high[rows], mask=np.isinf(high[rows]))
    return Audit(
        table=told.append_column("high", bounded), rows=rows, low=low[rows], high=high[rows]
    )


_NO_PLACE = {"contributors", "suppressed"}


def intervals(
    values: NDArray[LIMITS], hidden: NDArray[np.bool_], sums: Sequence[Sum]
) -> tuple[NDArray[LIMITS], NDArray[LIMITS]]:
    """Return the least and the most that each cell may be; a published cell is what it is.

    Args:
        values: what is published; what stands at hidden cells is not looked at.
        hidden: which cells are suppressed.
        sums: which cell is the sum of which.
    """
    low = np.where(hidden, 0.0, values)
    high = np.where(hidden, np.inf, values)
    matrix = matrix_of(sums, len(values))
    known = matrix @ np.where(hidden, 0.0, values)
    columns = np.flatnonzero(hidden)
    unknown = matrix[:, columns]
    open_sums = np.diff(unknown.indptr) > 0
    if np.abs(known[~open_sums]).max(initial=0.0) > ROUNDED * np.abs(values).max(initial=1.0):
        raise CellsInvalid(CONTRADICTION)
    unknown, right = unknown[open_sums], -known[open_sums]
    if not columns.size:
        return low, high
    count, group = connected_components(unknown.T @ unknown, directed=False)
    by_group = np.argsort(group, kind="stable")
    parts = np.split(by_group, np.searchsorted(group[by_group], np.arange(1, count)))
    no_circle = []
    for mine in parts:
        own = unknown[:, mine]
        held = np.flatnonzero(np.diff(own.indptr))
        if own.nnz < held.size + mine.size:
            no_circle.append(mine)
        else:
            low[columns[mine]], high[columns[mine]] = _of_component(own[held], right[held])
    if no_circle:
        mine = np.concatenate(no_circle)
        own = unknown[:, mine]
        held = np.flatnonzero(np.diff(own.indptr))
        low[columns[mine]], high[columns[mine]] = _of_forest(own[held], right[held])
    return low, high


def _of_forest(
    matrix: csr_array, right: NDArray[LIMITS]
) -> tuple[NDArray[LIMITS], NDArray[LIMITS]]:
    """Narrow bounds sum by sum until none gets narrower.

    Where no two sums are linked in two ways, as over one hierarchy, that finds what programs find:
    each bound of a sum's other cells can be reached at once with all the others.
    """
    entries = matrix.tocoo()
    row, cell, sign = entries.row, entries.col, entries.data
    low, high = np.zeros(matrix.shape[1]), np.full(matrix.shape[1], np.inf)
    for _ in range(sum(matrix.shape)):
        least = np.where(sign > 0, low[cell], -high[cell])
        most = np.where(sign > 0, high[cell], -low[cell])
        up = right[row] - _of_others(least, row, -np.inf)
        down = right[row] - _of_others(most, row, np.inf)
        narrower_low, narrower_high = low.copy(), high.copy()
        np.maximum.at(narrower_low, cell, np.where(sign > 0, down, -up))
        np.minimum.at(narrower_high, cell, np.where(sign > 0, up, -down))
        if (narrower_low == low).all() and (narrower_high == high).all():
            break
        low, high = narrower_low, narrower_high
    if (low > high + ROUNDED * max(1.0, float(np.abs(right).max(initial=0)))).any():
        raise CellsInvalid(CONTRADICTION)
    return low, np.maximum(low, high)


def _of_others(bounds: NDArray[LIMITS], row: NDArray[np.int64], endless: float) -> NDArray[LIMITS]:
    """Return for each entry the sum of the bounds of the others in its row: endless if one is."""
    open_ended = np.isinf(bounds)
    finite = np.where(open_ended, 0.0, bounds)
    sums = np.bincount(row, weights=finite)[row] - finite
    others = np.bincount(row, weights=open_ended)[row] - open_ended
    return np.where(others > 0, endless, sums)


def matrix_of(sums: Sequence[Sum], cells: int) -> csr_array:
    """Return sums × cells: +1 at the whole, -1 at its parts, so that the product is 0."""
    wholes = np.array([each.whole for each in sums], dtype=np.int64)
    sizes = np.array([len(each.parts) for each in sums], dtype=np.int64)
    parts = np.array([part for each in sums for part in each.parts], dtype=np.int64)
    own = np.arange(len(sums), dtype=np.int64)
    rows = np.concatenate([own, np.repeat(own, sizes)])
    columns = np.concatenate([wholes, parts])
    signs = np.concatenate([np.ones(len(wholes)), -np.ones(len(parts))])
    return csr_array(coo_array((signs, (rows, columns)), shape=(len(sums), cells)))


def _of_component(
    matrix: csr_array, right: NDArray[LIMITS]
) -> tuple[NDArray[LIMITS], NDArray[LIMITS]]:
    scale = max(1.0, float(np.abs(right).max()))
    cells = matrix.shape[1]
    low, high = np.zeros(cells), np.full(cells, np.inf)
    if linprog(np.zeros(cells), A_eq=matrix, b_eq=right / scale, method="highs").status != OPTIMAL:
        raise CellsInvalid(CONTRADICTION)
    for place in range(cells):
        wish = np.zeros(cells)
        wish[place] = 1.0
        least = linprog(wish, A_eq=matrix, b_eq=right / scale, method="highs")
        most = linprog(-wish, A_eq=matrix, b_eq=right / scale, method="highs")
        low[place] = max(0.0, least.fun * scale) if least.status == OPTIMAL else 0.0
        # There is a feasible point, so that no largest one means that nothing bounds it.
        high[place] = -most.fun * scale if most.status == OPTIMAL else np.inf
    return low, high
