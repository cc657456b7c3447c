"""The classes of one transformation: which are kept, and what is found in those that are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from torvet.privacy.compiled import compiled

from .cuts import Judges, keeps
from .grouping import Grouping
from .groups import Groups

NEAR = 1e-9

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Classes:
    """Classes of rows that look alike. `of_group[g]` is the class of a group.

    `codes[q][class]` are codes on the level of q, `people` the population of each class (of
    length 0 without one), `kept` whether the release shows the class. `grouping` numbers them.
    """

    grouping: Grouping
    of_group: Codes
    codes: tuple[Codes, ...]
    counts: Ints
    people: Ints
    kept: Flags

    @property
    def rows_kept(self) -> int:
        return int(self.counts[self.kept].sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread:
    """What each class holds of a sensitive column: different values, and distance from all.

    `entropy` is exp(entropy), the l of entropy l-diversity.
    """

    distinct: Ints
    entropy: Floats
    equal: Floats
    ordered: Floats


def classes_of(groups: Groups, levels: Sequence[int]) -> Classes:
    """Join the groups to the classes of a transformation, all of them kept as yet."""
    sizes = [len(tree.labels[level]) for tree, level in zip(groups.trees, levels, strict=True)]
    grouping = Grouping(sizes)
    columns = [
        (codes, tree.codes[level].astype(np.int64))
        for codes, tree, level in zip(groups.codes, groups.trees, levels, strict=True)
    ]
    of_group = grouping.count(columns, groups.counts)
    people = np.zeros(len(grouping) if groups.people.size else 0, dtype=np.int64)
    if groups.people.size:
        np.add.at(people, of_group, groups.people)
    counts = grouping.counts.copy()
    return Classes(
        grouping=grouping,
        of_group=of_group,
        codes=tuple(grouping.codes()),
        counts=counts,
        people=people,
        kept=counts > 0,
    )


def judged(groups: Groups, classes: Classes, judges: Judges) -> Flags:
    """Say of each class whether its sensitive values keep what is asked."""
    secrets = groups.secrets
    assert secrets is not None
    pair_class = classes.of_group[secrets.group]
    order = np.argsort(pair_class, kind="stable")
    ends = np.zeros(len(classes.counts) + 1, dtype=np.int64)
    np.cumsum(np.bincount(pair_class, minlength=len(classes.counts)), out=ends[1:])
    found = np.zeros(len(classes.counts), dtype=np.bool_)
    _judge(
        ends, secrets.combination[order], secrets.counts[order], secrets.combinations, judges, found
    )
    return found


def spreads_of(groups: Groups, classes: Classes) -> tuple[Spread, ...]:
    """Return the spread of each sensitive column in the kept classes, against all kept rows.

    Distances are the earth mover's (Li et al. 2007): all values equally far, or as far as ranks.
    """
    secrets = groups.secrets
    if secrets is None:
        return ()
    new = np.cumsum(classes.kept) - 1
    pair_class = classes.of_group[secrets.group]
    shown = classes.kept[pair_class] & (secrets.counts > 0)
    numbers = new[pair_class[shown]]
    counts = secrets.counts[shown]
    size = int(classes.kept.sum())
    found = []
    for column, values in enumerate(secrets.values):
        ranks = secrets.combinations[secrets.combination[shown], column]
        found.append(_spread(size, len(values), numbers, ranks, counts))
    return tuple(found)


def _spread(classes: int, values: int, numbers: Ints, ranks: Codes, counts: Ints) -> Spread:
    keys = numbers * values + ranks
    order = np.argsort(keys, kind="stable")
    whole = np.bincount(ranks, weights=counts, minlength=values)
    spread = Spread(
        distinct=np.zeros(classes, dtype=np.int64),
        entropy=np.ones(classes),
        equal=np.zeros(classes),
        ordered=np.zeros(classes),
    )
    if counts.size:
        _measure(
            keys[order],
            counts[order],
            whole / whole.sum(),
            spread.distinct,
            spread.entropy,
            spread.equal,
            spread.ordered,
        )
    return spread


@compiled
def _judge(  # noqa: PLR0917 - compiled functions take their arguments by place
    ends: Ints, combination: Codes, counts: Ints, secrets: Codes, judges: Judges, found: Flags
) -> None:
    held = np.zeros(judges.whole_counts.shape, dtype=np.int64)
    for each in range(found.size):
        held[:] = 0
        size = 0
        for row in range(ends[each], ends[each + 1]):
            size += counts[row]
            for column in range(secrets.shape[1]):
                held[column, secrets[combination[row], column]] += counts[row]
        found[each] = size == 0 or keeps(judges, held, size)


@compiled
def _measure(  # noqa: PLR0917 - as above
    keys: Ints,
    counts: Ints,
    whole: Floats,
    distinct: Ints,
    entropy: Floats,
    equal: Floats,
    ordered: Floats,
) -> None:
    """Measure each class from its pairs (class · values + rank), sorted; equal keys may recur.

    Between two values that a class holds its cumulated share stands still, while that of the
    whole rises: the distance over such a stretch is read from sums of the whole made once.
    """
    values = whole.size
    risen = np.cumsum(whole)
    area = np.zeros(values + 1)
    area[1:] = np.cumsum(risen)
    start = 0
    while start < keys.size:
        each = keys[start] // values
        end = start
        size = 0
        while end < keys.size and keys[end] // values == each:
            size += counts[end]
            end += 1
        held, spread, apart, walked, seen = 0, 0.0, 0.0, 0.0, 0.0
        kinds = 0
        at = 0
        row = start
        while row < end:
            rank = keys[row] % values
            count = 0
            while row < end and keys[row] % values == rank:
                count += counts[row]
                row += 1
            walked += _stretch(risen, area, at, rank, held / size)
            at = rank
            held += count
            kinds += 1
            share = count / size
            spread -= share * np.log(share)
            apart += abs(share - whole[rank])
            seen += whole[rank]
        walked += _stretch(risen, area, at, values, 1.0)
        distinct[each] = kinds
        entropy[each] = np.exp(spread)
        equal[each] = 0.5 * (apart + max(0.0, 1.0 - seen))
        ordered[each] = walked / max(values - 1, 1)
        start = end


@compiled
def _stretch(risen: Floats, area: Floats, start: int, end: int, share: float) -> float:
    """Return Σ |share − risen[i]| over start ≤ i < end; `risen` does not fall."""
    middle = start + np.searchsorted(risen[start:end], share)
    below = share * (middle - start) - (area[middle] - area[start])
    above = (area[end] - area[middle]) - share * (end - middle)
    return float(below + above)
