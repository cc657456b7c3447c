"""Risk and utility of a set of classes. Definitions: docs/decisions/0091."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .classes import Classes, spreads_of
from .groups import Groups

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
METRICS = ("loss", "discernibility", "entropy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """How safe a release was found, over its `rows` rows in `classes` classes.

    Prosecutor: the chance to single out a person known to be in the release, 1 by the smallest
    class. Journalist: the same for a person of the population; without a population the release
    is taken for it, which is never too small. Marketer: the share of rows expected to be found
    when all are tried, classes by rows. `l` is the fewest different values, `entropy_l` the least
    exp(entropy) and `t` the largest earth mover's distance (ordered for numbers, else equal) of
    each sensitive column, over all classes, against the release itself. All 0 for no rows.
    """

    rows: int
    classes: int
    prosecutor: float
    journalist: float
    marketer: float
    k: int
    l: Mapping[str, int]  # noqa: E741 - l-diversity is called by this letter
    entropy_l: Mapping[str, float]
    t: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Utility:
    """What a transformation cost; definitions in docs/decisions/0091.

    Loss 0 (as it was) to 1 (nothing left); discernibility in squared rows; entropy in bits.
    """

    loss: float
    discernibility: float
    average_class_size: float
    entropy: float

    def to_json(self) -> dict[str, float]:
        """Return it as JSON values."""
        return asdict(self)


def risk_of(groups: Groups, classes: Classes, sensitive: Sequence[str]) -> Risk:
    """Measure the kept classes; groups of the population alone are in none of them."""
    counts = classes.counts[classes.kept]
    if not counts.size:
        return Risk(
            rows=0,
            classes=0,
            prosecutor=0.0,
            journalist=0.0,
            marketer=0.0,
            k=0,
            l=dict.fromkeys(sensitive, 0),
            entropy_l=dict.fromkeys(sensitive, 0.0),
            t=dict.fromkeys(sensitive, 0.0),
        )
    smallest = int(counts.min())
    people = classes.people[classes.kept] if classes.people.size else counts
    spreads = spreads_of(groups, classes)
    values = groups.secrets.values if groups.secrets is not None else ()
    return Risk(
        rows=int(counts.sum()),
        classes=len(counts),
        prosecutor=1 / smallest,
        journalist=1 / max(int(people.min()), 1),
        marketer=len(counts) / int(counts.sum()),
        k=smallest,
        l={name: int(each.distinct.min()) for name, each in _zip(sensitive, spreads)},
        entropy_l={name: float(each.entropy.min()) for name, each in _zip(sensitive, spreads)},
        t={
            name: float((each.ordered if _numbers(held) else each.equal).max())
            for name, each, held in zip(sensitive, spreads, values, strict=True)
        },
    )


def utility_of(groups: Groups, classes: Classes, levels: Sequence[int], k: int) -> Utility:
    """Measure what the transformation `levels` lost; rows that are not kept lost everything."""
    rows = groups.rows
    kept = classes.counts[classes.kept]
    suppressed = rows - int(kept.sum())
    measured = {
        metric: Measure.of(metric, groups).value(classes, levels, rows)
        for metric in ("loss", "entropy")
    }
    return Utility(
        loss=max(measured["loss"], 0.0),
        discernibility=float((kept.astype(np.float64) ** 2).sum()) + float(suppressed) * rows,
        average_class_size=float(kept.sum()) / len(kept) / k if len(kept) else 0.0,
        entropy=max(measured["entropy"], 0.0),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measure:
    """A metric as a sum over rows: `losses[q][level][code]`, `most` for a suppressed row.

    The value of a node is the sum less `offset`. Discernibility is no such sum: its loss of a row
    is the size of its class (`squares`).
    """

    losses: tuple[tuple[Floats, ...], ...]
    most: float
    offset: float
    squares: bool = False

    @classmethod
    def of(cls, metric: str, groups: Groups) -> "Measure":
        """Return the measure that is called `metric`."""
        match metric:
            case "loss":
                return _loss(groups)
            case "entropy":
                return _entropy(groups)
            case _:
                blank = tuple(
                    tuple(np.zeros(len(labels)) for labels in tree.labels) for tree in groups.trees
                )
                return cls(losses=blank, most=float(groups.rows), offset=0.0, squares=True)

    def value(self, classes: Classes, levels: Sequence[int], rows: int) -> float:
        """Return the metric of a node from its classes."""
        counts = classes.counts[classes.kept].astype(np.float64)
        suppressed = rows - float(counts.sum())
        if self.squares:
            return float(counts @ counts) + suppressed * self.most
        lost = sum(
            float(counts @ self.losses[q][level][codes[classes.kept]])
            for q, (level, codes) in enumerate(zip(levels, classes.codes, strict=True))
        )
        return lost + suppressed * self.most - self.offset


def _loss(groups: Groups) -> Measure:
    """NCP: the share of leaves below a value, scaled so that leaves lose 0 and the root 1."""
    rows, width = groups.rows, len(groups.trees)
    losses, most, offset = [], 0.0, 0.0
    for tree in groups.trees:
        leaves = len(tree.labels[0])
        scale = 1 / (width * rows * (1 - 1 / leaves)) if leaves > 1 and rows else 0.0
        losses.append(tuple(scale * below / leaves for below in tree.below))
        most += scale
        offset += scale * rows / max(leaves, 1)
    return Measure(losses=tuple(losses), most=most, offset=offset)


def _entropy(groups: Groups) -> Measure:
    """Non-uniform entropy: bits to tell the leaf of a row among the rows of its value."""
    losses, offset = [], 0.0
    for tree, codes in zip(groups.trees, groups.codes, strict=True):
        leaf_rows = np.bincount(codes, weights=groups.counts, minlength=len(tree.labels[0]))
        losses.append(
            tuple(
                np.log2(np.maximum(np.bincount(above, weights=leaf_rows), 1.0))
                for above in tree.codes
            )
        )
        held = leaf_rows[leaf_rows > 0]
        offset += float(held @ np.log2(held))
    most = len(groups.trees) * float(np.log2(max(groups.rows, 1)))
    return Measure(losses=tuple(losses), most=most, offset=offset)


def _zip(names: Sequence[str], spreads: Sequence[Any]) -> list[tuple[str, Any]]:
    return list(zip(names, spreads, strict=True))


def _numbers(values: Sequence[object]) -> bool:
    """Say whether a column is of numbers, so that its values have an order and distances."""
    kept = [each for each in values if each is not None]
    return bool(kept) and all(
        isinstance(each, int | float) and not isinstance(each, bool) for each in kept
    )
