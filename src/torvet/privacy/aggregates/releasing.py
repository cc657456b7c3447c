"""Cells together with their totals, as a policy lets them go: what is told, and what follows.

Whoever has the releases before lays them beside this one. Cells and totals that are told in any
of them, with the figure that is still true, are what a reader knows; from that the bounds of every
cell are sought which a rule objected to, or of which another figure was told (`feasible`). A block
in which one of them could be narrowed to less than the protection is not told at all. See
docs/decisions/0107.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from torvet.privacy.errors import CellsInvalid

from .cells import Aggregated
from .cube import LEVEL, Place, sums_of
from .feasible import intervals
from .rules import Totals
from .secondary import Cube, Protected, moves, suppress_secondary
from .totals import published_totals

PLACES_MAX = 100_000
"""Cells and totals that are protected by suppressing others; more are merged up."""
MERGED_MAX = 1_000_000
ROUNDED = 1e-9
"""What a bound may be off, as a share of the largest figure: more is taken for found out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a release tells of cells and totals.

    `table` has a line for each: the columns of `by` (over which totals run: as labels, with
    `<column>_level` beside them), the value, `contributors` and `suppressed`. `cells` are those
    of its lines that are no totals, typed as in the source. `every` is what an attacker has to
    work on: all cells and totals, null where nothing is told; `truths` is what they are.
    """

    table: pa.Table
    cells: pa.Table
    every: pa.Table = field(repr=False)
    truths: NDArray[np.float64] = field(repr=False)
    places: int
    changed: int
    """Figures left out because a release before has another one for the same place."""
    blocks_left_out: int


def tell(cells: Aggregated, totals: Totals, earlier: Sequence[pa.Table] = ()) -> Told:
    """Make totals, keep back what would be found out, and say what may be released.

    Args:
        cells: what `aggregate` made.
        totals: over what, and by how much each withheld figure could be larger or smaller.
        earlier: the releases of the same cells and totals, as they were told.

    Raises:
        CellsInvalid: there are too many cells to be protected, or `totals` does not fit them.
        HierarchyMissesValue: a cell has no place in its hierarchy.
    """
    most = PLACES_MAX if totals.method == "suppress" else MERGED_MAX
    if cells.cells > most:
        raise CellsInvalid(
            f"{cells.cells:,} cells are more than {most:,}, which can be protected beside their"
            " totals: aggregate to fewer, or choose the method merge-up"
        )
    protected = suppress_secondary(
        cells, totals.hierarchies, totals.protection, method=totals.method
    )
    cube = protected.cube
    before = [_figures(each, cells, totals) for each in earlier]
    differing = {
        place
        for figures in before
        for place, figure in figures.items()
        if place in protected.told and figure != cube.known[place].total
    }
    told = protected.told - differing
    known = told | {
        place
        for figures in before
        for place, figure in figures.items()
        if place in cube.known and figure == cube.known[place].total
    }
    found_out = _found_out(cube, known, cube.primary | differing, totals.protection)
    told = frozenset(place for place in told if place[0] not in found_out)
    return _as_told(cells, cube, told, protected, len(differing), len(found_out))


def _figures(table: pa.Table, cells: Aggregated, totals: Totals) -> dict[Place, int]:
    """Return what a release before tells of each place."""
    wanted = [*cells.by, cells.value, *(name + LEVEL for name in totals.hierarchies)]
    if not set(wanted) <= set(table.column_names):
        raise CellsInvalid("a release before has no totals, or totals over something else")
    columns: dict[str, list[Any]] = {}
    for name in cells.by:
        kind = pa.string() if name in totals.hierarchies else cells.table.schema.field(name).type
        columns[name] = table[name].cast(kind).to_pylist()
    levels = {name: table[name + LEVEL].to_pylist() for name in totals.hierarchies}
    blocks = [name for name in cells.by if name not in totals.hierarchies]
    return {
        (
            tuple(columns[name][row] for name in blocks),
            tuple((levels[name][row], columns[name][row]) for name in totals.hierarchies),
        ): figure
        for row, figure in enumerate(table[cells.value].to_pylist())
        if figure is not None
    }


def _found_out(
    cube: Cube, known: AbstractSet[Place], guarded: AbstractSet[Place], protection: float
) -> set[tuple[Any, ...]]:
    """Return the blocks in which one of the `guarded` figures follows from the `known` ones."""
    places = list(cube.known)
    values = np.array([cube.known[place].total for place in places], dtype=np.float64)
    hidden = np.array([place not in known for place in places], dtype=np.bool_)
    low, high = intervals(values, hidden, sums_of(places, cube.trees))
    slack = ROUNDED * (1 + values.max(initial=0.0))
    found = set()
    for row, place in enumerate(places):
        if place in guarded and hidden[row]:
            up, *down = moves(values[row], protection)
            reach_up = high[row] >= values[row] + up - slack
            reach_down = low[row] <= values[row] + sum(down) + slack
            if not (reach_up and reach_down):
                found.add(place[0])
    return found


def _as_told(  # noqa: PLR0917 - all parts of one result
    cells: Aggregated,
    cube: Cube,
    told: AbstractSet[Place],
    protected: Protected,
    changed: int,
    blocks_left_out: int,
) -> Told:
    withheld = cube.known.keys() - told
    every, exact = published_totals(
        cells, cube.known, withheld & cube.primary, withheld - cube.primary, cube.trees
    )
    over = {tree.column for tree in cube.trees}
    order = [it for name in cells.by for it in ((name, name + LEVEL) if name in over else (name,))]
    lines = every.filter(pc.is_valid(every[cells.value])).replace_schema_metadata(None)
    own = pa.array([place in told for place in cube.cells], pa.bool_())
    shown = cells.table.select([*cells.by]).append_column(cells.value, cells.exact["total"])
    return Told(
        table=lines.select([*order, cells.value, "contributors", "suppressed"]),
        cells=shown.filter(own),
        every=every,
        truths=exact["total"].to_numpy().astype(np.float64),
        places=protected.cells,
        changed=changed,
        blocks_left_out=blocks_left_out,
    )
