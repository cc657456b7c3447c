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
    names = tuple(quasi_identifiers)
    table = as_table(names, *surface_of(groups, ks))
    limit = int(suppression_limit * groups.rows + 1e-9)
    within = table.filter(pc.less_equal(table["suppressed"], limit))
    return [_line(within, k, names, groups.rows) for k in ks]


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
