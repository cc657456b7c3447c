"""What an anonymisation gives back: the release, what it cost, and how safe it was found."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from torvet.privacy.certificates import Certificate
from torvet.privacy.errors import ModelsInvalid, TooManyNodes
from torvet.privacy.sources import Source, opened

from .ground import Surface
from .groups import Groups
from .lattice import Lattice
from .measures import Risk, Utility
from .optimum import surface_of

SURFACE_NODES_MAX = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Result:
    """An anonymised table. `rows` were read, `suppressed` of them left out of the release.

    `transformation` is the level of each quasi-identifier (0 = as it was), empty where recoding
    was local. `optimum` is the value of `metric`. The release is `table`, or the file `path`.
    """

    transformation: Mapping[str, int]
    metric: str
    optimum: float
    rows: int
    suppressed: int
    table: pa.Table | None
    path: Path | None
    risk: Risk
    utility: Utility
    nodes: int
    evaluated: int
    quasi_identifiers: tuple[str, ...]
    policy: Mapping[str, Any]
    remarks: tuple[str, ...] = ()
    groups: Groups = field(repr=False)
    digests: Callable[[], tuple[str, str]] = field(repr=False)

    def surface(self, ks: Sequence[int]) -> pa.Table:
        """Return what every transformation would cost for every k of `ks`, a row for each.

        Columns: the level of each quasi-identifier, `k`, `suppressed` (rows), `discernibility`
        and `loss`; nodes in the order of their levels. Only k is looked at, no other model.

        Raises:
            ModelsInvalid: A k is below 1, or there is none.
            TooManyNodes: There are more than SURFACE_NODES_MAX nodes.
        """
        if not ks or min(ks) < 1:
            raise ModelsInvalid("a surface is drawn over one k or more, each at least 1")
        nodes = 1
        for tree in self.groups.trees:
            nodes *= len(tree.codes)
        if nodes > SURFACE_NODES_MAX:
            raise TooManyNodes(nodes, SURFACE_NODES_MAX)
        lattice, surface = surface_of(self.groups, ks)
        return as_table(self.quasi_identifiers, lattice, surface)

    @property
    def certificate(self) -> Certificate:
        """Return the certificate of the release, not signed yet; reads source and release."""
        before, after = self.digests()
        return Certificate(
            treatment="anonymise",
            rows=self.rows - self.suppressed,
            suppressed=self.suppressed,
            input_sha256=before,
            output_sha256=after,
            policy=self.policy,
            transformation=self.transformation,
            models_found={"k": self.risk.k, "l": self.risk.l, "t": self.risk.t},
            risk={
                "prosecutor": self.risk.prosecutor,
                "journalist": self.risk.journalist,
                "marketer": self.risk.marketer,
            },
            utility=self.utility.to_json(),
            remarks=self.remarks,
        )


def digests_of(
    rows: Source, table: pa.Table | None, path: Path | None
) -> Callable[[], tuple[str, str]]:
    """Return what says the digests of source and release, when a certificate asks for them."""

    def digests() -> tuple[str, str]:
        if path is not None:
            with path.open("rb") as content:
                after = hashlib.file_digest(content, "sha256").hexdigest()
        else:
            with opened(table) as release:
                after = release.sha256()
        return rows.sha256(), after

    return digests


def as_table(names: Sequence[str], lattice: Lattice, surface: Surface) -> pa.Table:
    """Return a surface as a table: levels, k, suppressed, discernibility, loss."""
    nodes = np.repeat(np.arange(lattice.nodes), len(surface.ks))
    columns: dict[str, np.ndarray[Any, Any]] = dict.fromkeys(names, nodes)
    for place, q in enumerate(lattice.order):
        level = nodes // lattice.strides[place] % lattice.levels[place]
        columns[names[q]] = level.astype(np.int32)
    columns["k"] = np.tile(surface.ks, lattice.nodes)
    columns["suppressed"] = surface.suppressed.ravel()
    columns["discernibility"] = surface.squares.ravel()
    columns["loss"] = surface.shares.ravel()
    return pa.table(columns)
