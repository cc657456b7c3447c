"""Coarser time and place: periods instead of instants, H3 cells instead of points."""

from collections.abc import Sequence
from typing import Any

import h3
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from torvet.privacy.errors import ColumnsInvalid

from .periods import MONDAY, Period

FINEST, COARSEST = 9, 3
H3_DIGITS = 15
H3_DIGIT_BITS = 3
H3_RESOLUTION_AT = 52
H3_RESOLUTION_MASK = np.uint64(0xF << H3_RESOLUTION_AT)
MONTHS_IN_YEAR = 12


def coarsen_time(table: pa.Table, column: str, to: str = "P1D") -> pa.Table:
    """Return `table` with each instant of `column` moved to the start of its period.

    `to` is an ISO 8601 duration; weeks begin on Mondays, periods are those of UTC where the
    column has a zone, and of its own clock where it has none. Nothing is added up: a unit that
    had many rows in a period still has them. Raises ColumnsInvalid and PeriodUnclear.
    """
    period = Period.from_text(to)
    if column not in table.schema.names:
        raise ColumnsInvalid(f"there is no column {column!r}")
    moments = table[column]
    if not pa.types.is_timestamp(moments.type):
        raise ColumnsInvalid(f"{column!r} is {moments.type}, and no timestamp")
    micros = pc.cast(pc.cast(moments, pa.timestamp("us", moments.type.tz)), pa.int64())
    starts = _started(micros.to_numpy(zero_copy_only=False), period)
    coarse = pa.array(starts.astype(np.int64), mask=np.asarray(moments.is_null()))
    typed = pc.cast(coarse, pa.timestamp("us", moments.type.tz))
    return table.set_column(table.schema.get_field_index(column), column, typed)


def _started(micros: NDArray[Any], period: Period) -> NDArray[np.int64]:
    """Return the starts of periods, in microseconds since 1970."""
    whole = (
        np.nan_to_num(micros.astype(np.float64), nan=0.0) if micros.dtype.kind == "f" else micros
    )
    counted = whole.astype(np.int64)
    if period.months:
        months = counted.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
        # Counted from the year 0, as Period.number does, so that quarters begin in January.
        since = months + 1970 * MONTHS_IN_YEAR
        first = since // period.months * period.months - 1970 * MONTHS_IN_YEAR
        started: NDArray[np.int64] = (
            first.astype("datetime64[M]").astype("datetime64[us]").view("i8")
        )
        return started
    span = period.minutes * 60_000_000
    origin = int(MONDAY.timestamp()) * 1_000_000
    return (counted - origin) // span * span + origin


def coarsen_location(
    table: pa.Table,
    min_users: int,
    *,
    latitude: str,
    longitude: str,
    unit: str,
    resolution: int = FINEST,
    coarsest: int = COARSEST,
    into: str = "cell",
) -> pa.Table:
    """Return `table` with H3 cells of at least `min_users` units instead of points.

    Points go to cells of `resolution`. Where a cell has fewer units, it and all cells under the
    same parent merge to the parent, and so on: the cells of the result never overlap. What has
    too few units even at `coarsest` has no cell (null). The coordinates are taken out.

    A row of a trace stays a row of a trace: this is for rows that are added up afterwards, not
    for letting traces out (`refuse_rows`). Raises ColumnsInvalid.
    """
    if min_users < 1 or not 0 <= coarsest <= resolution <= H3_DIGITS:
        raise ColumnsInvalid("at least one user, and 0 ≤ coarsest ≤ resolution ≤ 15")
    for name in (latitude, longitude, unit):
        if name not in table.schema.names:
            raise ColumnsInvalid(f"there is no column {name!r}")
    places = _cells_of(table[latitude].to_pylist(), table[longitude].to_pylist(), resolution)
    units = pc.fill_null(pc.cast(table[unit], pa.string()), "").combine_chunks()
    codes = units.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    merged = _merged(places, codes, min_users, range(resolution, coarsest - 1, -1))
    names = [None if not cell else h3.int_to_str(int(cell)) for cell in merged]
    kept = [name for name in table.schema.names if name not in (latitude, longitude)]
    return table.select(kept).append_column(into, pa.array(names, pa.string()))


def _cells_of(
    latitudes: Sequence[float | None], longitudes: Sequence[float | None], resolution: int
) -> NDArray[np.uint64]:
    """Return the cell of each point, 0 where there is no point."""
    known: dict[tuple[float, float], int] = {}
    cells = np.zeros(len(latitudes), dtype=np.uint64)
    for row, (north, east) in enumerate(zip(latitudes, longitudes, strict=True)):
        if north is None or east is None or not (-90 <= north <= 90 and -180 <= east <= 180):  # noqa: PLR2004 - degrees
            continue
        if (north, east) not in known:
            known[north, east] = h3.str_to_int(h3.latlng_to_cell(north, east, resolution))
        cells[row] = known[north, east]
    return cells


def _merged(
    cells: NDArray[np.uint64], units: NDArray[np.int64], least: int, levels: Sequence[int]
) -> NDArray[np.uint64]:
    """Merge cells up to their parents until every one has `least` units or more, or is 0."""
    found = cells.copy()
    for level in levels:
        places, counts = _units_in(found, units)
        few = places[(counts < least) & (places != 0)]
        few = few[_resolution(few) == level]
        if level == levels[-1]:
            found[np.isin(found, few)] = 0
            break
        narrow = _parents(few, level - 1)
        # All under the same parent, whatever they were merged to before: no two cells overlap.
        there = (found != 0) & np.isin(_parents(found, level - 1), narrow)
        found[there] = _parents(found[there], level - 1)
    return found


def _units_in(
    cells: NDArray[np.uint64], units: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return each cell, and how many different units are in it."""
    if not len(cells):
        return cells, units
    order = np.lexsort((units, cells))
    place, who = cells[order], units[order]
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = (place[1:] != place[:-1]) | (who[1:] != who[:-1])
    names, counts = np.unique(place[fresh], return_counts=True)
    return names, counts.astype(np.int64)


def _resolution(cells: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return (cells & H3_RESOLUTION_MASK) >> np.uint64(H3_RESOLUTION_AT)


def _parents(cells: NDArray[np.uint64], level: int) -> NDArray[np.uint64]:
    """Return the cells at `level` that hold these: H3 sets the digits below to 7.

    h3geo.org/docs/core-library/h3Indexing: 4 bits of resolution, then 15 digits of 3 bits.
    """
    below = np.uint64((1 << (H3_DIGIT_BITS * (H3_DIGITS - level))) - 1)
    resolution = np.uint64(level << H3_RESOLUTION_AT)
    return (cells & ~H3_RESOLUTION_MASK) | resolution | below
