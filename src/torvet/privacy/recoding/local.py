"""Local recoding: Mondrian's classes, shown as ranges of numbers or as common ancestors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from torvet.privacy.errors import ModelsInvalid
from torvet.privacy.sources import Source

from .classes import classes_of
from .edges import between
from .groups import Gathering, Groups
from .hierarchies import ROOT
from .leaves import Leaves, Tree, Values, coded
from .measures import Risk, Utility, risk_of
from .models import KAnonymity, LDiversity, Model, TCloseness, at_least_rows, k_of
from .mondrian import REMARK, Recoded, recode
from .optimum import demand_of
from .output import AS_TEXT, ROW_GROUP_ROWS, TEXTS
from .result import Result, digests_of

Codes = NDArray[np.int32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What `anonymise` was asked, once it was found to be in order."""

    quasi_identifiers: tuple[str, ...]
    sensitive: tuple[str, ...]
    models: tuple[Model, ...]
    metric: str
    policy: Mapping[str, Any]
    schema: pa.Schema
    path: Path | None


def anonymise_locally(rows: Source, gathering: Gathering, groups: Groups, asked: Asked) -> Result:
    """Cut the rows to classes of their own; nothing is suppressed, and the table is in memory."""
    for model in asked.models:
        if not isinstance(model, KAnonymity | LDiversity | TCloseness):
            raise ModelsInvalid(f"local recoding has no {type(model).__name__}")
    places = [_order(tree) for tree in groups.trees]
    codes, secrets = _read(rows, gathering, asked, places)
    demands = [
        demand_of(model, groups.secrets, asked.sensitive.index(name))
        for model in asked.models
        if isinstance(model, LDiversity | TCloseness)
        for name in ([model.of] if model.of else asked.sensitive)
    ]
    cut = recode(
        codes,
        k=at_least_rows(asked.models),
        sensitive=secrets if asked.sensitive else None,
        demands=demands,
    )
    table = _shown(rows, asked, groups.trees, places, cut)
    if asked.path is not None:
        pq.write_table(table, asked.path, row_group_size=ROW_GROUP_ROWS, **AS_TEXT)
    utility = _utility(groups, places, cut, k_of(asked.models))
    return Result(
        transformation={},
        metric=asked.metric,
        optimum=float(getattr(utility, asked.metric)),
        rows=groups.rows,
        suppressed=0,
        table=table if asked.path is None else None,
        path=asked.path,
        risk=_risk(table, asked),
        utility=utility,
        nodes=0,
        evaluated=0,
        quasi_identifiers=asked.quasi_identifiers,
        policy=asked.policy,
        remarks=(REMARK,),
        groups=groups,
        digests=digests_of(rows, table, asked.path),
    )


def _order(tree: Tree) -> Codes:
    """Return the place of each leaf: numbers by size, else neighbours in the tree; null last."""
    labels = tree.labels[0]
    if _numeric(labels):
        keys = [(label is None, float(label or 0)) for label in labels]
        order = sorted(range(len(labels)), key=lambda leaf: keys[leaf])
    else:
        paths = [
            [label is None, *(int(level[leaf]) for level in reversed(tree.codes))]
            for leaf, label in enumerate(labels)
        ]
        order = sorted(range(len(labels)), key=lambda leaf: paths[leaf])
    places = np.empty(len(labels), dtype=np.int32)
    places[order] = np.arange(len(labels), dtype=np.int32)
    return places


def _numeric(labels: Sequence[str | None]) -> bool:
    try:
        return all(label is None or np.isfinite(float(label)) for label in labels)
    except ValueError:
        return False


def _read(
    rows: Source, gathering: Gathering, asked: Asked, places: Sequence[Codes]
) -> tuple[Codes, Codes]:
    """Return the place of each row's leaves, and the ranks of its sensitive values."""
    leaves: list[tuple[str, Leaves | Values, Codes]] = [
        (name, each, place)
        for name, each, place in zip(asked.quasi_identifiers, gathering.leaves, places, strict=True)
    ]
    hidden: list[tuple[str, Leaves | Values, Codes]] = [
        (name, values, values.ranks())
        for name, values in zip(asked.sensitive, gathering.values, strict=True)
    ]
    shown, secret = [], []
    for batch in rows.batches(gathering.columns):
        shown.append(_coded(batch, leaves))
        secret.append(_coded(batch, hidden))
    return np.concatenate(shown), np.concatenate(secret)


def _coded(batch: pa.RecordBatch, columns: Sequence[tuple[str, Leaves | Values, Codes]]) -> Codes:
    found = np.empty((batch.num_rows, len(columns)), dtype=np.int32)
    for place, (name, leaves, ranks) in enumerate(columns):
        indices, codes = coded(batch.column(name), leaves.code)
        found[:, place] = ranks[codes][indices]
    return found


def _shown(
    rows: Source, asked: Asked, trees: Sequence[Tree], places: Sequence[Codes], cut: Recoded
) -> pa.Table:
    """Return the rows with the label of their class in each quasi-identifier."""
    others = [name for name in asked.schema.names if name not in asked.quasi_identifiers]
    columns = {}
    if others:
        kept = pa.Table.from_batches(rows.batches(others)).combine_chunks()
        columns = {name: kept.column(name) for name in others}
    for q, name in enumerate(asked.quasi_identifiers):
        ends, of_class = np.unique(
            np.stack([cut.low[:, q], cut.high[:, q]], axis=1), axis=0, return_inverse=True
        )
        labels = _labels(trees[q], places[q], ends)
        of_row = of_class.ravel().astype(np.int32)[cut.partition]
        columns[name] = pa.DictionaryArray.from_arrays(
            pa.array(of_row, mask=np.array([each is None for each in labels])[of_row]),
            pa.array([each or "" for each in labels], pa.string()),
        ).cast(TEXTS)
    return pa.table({name: columns[name] for name in asked.schema.names})


def _labels(tree: Tree, places: Codes, ends: NDArray[Any]) -> list[str | None]:
    """Return what is shown of each range of places: numbers as ranges, else what is above all."""
    leaf_at = np.argsort(places)
    names = tree.labels[0]
    numbers = _rising(names, leaf_at) if _numeric(names) else []
    found: list[str | None] = []
    for low, high in ends:
        first, last = int(leaf_at[low]), int(leaf_at[high])
        if first == last:
            found.append(names[first])
        elif numbers and names[last] is not None:
            found.append(between(numbers, int(low), int(high)))
        else:
            found.append(_above(tree, first, last))
    return found


def _rising(names: Sequence[str | None], order: NDArray[Any]) -> list[Decimal]:
    return [Decimal(label) for leaf in order if (label := names[leaf]) is not None]


def _above(tree: Tree, first: int, last: int) -> str | None:
    for level, codes in enumerate(tree.codes):
        if codes[first] == codes[last]:
            return tree.labels[level][int(codes[first])]
    return ROOT


def _risk(table: pa.Table, asked: Asked) -> Risk:
    """Measure the release as it is shown: classes that look alike are one."""
    gathering = Gathering(dict.fromkeys(asked.quasi_identifiers), asked.sensitive)
    gathering.take(table.select(list(gathering.columns)).to_batches())
    groups = gathering.groups()
    return risk_of(groups, classes_of(groups, [0] * len(groups.trees)), asked.sensitive)


def _utility(groups: Groups, places: Sequence[Codes], cut: Recoded, k: int) -> Utility:
    sizes = cut.sizes.astype(np.float64)
    bits = 0.0
    for q, place in enumerate(places):
        rows = np.bincount(place[groups.codes[q]], weights=groups.counts, minlength=len(place))
        upto = np.concatenate([[0.0], np.cumsum(rows)])
        bits += float(sizes @ np.log2(upto[cut.high[:, q] + 1] - upto[cut.low[:, q]]))
        held = rows[rows > 0]
        bits -= float(held @ np.log2(held))
    return Utility(
        loss=cut.loss([len(tree.labels[0]) for tree in groups.trees]),
        discernibility=float(sizes @ sizes),
        average_class_size=float(sizes.mean()) / k,
        entropy=max(bits, 0.0),
    )
