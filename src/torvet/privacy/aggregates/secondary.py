"""Secondary suppression: so many more cells without a figure that no suppressed one is found out.

A suppressed cell is protected where it could be larger and smaller than it is by the protection,
with every published sum as it is. For each cell in turn, the cheapest way to move it so far is a
linear program over all cells (Kelly, Golden and Assad 1992, solved with HiGHS); whatever moves in
it is suppressed too. This is a heuristic in the class of τ-Argus' MOD: sound, and not OPTIMAL.
What a contributor who is alone in a cell knows, its own figure, protects nobody here.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack

from torvet.privacy.errors import CellsInvalid
from torvet.privacy.recoding.hierarchies import Hierarchy

from .cells import Aggregated
from .cube import Facts, Node, Place, Tree, rolled_up, sums_of, tree_of
from .feasible import OPTIMAL, matrix_of
from .totals import judged, published_totals

MOVED = 1e-6
"""A cell that moves by less than this share of the protection is held still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """Cells and totals that may be published together.

    `table` has the columns of `by` (those with a hierarchy as labels, with `<column>_level` beside
    them, 0 = as it was), the value, `contributors` and `suppressed` (`primary`, `secondary` or
    null). Its schema says which cells are totals of which, so that `audit(table)` needs no more.
    """

    table: pa.Table
    primary: int
    secondary: int
    method: str
    exact: pa.Table = field(repr=False)
    cube: "Cube" = field(repr=False)
    told: AbstractSet[Place] = field(repr=False)
    """Where a value stands in `table`."""

    @property
    def cells(self) -> int:
        """Return how many cells and totals there are, published or not."""
        return int(self.table.num_rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cube:
    """Every cell and total with what is true of it, and those that a rule objects to.

    `cells[i]` is the place of row i of what was aggregated.
    """

    known: Mapping[Place, Facts]
    primary: AbstractSet[Place]
    trees: Sequence[Tree]
    cells: Sequence[Place]


def suppress_secondary(
    cells: Aggregated,
    hierarchy: Mapping[str, Hierarchy],
    protection: float = 0.1,
    *,
    method: Literal["suppress", "merge-up"] = "suppress",
) -> Protected:
    """Make totals over `hierarchy` and protect every suppressed cell against being recomputed.

    Args:
        cells: what `aggregate` made, with what only the exchange knows (`exact`).
        hierarchy: for each column of `by` that totals are made over, its hierarchy.
        protection: how much larger and smaller a suppressed cell could be at least, as a share
            of its value (at least 1 unit of the value larger).
        method: `suppress` gives out all cells and totals that it can. `merge-up` gives out one
            level per branch: the finest at which every sibling keeps the rules in the whole
            window, as Dutch network companies merge postcodes. It scales to any number of cells.

    Raises:
        CellsInvalid: no or an unknown column has a hierarchy, or values are negative.
        HierarchyMissesValue: a label of the cells is not in its hierarchy.
    """
    if not hierarchy or not set(hierarchy) <= set(cells.by):
        raise CellsInvalid("totals are made over columns of `by`, and over at least one")
    if not 0 < protection <= 1:
        raise CellsInvalid(f"protection is a share above 0 and up to 1, and {protection} is not")
    if min(cells.exact["total"].to_pylist(), default=0) < 0:
        raise CellsInvalid("negative values cannot be protected: what they may be has no bound")
    cube = _with_totals(cells, hierarchy)
    known, primary, trees = cube.known, cube.primary, cube.trees
    if method == "merge-up":
        chosen, failing = _merged(known, primary, trees)
        return _protected(cells, cube, chosen, failing, frozenset(), method)
    places = list(known)
    hidden = np.array([place in primary for place in places])
    after = hidden.copy()
    for rows, sums in _blocks(places, trees):
        facts = [known[places[row]] for row in rows]
        after[rows] = _protect(facts, hidden[rows], sums, protection)
    secondary = {places[row] for row in np.flatnonzero(after & ~hidden)}
    return _protected(cells, cube, known, primary, secondary, method)


def _with_totals(cells: Aggregated, hierarchy: Mapping[str, Hierarchy]) -> Cube:
    columns = {name: cells.table[name].to_pylist() for name in cells.by}
    trees = [tree_of(name, hierarchy[name], set(columns[name])) for name in hierarchy]
    blocks = [name for name in cells.by if name not in hierarchy]
    leaves: dict[Place, Facts] = {}
    primary = set()
    kept_back = cells.table["suppressed"].to_pylist()
    for row, facts in enumerate(cells.exact.to_pylist()):
        nodes = tuple((0, str(hierarchy[name].value(columns[name][row], 0))) for name in hierarchy)
        place: Place = (tuple(columns[name][row] for name in blocks), nodes)
        leaves[place] = Facts(**facts)
        if kept_back[row]:
            primary.add(place)
    # The same unit is there in every moment: along the window contributions are never apart.
    apart = [cells.disjoint and name not in cells.window for name in hierarchy]
    known = rolled_up(leaves, trees, disjoint=apart)
    totals = [place for place in known if place not in leaves]
    primary |= judged(totals, known, cells.rules)
    return Cube(known=known, primary=primary, trees=trees, cells=tuple(leaves))


def _blocks(
    places: Sequence[Place], trees: Sequence[Tree]
) -> Iterator[tuple[NDArray[np.int64], csr_array]]:
    """Give the rows of each block that hang together, and their sums."""
    rows_of = defaultdict(list)
    for row, (block, _) in enumerate(places):
        rows_of[block].append(row)
    for rows in rows_of.values():
        own = [places[row] for row in rows]
        yield np.array(rows), matrix_of(sums_of(own, trees), len(own))


def _protect(
    facts: Sequence[Facts], hidden: NDArray[np.bool_], sums: csr_array, protection: float
) -> NDArray[np.bool_]:
    """Return which cells of a block are suppressed in the end."""
    after = hidden.copy()
    values = np.array([each.total for each in facts], dtype=np.float64)
    alone = [row for row in np.flatnonzero(hidden).tolist() if facts[row].units == 1]
    waiting: list[int] = sorted(np.flatnonzero(hidden).tolist(), key=lambda row: values[row])
    while waiting:
        row = waiting.pop()
        insiders = [other for other in alone if other != row] if hidden[row] else []
        for known in (None, *insiders):
            for move in moves(values[row], protection):
                moved = _cheapest(sums, values, after, row, move, known)
                fresh = np.flatnonzero(moved & ~after)
                after[fresh] = True
                waiting += sorted(fresh.tolist(), key=lambda each: values[each])
    return after


def moves(value: float, protection: float) -> tuple[float, ...]:
    """How far up and down a cell must be able to move; what is 0 has nowhere down to go."""
    up = max(1.0, protection * value)
    down = min(up, value)
    return (up, -down) if down else (up,)


def _cheapest(  # noqa: PLR0917 - one linear program, and all that it is made of
    sums: csr_array,
    values: NDArray[np.float64],
    hidden: NDArray[np.bool_],
    row: int,
    move: float,
    known: int | None,
) -> NDArray[np.bool_]:
    """Return the cells that move when cell `row` moves by `move` at the least cost.

    Variables: how far each cell rises and falls, in units of `move`. Suppressed cells move for
    nothing, published ones at the price of their value; cell `known` does not move at all.
    """
    size = abs(move)
    price = np.where(hidden, 0.0, (values + 1.0) / (values.max() + 1.0))
    rises = np.full(len(values), np.inf)
    falls = values / size
    if known is not None:
        rises[known] = falls[known] = 0.0
    rise, fall = (1.0, 0.0) if move > 0 else (0.0, 1.0)
    floors = np.zeros(2 * len(values))
    tops = np.concatenate([rises, falls])
    floors[row] = tops[row] = rise
    floors[len(values) + row] = tops[len(values) + row] = fall
    found = linprog(
        np.concatenate([price, price]),
        A_eq=hstack([sums, -sums], format="csr"),
        b_eq=np.zeros(sums.shape[0]),
        bounds=np.column_stack([floors, tops]),
        method="highs",
    )
    if found.status != OPTIMAL:
        # Only a neighbour who knows its own cell can bind it so: nothing to be suppressed helps.
        return np.zeros(len(values), dtype=np.bool_)
    return np.asarray(np.abs(found.x[: len(values)] - found.x[len(values) :]) > MOVED)


def _merged(
    known: Mapping[Place, Facts], primary: AbstractSet[Place], trees: Sequence[Tree]
) -> tuple[dict[Place, Facts], AbstractSet[Place]]:
    """Keep the finest nodes of which all siblings keep the rules, in every block."""
    if len(trees) != 1:
        raise CellsInvalid("merging up goes along one hierarchy at a time")
    (tree,) = trees
    failing = {nodes[0] for _, nodes in primary}
    kept = {nodes[0] for _, nodes in known if nodes[0][0] == 0}
    for level in range(1, max((node[0] for node in tree.below), default=0) + 1):
        for node in (each for each in tree.below if each[0] == level):
            under = set(_descendants(tree, node)) & kept
            if under & failing:
                kept = (kept - under) | {node}
    chosen = {place: facts for place, facts in known.items() if place[1][0] in kept}
    return chosen, primary & set(chosen)


def _descendants(tree: Tree, node: Node) -> Iterator[Node]:
    for child in tree.below.get(node, ()):
        yield child
        yield from _descendants(tree, child)


def _protected(  # noqa: PLR0917 - all parts of one result
    cells: Aggregated,
    cube: Cube,
    shown: Mapping[Place, Facts],
    primary: AbstractSet[Place],
    secondary: AbstractSet[Place],
    method: str,
) -> Protected:
    table, exact = published_totals(cells, shown, primary, secondary, cube.trees)
    return Protected(
        table=table,
        primary=len(primary),
        secondary=len(secondary),
        method=method,
        exact=exact,
        cube=cube,
        told=shown.keys() - primary - secondary,
    )
