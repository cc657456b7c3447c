"""What Mondrian asks of a class beyond its size: l-diversity and t-closeness, as plain arrays.

Definitions: Machanavajjhala et al., *l-diversity*, TKDD 2007 (distinct, entropy, recursive);
Li, Li and Venkatasubramanian, *t-closeness*, ICDE 2007 (equal, ordered, hierarchical distance).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cuts import Judges


class Kind(IntEnum):
    """How a demand judges the sensitive values of a class; the numbers are those in `cuts`."""

    DISTINCT = 0
    ENTROPY = 1
    RECURSIVE = 2
    ORDERED = 3
    TREE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One demand on sensitive column `column` (place among the sensitive columns).

    `bound` is l or t, `c` the constant of recursive (c, l)-diversity. `tree` says for TREE which
    node stands above each value at each level: (levels below the root, values), level 0 = the
    values themselves, dense from 0. One level alone is the equal distance.
    """

    kind: Kind
    bound: float
    column: int = 0
    c: float = 1.0
    tree: tuple[tuple[int, ...], ...] = ()

    @property
    def words(self) -> str:
        """Return the demand as a person would say it."""
        if self.kind in (Kind.ORDERED, Kind.TREE):
            return f"{self.bound:g}-closeness"
        return f"{self.kind.name.lower()} {self.bound:g}-diversity"


def judges_of(secret: NDArray[Any], demands: Sequence[Demand]) -> Judges:
    """Lay demands out for the compiled cuts; `secret` is (rows, sensitive columns), dense codes."""
    columns = secret.shape[1]
    most = int(secret.max()) + 1 if secret.size else 1
    whole = np.zeros((columns, most), dtype=np.int64)
    for place in range(columns):
        whole[place] = np.bincount(secret[:, place], minlength=most)
    return judges_against(whole, demands)


def judges_against(whole: NDArray[np.int64], demands: Sequence[Demand]) -> Judges:
    """Lay demands out against `whole`, the rows of each value: (sensitive columns, values)."""
    most = whole.shape[1]
    values = np.array(
        [int(np.flatnonzero(each)[-1]) + 1 if each.any() else 1 for each in whole], dtype=np.int64
    )
    tall = max((len(each.tree) for each in demands), default=0)
    trees = np.zeros((len(demands), max(tall, 1), most), dtype=np.int64)
    for place, demand in enumerate(demands):
        for level, above in enumerate(demand.tree):
            trees[place, level, : min(len(above), most)] = above[:most]
    return Judges(
        kinds=np.array([int(each.kind) for each in demands], dtype=np.int64),
        columns=np.array([each.column for each in demands], dtype=np.int64),
        bounds=np.array([each.bound for each in demands], dtype=np.float64),
        constants=np.array([each.c for each in demands], dtype=np.float64),
        heights=np.array([len(each.tree) for each in demands], dtype=np.int64),
        trees=trees,
        values=values,
        whole_counts=whole,
    )
