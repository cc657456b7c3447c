"""One pass over the rows: what is left are groups, their leaves, and counts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .grouping import Grouping
from .hierarchies import Hierarchy
from .leaves import Leaves, Tree, Values, as_dictionary, coded
from .tally import HALF_KEY, HALF_KEY_BITS, Tally

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Secrets:
    """Sensitive values of groups: each pair of a group and a combination of values, counted.

    `combinations[s, column]` is the rank of a value among `values[column]`, which are in order.
    """

    group: Codes
    combination: Codes
    counts: Ints
    combinations: Codes
    values: tuple[tuple[object, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Groups:
    """Rows that agree in all leaves: `codes[q][g]` leaves, `counts[g]` rows.

    `people[g]` are the rows of the group in the population, of length 0 without a population.
    A group of the population that the table does not have counts 0 rows.
    """

    trees: tuple[Tree, ...]
    codes: tuple[Codes, ...]
    counts: Ints
    people: Ints
    secrets: Secrets | None

    @property
    def rows(self) -> int:
        return int(self.counts.sum())


class Gathering:
    """Takes batches of rows, and then says what groups there are."""

    def __init__(
        self, quasi_identifiers: Mapping[str, Hierarchy | None], sensitive: Sequence[str]
    ) -> None:
        self._names = tuple(quasi_identifiers)
        self.leaves = [
            Values() if hierarchy is None else Leaves(hierarchy)
            for hierarchy in quasi_identifiers.values()
        ]
        self._grouping = Grouping(self._sizes())
        self._sensitive = tuple(sensitive)
        self.values = [Values() for _ in sensitive]
        self._combining = Grouping([1 << 8] * max(len(sensitive), 1))
        self._pairs = Tally()

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self._names, *self._sensitive)

    def take(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Count the rows of batches that have at least `columns`."""
        for batch in _encoded(batches, self.columns):
            groups = self._counted(batch)
            if self._sensitive:
                secrets = self._combined(batch)
                self._pairs.count(groups.astype(np.int64) << HALF_KEY_BITS | secrets)

    def people(self, batches: Iterable[pa.RecordBatch]) -> Ints:
        """Count the population in the groups of the table, and in groups of its own.

        To be called after `take`; returns the population of each group.
        """
        before = self._grouping.counts.copy()
        for batch in _encoded(batches, self._names):
            self._counted(batch)
        people = self._grouping.counts.copy()
        people[: len(before)] -= before
        self._rows = np.zeros(len(people), dtype=np.int64)
        self._rows[: len(before)] = before
        return people

    def groups(self, people: Ints | None = None) -> Groups:
        """Return what was gathered."""
        return Groups(
            trees=tuple(each.tree() for each in self.leaves),
            codes=tuple(self._grouping.codes()),
            counts=self._grouping.counts.copy() if people is None else self._rows,
            people=np.zeros(0, dtype=np.int64) if people is None else people,
            secrets=self._secrets() if self._sensitive else None,
        )

    def _sizes(self) -> list[int]:
        return [len(each) + 1 for each in self.leaves]

    def _counted(self, batch: pa.RecordBatch) -> Codes:
        columns = [
            coded(batch.column(name), leaves.code)
            for name, leaves in zip(self._names, self.leaves, strict=True)
        ]
        if not self._grouping.holds(self._sizes()):
            self._grouping = self._grouping.widened(self._sizes())
        return self._grouping.count(columns)

    def _combined(self, batch: pa.RecordBatch) -> Codes:
        columns = [
            coded(batch.column(name), values.code)
            for name, values in zip(self._sensitive, self.values, strict=True)
        ]
        sizes = [len(each) for each in self.values]
        if not self._combining.holds(sizes):
            self._combining = self._combining.widened(sizes)
        return self._combining.count(columns)

    def _secrets(self) -> Secrets:
        ranks = [values.ranks() for values in self.values]
        codes = [rank[codes] for rank, codes in zip(ranks, self._combining.codes(), strict=True)]
        keys = self._pairs.keys
        return Secrets(
            group=(keys >> HALF_KEY_BITS).astype(np.int32),
            combination=(keys & HALF_KEY).astype(np.int32),
            counts=self._pairs.counts.copy(),
            combinations=np.ascontiguousarray(np.stack(codes, axis=1), dtype=np.int32),
            values=tuple(values.ordered() for values in self.values),
        )


def _encoded(batches: Iterable[pa.RecordBatch], names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Give the batches with their columns as dictionaries, made on all cores."""
    with ThreadPoolExecutor() as pool:
        for batch in batches:
            columns = list(pool.map(as_dictionary, [batch.column(name) for name in names]))
            yield pa.RecordBatch.from_arrays(columns, names=list(names))
