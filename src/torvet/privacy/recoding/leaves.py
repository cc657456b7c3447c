"""Values become small numbers: the leaves of a hierarchy, or the values of a sensitive column."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from torvet.privacy.errors import HierarchyNotATree

from .hierarchies import Hierarchy, spelled

WHOLE_RANGE_MAX = 1 << 16

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tree:
    """A hierarchy over known leaves. Level 0 is the leaves themselves, the last has one code.

    `labels[level][code]` is what is written, `codes[level][leaf]` the code of a leaf, and
    `below[level][code]` the number of leaves below a code.
    """

    labels: tuple[tuple[str | None, ...], ...]
    codes: tuple[Codes, ...]
    below: tuple[Ints, ...]


class Leaves:
    """The leaves of one quasi-identifier: those the hierarchy knows, and those that come."""

    def __init__(self, hierarchy: Hierarchy) -> None:
        self.hierarchy = hierarchy
        self._codes: dict[str | None, int] = {}
        self._steps: list[tuple[str | None, ...]] = []
        self._parents: dict[tuple[int, str | None], str | None] = {}
        for leaf in hierarchy.leaves:
            self._add(leaf)

    def __len__(self) -> int:
        return len(self._steps)

    def code(self, value: object) -> int:
        """Return the code of a value; raise HierarchyMissesValue or HierarchyNotATree."""
        leaf = spelled(value)
        known = self._codes.get(leaf)
        return self._add(leaf) if known is None else known

    def tree(self) -> Tree:
        """Return the tree over the leaves that are known by now."""
        count = len(self._steps)
        labels: list[tuple[str | None, ...]] = [tuple(self._codes)]
        codes = [np.arange(count, dtype=np.int32)]
        for level in range(self.hierarchy.levels - 1):
            numbers: dict[str | None, int] = {}
            above = [numbers.setdefault(steps[level], len(numbers)) for steps in self._steps]
            labels.append(tuple(numbers))
            codes.append(np.array(above, dtype=np.int32))
        below = tuple(np.bincount(each).astype(np.int64) for each in codes)
        return Tree(labels=tuple(labels), codes=tuple(codes), below=below)

    def _add(self, leaf: str | None) -> int:
        steps = self.hierarchy.steps(leaf)
        if self.hierarchy.rule is not None:
            self._fits(steps)
        self._codes[leaf] = len(self._steps)
        self._steps.append(steps)
        return len(self._steps) - 1

    def _fits(self, steps: tuple[str | None, ...]) -> None:
        for level, child in enumerate(steps[:-1]):
            parent = self._parents.setdefault((level, child), steps[level + 1])
            if parent != steps[level + 1]:
                raise HierarchyNotATree(
                    self.hierarchy.name,
                    f"{child!r} belongs to {parent!r} and to {steps[level + 1]!r}",
                )


class Values:
    """The values of a sensitive column, numbered as they come. No value is a value of its own."""

    def __init__(self) -> None:
        self._codes: dict[Any, int] = {}

    def __len__(self) -> int:
        return len(self._codes)

    def code(self, value: object) -> int:
        """Return the number of a value."""
        known = None if isinstance(value, float) and value != value else value  # noqa: PLR0124 - NaN
        return self._codes.setdefault(known, len(self._codes))

    def ranks(self) -> Codes:
        """Return the place of each value in their order: none first, numbers, then texts."""
        kept = list(self._codes)
        ordered = sorted(range(len(kept)), key=lambda place: _sort_key(kept[place]))
        ranks = np.empty(len(kept), dtype=np.int32)
        ranks[ordered] = np.arange(len(kept), dtype=np.int32)
        return ranks

    def ordered(self) -> tuple[object, ...]:
        """Return the values in their order."""
        return tuple(sorted(self._codes, key=_sort_key))

    def tree(self) -> Tree:
        """Return a tree of one level: the values as they are."""
        count = len(self._codes)
        return Tree(
            labels=(tuple(spelled(each) for each in self._codes),),
            codes=(np.arange(count, dtype=np.int32),),
            below=(np.ones(count, dtype=np.int64),),
        )


def _sort_key(value: object) -> tuple[int, float, str]:
    if value is None:
        return (0, 0.0, "")
    if isinstance(value, int | float):
        return (1, float(value), "")
    return (2, 0.0, str(spelled(value)))


def as_dictionary(column: pa.Array) -> pa.Array:
    """Return a column whose values are met once each; narrow whole numbers stay as they are.

    The interpreter is not needed meanwhile: columns are encoded beside each other.
    """
    if pa.types.is_dictionary(column.type):
        return column
    if pa.types.is_integer(column.type) and column.null_count == 0 and len(column):
        ends = pc.min_max(column).as_py()
        if ends["max"] - ends["min"] < WHOLE_RANGE_MAX:
            return column
    return pc.dictionary_encode(column)


def coded(column: pa.Array, code: Callable[[object], int]) -> tuple[Codes, Ints]:
    """Return for each row an index, and for each index the code of its value.

    Dictionaries and narrow ranges of whole numbers are met once a value, never once a row.
    """
    column = as_dictionary(column)
    if not pa.types.is_dictionary(column.type):
        return _whole(column, code)
    values = column.dictionary.to_pylist()
    indices = column.indices
    if indices.null_count:
        indices = pc.fill_null(indices, len(values))
        values.append(None)
    places = indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    return places, _codes_of_used(places, values, code)


def _codes_of_used(places: Codes, values: Sequence[object], code: Callable[[object], int]) -> Ints:
    """Give codes to the values that occur; a dictionary may hold values that no row has."""
    used = np.zeros(len(values), dtype=np.bool_)
    used[places] = True
    found = np.zeros(max(len(values), 1), dtype=np.int64)
    for place in np.flatnonzero(used):
        found[place] = code(values[int(place)])
    return found


def _whole(column: pa.Array, code: Callable[[object], int]) -> tuple[Codes, Ints]:
    ends = pc.min_max(column).as_py()
    numbers = column.to_numpy(zero_copy_only=False).astype(np.int64)
    places = (numbers - ends["min"]).astype(np.int32)
    return places, _codes_of_used(places, range(ends["min"], ends["max"] + 1), code)
