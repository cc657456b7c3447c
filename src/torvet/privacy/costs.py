"""What each k would cost: the best transformation for each, without making any release."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .recoding.anonymise import gathered
from .recoding.hierarchies import Hierarchy
from .recoding.models import KAnonymity
from .recoding.optimum import surface_of
from .recoding.result import SURFACE_NODES_MAX, as_table
from .sources import opened

COSTS = frozenset({"k", "suppressed", "discernibility", "loss"})


def costs_of(
    source: Any,
    quasi_identifiers: Mapping[str, Hierarchy],
    ks: Sequence[int],
    *,
    suppression_limit: float,
) -> list[dict[str, Any]]:
    """Return for each k the transformation of least Loss that suppresses no more than allowed.

    `source` is whatever `anonymise` takes. Each line holds `k`, `possible`, and where it is:
    `transformation` (levels), `suppressed` (rows), `suppressed_share` and `loss` (0 to 1). There
    are no lines where the lattice has more than SURFACE_NODES_MAX nodes.
    """
    with opened(source) as rows:
        _gathering, groups = gathered(rows, quasi_identifiers, (KAnonymity(1),), ())
    nodes = 1
    for tree in groups.trees:
        nodes *= len(tree.codes)
    if nodes > SURFACE_NODES_MAX:
        return []
    table = as_table(tuple(quasi_identifiers), *surface_of(groups, ks))
    return lines_of(table, ks, groups.rows, suppression_limit=suppression_limit)


def lines_of(
    surface: pa.Table, ks: Sequence[int], rows: int, *, suppression_limit: float
) -> list[dict[str, Any]]:
    """Return the same of a surface that is there: a column of levels each, `k`, and the costs."""
    names = [name for name in surface.column_names if name not in COSTS]
    within = surface.filter(
        pc.less_equal(surface["suppressed"], int(suppression_limit * rows + 1e-9))
    )
    return [_line(within, k, names, rows) for k in ks]


def _line(table: pa.Table, k: int, names: Sequence[str], rows: int) -> dict[str, Any]:
    of_k = table.filter(pc.equal(table["k"], k)).sort_by("loss")
    if not of_k.num_rows:
        return {"k": k, "possible": False}
    best = of_k.slice(0, 1).to_pylist()[0]
    return {
        "k": k,
        "possible": True,
        "transformation": {name: best[name] for name in names},
        "suppressed": best["suppressed"],
        "suppressed_share": round(best["suppressed"] / max(rows, 1), 6),
        "loss": round(max(best["loss"], 0.0), 6),
    }
