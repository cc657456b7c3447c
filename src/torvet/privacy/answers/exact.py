"""Exact sums of the prepared table, by the engine: DuckDB or Spark, from one SQL text.

What leaves here is still exact and is for `noise` alone. Every cell of the public keys is there,
with zeros where no row is: which keys the data has is not told.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from torvet.ports.engine import QueryEngine

from .prepare import key_column, value_column
from .question import Kind, Vector
from .spec import AnswerSpec

TABLE = "prepared"


def exact(
    engine: QueryEngine, uris: Sequence[str], spec: AnswerSpec, vectors: Sequence[Vector]
) -> dict[Vector, NDArray[np.int64]]:
    """Return the exact numbers of each of `vectors`, in its shape.

    All plain sums that are over the same cells are taken in one pass; each histogram takes one.
    """
    found: dict[Vector, NDArray[np.int64]] = {}
    plain: dict[tuple[object, ...], list[Vector]] = {}
    for vector in vectors:
        apart = vector.cuts if vector.kind is Kind.BINS else ()
        plain.setdefault((vector.where, vector.group_by, vector.column if apart else "", apart), [])
        plain[vector.where, vector.group_by, vector.column if apart else "", apart].append(vector)
    for together in plain.values():
        found |= _taken(engine, uris, spec, together)
    return found


def statement(spec: AnswerSpec, vectors: Sequence[Vector]) -> str:
    """Return the SQL of vectors that are over the same cells (and bins, where they have any)."""
    first = vectors[0]
    axes = _axes(spec, first)
    sums = [f"{_sum(spec, vector)} AS n_{place}" for place, vector in enumerate(vectors)]
    conditions = [_condition(spec, name, places) for name, places in first.where]
    if first.kind is Kind.BINS:
        conditions.append(f"{_value(spec, first)} IS NOT NULL")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    named = [f"{axis} AS axis_{place}" for place, axis in enumerate(axes)]
    grouped = f" GROUP BY {', '.join(axes)}" if axes else ""
    return f"SELECT {', '.join([*named, *sums])} FROM {TABLE}{where}{grouped}"


def _taken(
    engine: QueryEngine, uris: Sequence[str], spec: AnswerSpec, vectors: Sequence[Vector]
) -> Mapping[Vector, NDArray[np.int64]]:
    first = vectors[0]
    shape = first.shape(spec)
    found = {vector: np.zeros(shape, dtype=np.int64) for vector in vectors}
    if not uris:
        return found
    with engine.stream(statement(spec, vectors), {TABLE: uris}) as batches:
        for batch in batches:
            at = tuple(
                _positions(spec, first, axis, batch.column(axis).to_numpy())
                for axis in range(len(shape))
            )
            for place, vector in enumerate(vectors):
                sums = batch.column(len(shape) + place).fill_null(0)
                sums = sums.to_numpy(zero_copy_only=False)
                found[vector][at] = sums if shape else sums[0]
    return found


def _positions(
    spec: AnswerSpec, vector: Vector, axis: int, codes: NDArray[np.int64]
) -> NDArray[np.int64]:
    if axis == len(vector.group_by):
        return codes.astype(np.int64)  # the bin
    kept = np.asarray(vector.kept(spec, vector.group_by[axis]))
    return np.searchsorted(kept, codes)


def _axes(spec: AnswerSpec, vector: Vector) -> list[str]:
    axes = [_key(spec, name) for name in vector.group_by]
    return [*axes, _bin(spec, vector)] if vector.kind is Kind.BINS else axes


def _sum(spec: AnswerSpec, vector: Vector) -> str:
    match vector.kind:
        case Kind.ROWS | Kind.BINS:
            return "count(*)"
        case Kind.VALUES:
            return f"count({_value(spec, vector)})"
        case Kind.SUM:
            return f"CAST(sum({_value(spec, vector)}) AS BIGINT)"
        case Kind.CENTRED:
            middle = spec.bounds[vector.column].middle
            return f"CAST(sum({_value(spec, vector)} - {middle}) AS BIGINT)"


def _condition(spec: AnswerSpec, name: str, places: Sequence[int]) -> str:
    key = _key(spec, name)
    if list(places) == list(range(places[0], places[-1] + 1)):
        return f"{key} BETWEEN {places[0]} AND {places[-1]}"
    return f"{key} IN ({', '.join(str(place) for place in places)})"


def _bin(spec: AnswerSpec, vector: Vector) -> str:
    """Return the number of the bin: for cuts of equal width by division, else by comparing."""
    value, cuts = _value(spec, vector), vector.cuts
    low = spec.bounds[vector.column].low
    width = cuts[0] - low
    if cuts == tuple(range(cuts[0], cuts[-1] + 1, width)):
        return f"CAST(least(floor(({value} - {low}) / {width}), {len(cuts)}) AS BIGINT)"
    said = " ".join(f"WHEN {value} < {cut} THEN {place}" for place, cut in enumerate(cuts))
    return f"CASE {said} ELSE {len(cuts)} END"


def _key(spec: AnswerSpec, name: str) -> str:
    return key_column(list(spec.keys).index(name))


def _value(spec: AnswerSpec, vector: Vector) -> str:
    return value_column(list(spec.bounds).index(vector.column))
