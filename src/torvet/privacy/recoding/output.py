"""Rows as the release shows them: read again, recoded, and written as they come.

Suppressed rows are left out (docs/decisions/0093). Recoded columns are texts, written as
dictionaries; all other columns are as they were.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from torvet.privacy.sources import Source

from .classes import Classes
from .groups import Gathering
from .leaves import Tree, coded

WORKERS = 2
# That a column came as a dictionary is not written down: engines take it for another type.
AS_TEXT: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "store_schema": False}
ROW_GROUP_ROWS = 1 << 20
TEXTS = pa.dictionary(pa.int32(), pa.string())

Batches = Iterator[pa.RecordBatch]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recoding:
    """One transformation, ready to be done to batches. `schema` is that of the release."""

    names: tuple[str, ...]
    gathering: Gathering
    trees: tuple[Tree, ...]
    levels: tuple[int, ...]
    classes: Classes
    schema: pa.Schema

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows of the batch that the release shows, as it shows them."""
        keys, columns = [], {}
        for name, leaves, tree, level in zip(
            self.names, self.gathering.leaves, self.trees, self.levels, strict=True
        ):
            indices, codes = coded(batch.column(name), leaves.code)
            above = tree.codes[level][codes].astype(np.int64)
            keys.append((indices, above))
            columns[name] = (indices, above, tree.labels[level])
        kept = None
        if not self.classes.kept.all():
            kept = self.classes.kept[self.classes.grouping.find(keys)]
        arrays = [
            _shown(*columns[field.name], kept)
            if field.name in columns
            else _as_it_was(batch.column(field.name), field.type, kept)
            for field in self.schema
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def recoded_schema(
    schema: pa.Schema, names: Sequence[str], identifiers: Sequence[str]
) -> pa.Schema:
    """Return the columns of the release: no identifiers, recoded columns as texts."""
    return pa.schema(
        [
            field.with_type(TEXTS).with_nullable(True) if field.name in names else field
            for field in schema
            if field.name not in identifiers
        ]
    )


def write(source: Source, recoding: Recoding, path: Path | None) -> pa.Table | None:
    """Write the release to a Parquet file, or return it as a table where there is no path."""
    batches = _ahead_of(recoding, source.batches(recoding.schema.names))
    if path is None:
        return pa.Table.from_batches(batches, schema=recoding.schema)
    with pq.ParquetWriter(path, recoding.schema, **AS_TEXT) as file:
        for batch in batches:
            file.write_batch(batch, row_group_size=ROW_GROUP_ROWS)
    return None


def _ahead_of(work: Callable[[pa.RecordBatch], pa.RecordBatch], batches: Batches) -> Batches:
    """Recode a few batches at a time, and give them in their order."""
    with ThreadPoolExecutor(WORKERS) as pool:
        waiting: deque[Future[pa.RecordBatch]] = deque()
        for batch in batches:
            waiting.append(pool.submit(work, batch))
            if len(waiting) > WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _shown(
    indices: NDArray[np.int32],
    codes: NDArray[np.int64],
    labels: Sequence[str | None],
    kept: NDArray[np.bool_] | None,
) -> pa.Array:
    """Return a recoded column: for each row kept, the label of its code."""
    shown = codes.astype(np.int32)[indices if kept is None else indices[kept]]
    missing = None
    if None in labels:
        missing = shown == labels.index(None)
    names = pa.array(["" if label is None else label for label in labels], pa.string())
    places = pa.array(shown, pa.int32(), mask=missing)
    return pa.DictionaryArray.from_arrays(places, names)


def _as_it_was(column: pa.Array, kind: pa.DataType, kept: NDArray[np.bool_] | None) -> pa.Array:
    whole = column if column.type == kind else column.cast(kind)
    return whole if kept is None else whole.filter(pa.array(kept))
