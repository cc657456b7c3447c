"""The keys of a release in order, in memory: what takes an engine a window takes a sort here.

A key such as (garage, ts) becomes one whole number, the series and the time in it. Sorted, equal
neighbours are repeated keys, and the distance between neighbours of one series is a step.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from torvet.kit.sql import identifier

from .counting import TABLE, Files

ROWS_MAX = 32_000_000  # of 12 bytes each
PIECE_ROWS = 65_536

_SECOND_US = 1_000_000
_PACKED_MAX = 2**62

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The steps of all series: `seconds` from one time to the next, the shortest first.

    `repeated` counts the rows that have the key of another; a step of theirs is not among
    `seconds`. `present` counts the rows that have a time.
    """

    series: int
    present: int
    repeated: int
    seconds: Whole

    def near(self, step_s: int, share: float) -> int:
        """Return how many steps are `step_s`, give or take `share` of it."""
        low, high = math.ceil(step_s * (1 - share)), math.floor(step_s * (1 + share))
        return self._from(high + 1) - self._from(low)

    def missing(self, step_s: int) -> int:
        """Return how many times are left out where one is expected each `step_s`.

        Between 1.5 and 2.5 steps one is missing, and so on.
        """
        wide = self.seconds[self._from(math.ceil(1.5 * step_s)) :]
        return int(np.floor(wide / step_s - 0.5).sum())

    def _from(self, seconds: int) -> int:
        # As a fraction it would make fractions of all that it is compared with.
        return int(np.searchsorted(self.seconds, np.int64(seconds)))


def keys(files: Files, by: Sequence[str], time: str) -> "Keys | None":
    """Read the time and the series of each row; None where that would take too much memory."""
    rows = int(files.rows(f"SELECT COUNT(*) AS n FROM {TABLE}")[0]["n"])
    if rows > ROWS_MAX:
        return None
    read = Keys(rows)
    with files.engine.stream(_numbered(by, identifier(time)), {TABLE: files.uris}) as batches:
        for batch in batches:
            read.take(batch)
    return read


def _numbered(by: Sequence[str], time: str) -> str:
    """Return SQL for each row's time and the number of its series, from 0."""
    if not by:
        return f"SELECT CAST({time} AS TIMESTAMP), 0 FROM {TABLE} WHERE {time} IS NOT NULL"
    columns = [identifier(name) for name in by]
    names = ", ".join(f"{column} AS s{number}" for number, column in enumerate(columns))
    # Rows that lack a name are a series too.
    same = " AND ".join(
        f"{column} IS NOT DISTINCT FROM s{number}" for number, column in enumerate(columns)
    )
    grouped = ", ".join(columns)
    return (
        f"SELECT CAST({time} AS TIMESTAMP), series FROM {TABLE} JOIN"
        f" (SELECT {names}, ROW_NUMBER() OVER (ORDER BY {grouped}) - 1 AS series"
        f" FROM {TABLE} GROUP BY {grouped}) AS numbered ON {same} WHERE {time} IS NOT NULL"
    )


class Keys:
    """Keys as they arrive.

    Memory that is touched for the first time costs more than sorting it, so all is done in
    place, a piece at a time.
    """

    def __init__(self, rows: int) -> None:
        """Make room for `rows` keys."""
        self._times = np.empty(rows, np.int64)
        self._series = np.empty(rows, np.int32)
        self._rows = 0
        self._unit = _SECOND_US

    def take(self, batch: pa.RecordBatch) -> None:
        """Take the times of some rows, and the numbers of their series."""
        here = slice(self._rows, self._rows + batch.num_rows)
        times = _whole(batch.column(0), pa.timestamp("us"))
        if self._unit > 1 and (times % _SECOND_US).any():
            self._unit = 1
        self._times[here] = times
        self._series[here] = _whole(batch.column(1), pa.int64())
        self._rows = here.stop

    def steps(self) -> Steps | None:
        """Sort the keys; None where they are too far apart for 64 bits. To be asked once."""
        packed = self._packed()
        return None if packed is None else _steps(*packed)

    def _packed(self) -> tuple[Whole, int, int] | None:
        """Return each key as one number, the units of a second, and the span of all times.

        Two series stand further apart than any two times of one, and by whole seconds.
        """
        packed, series = self._times[: self._rows], self._series[: self._rows]
        if not self._rows:
            return packed, 1, 1
        first = int(packed.min()) // _SECOND_US * _SECOND_US
        span = (int(packed.max()) - first) // self._unit + 1
        second = _SECOND_US // self._unit
        apart = (2 * span // second + 1) * second
        if apart * (int(series.max()) + 1) > _PACKED_MAX:
            return None
        for piece in _pieces(self._rows):
            packed[piece] = (packed[piece] - first) // self._unit + apart * series[piece].astype(
                np.int64
            )
        return packed, second, span


def _whole(values: pa.Array, kind: pa.DataType) -> Whole:
    """Return 8 bytes a value as they lie in memory; Arrow's own way there loads all of pandas."""
    held = values if values.type == kind else values.cast(kind)
    return np.frombuffer(held.buffers()[1], np.int64)[held.offset :][: len(held)]


def _steps(packed: Whole, second: int, span: int) -> Steps:
    """Sort the keys, and write the seconds between them over them."""
    packed.sort()
    series, repeated, kept = min(len(packed), 1), 0, 0
    for piece in _pieces(len(packed) - 1):
        keys = packed[piece.start : piece.stop + 1].copy()
        distance = np.diff(keys)
        within = distance < span
        onward = within & (distance > 0)
        series += int(len(within) - within.sum())
        repeated += int(within.sum() - onward.sum())
        seconds = np.diff(keys // second)[onward]
        packed[kept : kept + len(seconds)] = seconds
        kept += len(seconds)
    present, seconds = len(packed), packed[:kept]
    seconds.sort()
    return Steps(series=series, present=present, repeated=repeated, seconds=seconds)


def _pieces(rows: int) -> Iterator[slice]:
    for start in range(0, rows, PIECE_ROWS):
        yield slice(start, min(start + PIECE_ROWS, rows))
