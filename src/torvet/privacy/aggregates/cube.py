"""Cells and all totals over them, and which cell is the sum of which.

A dimension is a column with a hierarchy: a cell stands at a node (level, label) of each. Columns
without one are a block: no total runs over them, so that every block is a table of its own.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from torvet.privacy.errors import CellsInvalid
from torvet.privacy.recoding.hierarchies import Hierarchy

LEVEL = "_level"
TOTALS = b"torvet.totals"
"""Schema metadata of a table with totals: its value column, and each node's node above."""

Node = tuple[int, str]
Place = tuple[tuple[Any, ...], tuple[Node, ...]]
"""A block, and a node for each dimension."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What rules need to know of a cell; `largest` may be an upper bound, `units` a lower one."""

    total: int
    units: int
    largest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """The cell at place `whole` is the sum of those at `parts` (numbers of rows)."""

    whole: int
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One dimension: for each node the one above it; the root has none."""

    column: str
    above: Mapping[Node, Node]
    below: Mapping[Node, tuple[Node, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        below: dict[Node, list[Node]] = defaultdict(list)
        for node, parent in self.above.items():
            below[parent].append(node)
        object.__setattr__(self, "below", {node: tuple(all_) for node, all_ in below.items()})


def tree_of(column: str, hierarchy: Hierarchy, leaves: Iterable[Any]) -> Tree:
    """Return the part of a hierarchy above `leaves`; raises HierarchyMissesValue."""
    above: dict[Node, Node] = {}
    for leaf in leaves:
        for level in range(hierarchy.levels - 1):
            node = (level, str(hierarchy.value(leaf, level)))
            above[node] = (level + 1, str(hierarchy.value(leaf, level + 1)))
    return Tree(column=column, above=above)


def rolled_up(
    cells: Mapping[Place, Facts], trees: Sequence[Tree], *, disjoint: Sequence[bool]
) -> dict[Place, Facts]:
    """Return the cells and every total over them.

    Where units of different cells are different (`disjoint`, one answer for each dimension), they
    add up and the largest stays the largest. Where they may be the same, a total has at least as
    many units as its largest part, and its largest contribution is at most the sum of theirs.
    """
    found = dict(cells)
    for axis, tree in enumerate(trees):
        for place in list(found):
            block, nodes = place
            facts, node = found[place], nodes[axis]
            while node in tree.above:
                node = tree.above[node]
                higher = (block, (*nodes[:axis], node, *nodes[axis + 1 :]))
                known = found.get(higher)
                found[higher] = facts if known is None else _joined(known, facts, disjoint[axis])
    return found


def _joined(one: Facts, other: Facts, apart: bool) -> Facts:
    return Facts(
        total=one.total + other.total,
        units=one.units + other.units if apart else max(one.units, other.units),
        largest=max(one.largest, other.largest) if apart else one.largest + other.largest,
    )


def sums_of(places: Sequence[Place], trees: Sequence[Tree]) -> list[Sum]:
    """Return every sum between cells: each total with its parts along one dimension."""
    row_of = {place: row for row, place in enumerate(places)}
    found = []
    for row, (block, nodes) in enumerate(places):
        for axis, tree in enumerate(trees):
            parts = tuple(
                row_of[part]
                for child in tree.below.get(nodes[axis], ())
                if (part := (block, (*nodes[:axis], child, *nodes[axis + 1 :]))) in row_of
            )
            if parts:
                found.append(Sum(whole=row, parts=parts))
    return found


def described(trees: Sequence[Tree], value: str) -> dict[bytes, bytes]:
    """Return what a table says about its own totals; `reread` reads it."""
    held = {
        "value": value,
        "dimensions": {tree.column: [list(pair) for pair in tree.above.items()] for tree in trees},
    }
    return {TOTALS: json.dumps(held, ensure_ascii=False, separators=(",", ":")).encode()}


def reread(table: pa.Table) -> tuple[str, list[Place], list[Tree]]:
    """Return value column, places and dimensions of a published table; raise CellsInvalid."""
    held = (table.schema.metadata or {}).get(TOTALS)
    if held is None:
        raise CellsInvalid(
            "the table does not say which cells are totals of which (suppress_secondary does)"
        )
    said = json.loads(held)
    trees = [
        Tree(column=column, above={_node(node): _node(above) for node, above in pairs})
        for column, pairs in said["dimensions"].items()
    ]
    value = str(said["value"])
    own = {value, "contributors", "suppressed"}
    own |= {name for tree in trees for name in (tree.column, tree.column + LEVEL)}
    blocks = [table[name].to_pylist() for name in table.schema.names if name not in own]
    nodes = [
        zip(table[tree.column + LEVEL].to_pylist(), table[tree.column].to_pylist(), strict=True)
        for tree in trees
    ]
    block_of = zip(*blocks, strict=True) if blocks else (() for _ in range(table.num_rows))
    node_of = zip(*nodes, strict=True) if nodes else (() for _ in range(table.num_rows))
    return value, list(zip(block_of, node_of, strict=True)), trees


def _node(pair: Sequence[Any]) -> Node:
    return int(pair[0]), str(pair[1])
