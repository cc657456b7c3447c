"""What a transformation costs: the metrics of a table recoded to given levels.

    utility.loss(table, {"age": ages, "sex": sexes}, {"age": 2, "sex": 0}, k=5)

Each takes the source, its hierarchies, the level of each column, and the size below which classes
are suppressed. Definitions: docs/decisions/0091.
"""

from collections.abc import Mapping
from typing import Any

from .errors import ColumnsInvalid
from .recoding.classes import classes_of
from .recoding.groups import Gathering
from .recoding.hierarchies import Hierarchy
from .recoding.measures import Utility, utility_of
from .sources import hold, opened

__all__ = ["Utility", "average_class_size", "discernibility", "entropy", "loss", "report"]


def report(
    source: Any, hierarchies: Mapping[str, Hierarchy], levels: Mapping[str, int], k: int = 1
) -> Utility:
    """Measure what recoding `source` to `levels` costs, classes below `k` rows suppressed.

    Raises:
        ColumnsInvalid: A column is missing, or a level is not one of its hierarchy.
        SourceUnreadable: The source is no table.
        HierarchyMissesValue: A hierarchy has no place for a value.
    """
    for name, hierarchy in hierarchies.items():
        if not 0 <= levels.get(name, -1) < hierarchy.levels:
            raise ColumnsInvalid(f"{name!r} needs a level from 0 to {hierarchy.levels - 1}")
    gathering = Gathering(hierarchies, ())
    with opened(source) as rows:
        hold(rows, gathering.columns, "source")
        gathering.take(rows.batches(gathering.columns))
    groups = gathering.groups()
    node = [levels[name] for name in hierarchies]
    classes = classes_of(groups, node)
    classes.kept[:] = classes.counts >= k
    return utility_of(groups, classes, node, k)


def loss(
    source: Any, hierarchies: Mapping[str, Hierarchy], levels: Mapping[str, int], k: int = 1
) -> float:
    """Return Loss (NCP): 0 as it was, 1 nothing left."""
    return report(source, hierarchies, levels, k).loss


def discernibility(
    source: Any, hierarchies: Mapping[str, Hierarchy], levels: Mapping[str, int], k: int = 1
) -> float:
    """Return DM: squared sizes of classes, and all rows for each suppressed one."""
    return report(source, hierarchies, levels, k).discernibility


def average_class_size(
    source: Any, hierarchies: Mapping[str, Hierarchy], levels: Mapping[str, int], k: int = 1
) -> float:
    """Return AECS: kept rows by kept classes by `k`; 1 at best, 0 where nothing is kept."""
    return report(source, hierarchies, levels, k).average_class_size


def entropy(
    source: Any, hierarchies: Mapping[str, Hierarchy], levels: Mapping[str, int], k: int = 1
) -> float:
    """Return non-uniform entropy in bits, over all rows."""
    return report(source, hierarchies, levels, k).entropy
