"""The lattice of all transformations, laid out as plain arrays for the compiled search.

A node gives each quasi-identifier a level. A group is a set of rows that agree in all leaves (and
in the sensitive values, where a model looks at them). The search generalises one quasi-identifier
after the other; what is left of a group behind the one in hand is its *suffix*. Suffixes are
numbered once, so that a group under a prefix of levels is a pair of small numbers, however many
quasi-identifiers there are.
"""

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from torvet.privacy.errors import TooManyNodes

from .leaves import Tree
from .tally import number_pairs

NODES_MAX = 2**48

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Floats = NDArray[np.float64]


class Lattice(NamedTuple):
    """Q quasi-identifiers in the order of the search, G groups, the levels of each.

    `maps[starts[q, level] + leaf]` is the code of a leaf on a level, and `shares[firsts[q, level]
    + code]` what a row loses by it: `marginals[q, level]` summed over all rows, `tops[q, level]`
    at most. `ahead[d]` and `rest[d]` sum these two over level 0 from q = d on. Of a suffix s at
    depth d, `leads[depths[d] + s]` is the leaf of q = d and `follows[depths[d] + s]` the suffix at
    depth d + 1. `strides` number the nodes in the order of the columns.
    """

    order: Ints
    levels: Ints
    strides: Ints
    sizes: Ints
    starts: Ints
    maps: Codes
    firsts: Ints
    shares: Floats
    marginals: Floats
    tops: Floats
    ahead: Floats
    rest: Floats
    depths: Ints
    leads: Codes
    follows: Codes
    counts: Ints
    population: Ints
    suffixes: int
    widest: int
    nodes: int


def lattice_of(
    trees: Sequence[Tree],
    codes: Sequence[Codes],
    counts: Ints,
    *,
    secrets: Codes,
    population: Ints,
    losses: Sequence[Sequence[Floats]],
) -> Lattice:
    """Lay out the lattice of `trees` over the groups `codes[q][g]`, `counts[g]`.

    Args:
        trees: one for each quasi-identifier.
        codes: the leaf of each group, for each quasi-identifier.
        counts: rows of each group.
        secrets: number of the combination of sensitive values of each group; all 0 without.
        population: rows of each group in the population; of length 0 without one.
        losses: for each quasi-identifier and level, what a row with each code loses.

    Raises:
        TooManyNodes: There are more than NODES_MAX nodes.
    """
    levels, strides = _numbering(trees)
    present = [len(np.unique(each)) for each in codes]
    order = np.array(sorted(range(len(trees)), key=lambda q: -present[q]), dtype=np.int64)
    ordered = [trees[q] for q in order]
    starts, maps = _flat([tree.codes for tree in ordered], np.int32)
    firsts, shares = _flat([losses[q] for q in order], np.float64)
    marginals, tops = _marginals(
        ordered, [losses[q] for q in order], [codes[q] for q in order], counts
    )
    depths, leads, follows = _suffixes([codes[q] for q in order], secrets)
    sizes = _sizes(ordered)
    return Lattice(
        order=order,
        levels=levels[order],
        strides=strides[order],
        sizes=sizes,
        starts=starts,
        maps=maps,
        firsts=firsts,
        shares=shares,
        marginals=marginals,
        tops=tops,
        ahead=_from_here_on(marginals[:, 0]),
        rest=_from_here_on(tops[:, 0]),
        depths=depths,
        leads=leads,
        follows=follows,
        counts=np.ascontiguousarray(counts),
        population=np.ascontiguousarray(population),
        suffixes=int(np.diff(depths).max(initial=1)),
        widest=int(sizes.max()),
        nodes=int(levels[0] * strides[0]),
    )


def _numbering(trees: Sequence[Tree]) -> tuple[Ints, Ints]:
    """Return the levels of each column, and by how much one level moves the number of a node."""
    levels = [len(tree.codes) for tree in trees]
    if prod(levels) > NODES_MAX:
        raise TooManyNodes(prod(levels), NODES_MAX)
    strides = [prod(levels[place + 1 :]) for place in range(len(levels))]
    return np.array(levels, dtype=np.int64), np.array(strides, dtype=np.int64)


def levels_of(lattice: Lattice, node: int) -> tuple[int, ...]:
    """Return the levels of a node, in the order of the columns."""
    found = [0] * len(lattice.order)
    for place, q in enumerate(lattice.order):
        found[q] = int(node // lattice.strides[place] % lattice.levels[place])
    return tuple(found)


def _sizes(trees: Sequence[Tree]) -> Ints:
    """Return how many codes each column has on each level."""
    sizes = np.zeros((len(trees), max(len(tree.labels) for tree in trees)), dtype=np.int64)
    for place, tree in enumerate(trees):
        sizes[place, : len(tree.labels)] = [len(labels) for labels in tree.labels]
    return sizes


def _flat(
    tables: Sequence[Sequence[NDArray[Any]]], kind: type[np.generic]
) -> tuple[Ints, NDArray[Any]]:
    """Join tables[q][level] to one array, with the start of each."""
    starts = np.zeros((len(tables), max(map(len, tables))), dtype=np.int64)
    pieces, end = [], 0
    for q, levels in enumerate(tables):
        for level, values in enumerate(levels):
            starts[q, level] = end
            end += len(values)
            pieces.append(np.asarray(values, dtype=kind))
    return starts, np.concatenate(pieces)


def _marginals(
    trees: Sequence[Tree],
    losses: Sequence[Sequence[Floats]],
    codes: Sequence[Codes],
    counts: Ints,
) -> tuple[Floats, Floats]:
    """Return what all rows lose at each level of each column, and the most that one loses."""
    found = np.zeros((len(trees), max(len(tree.codes) for tree in trees)))
    tops = np.zeros_like(found)
    for q, tree in enumerate(trees):
        rows = np.bincount(codes[q], weights=counts, minlength=len(tree.codes[0]))
        for level, above in enumerate(tree.codes):
            found[q, level] = rows @ losses[q][level][above]
            tops[q, level] = np.max(losses[q][level], initial=0.0)
    return found, tops


def _from_here_on(values: Floats) -> Floats:
    """Return for each depth the sum of the values from it on; 0 behind the last."""
    return np.array([float(values[place:].sum()) for place in range(len(values) + 1)])


def _suffixes(codes: Sequence[Codes], secrets: Codes) -> tuple[Ints, Codes, Codes]:
    """Number the suffixes from the last depth to the first; depth 0 numbers the groups."""
    behind = secrets
    leads: list[Codes] = []
    follows: list[Codes] = []
    for place in range(len(codes) - 1, -1, -1):
        if place == 0:
            leads.append(codes[0].astype(np.int32))
            follows.append(behind.astype(np.int32))
            break
        behind, lead, follow = number_pairs(codes[place], behind)
        leads.append(lead)
        follows.append(follow)
    leads.reverse()
    follows.reverse()
    depths = np.zeros(len(codes) + 1, dtype=np.int64)
    depths[1:] = np.cumsum([len(each) for each in leads])
    return depths, np.concatenate(leads), np.concatenate(follows)
