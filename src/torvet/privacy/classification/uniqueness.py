"""Which few columns single rows out: with how many rows nobody shares the values.

Counted in the sample first, where every set of up to three columns is tried; then exactly, over
the whole table, for the sets that are told. What is alone in a sample may have company in the
table, so a number that is told is never the sample's.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from torvet.kit.sql import identifier

from .looking import Look, Readable
from .model import SingledOut

COLUMNS_MAX = 3
CANDIDATES_MAX = 12
TOLD_MAX = 3
ALONE_SHARE_MIN = 0.001
"""Sets that single out fewer rows than one in a thousand are not told."""


def alone_in_sample(look: Look, columns: Sequence[str]) -> int:
    """Return how many rows of the sample have values in `columns` that no other has."""
    keys = np.zeros(look.sample_rows, dtype=np.int64)
    for name in columns:
        codes = look.codes[name]
        # Dense after each step, so that no product of cardinalities overflows.
        _, keys = np.unique(keys * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)
    return int(np.count_nonzero(np.bincount(keys) == 1)) if len(keys) else 0


def singled_out(table: Readable, look: Look, candidates: Sequence[str]) -> tuple[SingledOut, ...]:
    """Return the smallest sets of `candidates` that single rows out, counted exactly.

    At most three sets of at most three columns: those that single out the most in the sample,
    where no set within them does nearly as much.
    """
    if not look.rows:
        return ()
    # The columns with the most values single out the most: with those it begins.
    by_values = sorted(candidates, key=lambda name: -look.column(name).distinct)[:CANDIDATES_MAX]
    counted = {
        chosen: alone_in_sample(look, chosen)
        for size in range(1, COLUMNS_MAX + 1)
        for chosen in combinations(by_values, size)
    }
    worthy = sorted(counted, key=lambda chosen: (-counted[chosen], len(chosen)))
    told: list[SingledOut] = []
    for chosen in worthy:
        if len(told) == TOLD_MAX or counted[chosen] < ALONE_SHARE_MIN * look.sample_rows:
            break
        if _much_the_same(chosen, counted):
            continue
        exact = _alone(table, chosen)
        if exact:
            told.append(SingledOut(columns=chosen, rows=exact, of=look.rows))
    return tuple(told)


def _much_the_same(chosen: tuple[str, ...], counted: dict[tuple[str, ...], int]) -> bool:
    """Say whether a column less does nine tenths of what `chosen` does."""
    return any(
        counted[fewer] >= 0.9 * counted[chosen]
        for fewer in combinations(chosen, len(chosen) - 1)
        if fewer
    )


def _alone(table: Readable, columns: Sequence[str]) -> int:
    names = ", ".join(identifier(name) for name in columns)
    found = table.rows(
        f"SELECT count(*) AS alone FROM"
        f" (SELECT {names}, count(*) AS n FROM source GROUP BY {names}) AS groups WHERE n = 1"
    )
    return int(str(found[0]["alone"]))
