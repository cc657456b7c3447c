"""What one unit can change, derived from how the table is made and what is asked of it.

Neighbouring tables differ in all rows of one unit. The prepared table holds at most one row for
each unit and slot, and at most `rows_per_unit` of a unit; values lie within their bounds. From
these alone follows how far a vector can move: nothing is declared by whoever asks.
"""

import math
from dataclasses import dataclass

from .question import Kind, Vector
from .spec import AnswerSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """How the rows of one unit can fall into the cells of a vector."""

    rows: int
    """Most rows that fit the question."""
    rows_per_cell: int
    cells: int

    @property
    def l2_squared(self) -> int:
        """Return the largest sum of squares that counts of them can have.

        Squares grow faster than counts, so the most is where as many cells as can be are full.
        """
        full = min(self.cells, self.rows // self.rows_per_cell)
        left = self.rows - full * self.rows_per_cell if full < self.cells else 0
        return full * self.rows_per_cell**2 + left**2


def contribution(spec: AnswerSpec, vector: Vector) -> Contribution:
    """Return the most that one unit adds to the cells that `vector` is over."""
    slots = _product(_slot_sizes(spec, vector, grouped=None))
    within = _product(_slot_sizes(spec, vector, grouped=False))
    rows = min(spec.rows_per_unit, slots)
    cells = math.prod(len(vector.kept(spec, name)) for name in vector.group_by)
    return Contribution(rows=int(rows), rows_per_cell=int(min(rows, within)), cells=cells)


def _slot_sizes(spec: AnswerSpec, vector: Vector, *, grouped: bool | None) -> list[float]:
    """Return how many values of each slot column fit: those that are not public are without end.

    With `grouped` False only the columns that the vector is not grouped by.
    """
    return [
        len(vector.kept(spec, name)) if name in spec.keys else math.inf
        for name in spec.slot
        if grouped is None or name not in vector.group_by
    ]


def _product(sizes: list[float]) -> float:
    return math.prod(sizes)


def l2_squared(spec: AnswerSpec, vector: Vector) -> int:
    """Return the square of the L2 sensitivity of `vector`: a whole number, exact.

    A row is in one bin of its cell, and worst where all of a cell's rows are in the same one.
    """
    squared = contribution(spec, vector).l2_squared
    match vector.kind:
        case Kind.SUM:
            return squared * spec.bounds[vector.column].furthest ** 2
        case Kind.CENTRED:
            return squared * spec.bounds[vector.column].reach ** 2
        case Kind.ROWS | Kind.VALUES | Kind.BINS:
            return squared
