"""What the search works with: the rules, the ground it works on, and what it found."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .lattice import Lattice

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Floats = NDArray[np.float64]


class Rules(NamedTuple):
    """What a node must keep, and how it is measured.

    `squares` measures discernibility, else `lattice.shares`; `most` is the loss of a suppressed
    row. `least_presence` above 0 forbids suppression.
    """

    k: int
    k_population: int
    least_presence: float
    most_presence: float
    limit: int
    squares: bool
    most: float
    judged: bool


class Ground(NamedTuple):
    """Working arrays, one row for each depth; `segments[d]` bounds the classes of depth d."""

    level: Ints
    classes: Ints
    suppressed: Ints
    lost: Floats
    segments: Ints
    suffix: Codes
    rows: Ints
    people: Ints
    runs: Ints
    lead: Codes
    run_count: Ints
    run_people: Ints
    run_of: Codes
    new: Codes
    weight: Floats
    prefix_count: Ints
    prefix_people: Ints
    prefix_weight: Floats
    kept: Codes
    stamp: Ints
    mark: Codes
    tick: Ints
    spare_suffix: Codes
    spare_count: Ints
    spare_people: Ints


class Best(NamedTuple):
    """The best value met by any thread, and the best node met by this one."""

    bound: Floats
    value: Floats
    node: Ints
    evaluated: Ints


class Surface(NamedTuple):
    """For each node and each k: rows suppressed, discernibility, and summed shares."""

    ks: Ints
    suppressed: Ints
    squares: Floats
    shares: Floats


def ground_of(lattice: Lattice) -> Ground:
    """Return working arrays for one thread."""
    depth, groups = len(lattice.levels) + 1, len(lattice.counts)
    people = groups if lattice.population.size else 0

    def wide(kind: type, *, size: int = groups) -> NDArray[Any]:
        return np.empty((depth, size), dtype=kind)

    return Ground(
        level=np.empty(depth, dtype=np.int64),
        classes=np.zeros(depth, dtype=np.int64),
        suppressed=np.zeros(depth, dtype=np.int64),
        lost=np.zeros(depth),
        segments=wide(np.int64, size=groups + 1),
        suffix=wide(np.int32),
        rows=wide(np.int64),
        people=wide(np.int64, size=people),
        runs=wide(np.int64, size=groups + 1),
        lead=wide(np.int32),
        run_count=wide(np.int64),
        run_people=wide(np.int64, size=people),
        run_of=wide(np.int32),
        new=np.empty(groups, dtype=np.int32),
        weight=wide(np.float64),
        prefix_count=np.empty(groups, dtype=np.int64),
        prefix_people=np.empty(people, dtype=np.int64),
        prefix_weight=np.empty(groups),
        kept=np.empty(groups, dtype=np.int32),
        stamp=np.zeros(max(lattice.suffixes, lattice.widest) + 1, dtype=np.int64),
        mark=np.empty(max(lattice.suffixes, lattice.widest) + 1, dtype=np.int32),
        tick=np.ones(1, dtype=np.int64),
        spare_suffix=np.empty(groups, dtype=np.int32),
        spare_count=np.empty(groups, dtype=np.int64),
        spare_people=np.empty(people, dtype=np.int64),
    )
