"""Coarser time and place: starts of periods, and cells with enough people that never overlap."""

from datetime import UTC, datetime, timedelta

import h3
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from torvet.privacy.errors import ColumnsInvalid
from torvet.privacy.streams.coarsening import coarsen_location, coarsen_time
from torvet.privacy.streams.periods import Period

AARHUS = (56.1572, 10.2107)
instants = st.datetimes(min_value=datetime(1960, 1, 1), max_value=datetime(2100, 1, 1))  # noqa: DTZ001


@given(
    st.lists(st.none() | instants, max_size=5),
    st.sampled_from(["PT15M", "PT1H", "P1D", "P7D", "P1M", "P3M", "P1Y"]),
)
def test_each_instant_goes_to_the_start_of_its_period(moments, step):
    period = Period.from_text(step)
    table = pa.table(
        {"at": pa.array(moments, pa.timestamp("us", "UTC")), "wh": range(len(moments))}
    )

    found = coarsen_time(table, "at", step)

    assert found.schema == table.schema
    assert found["at"].to_pylist() == [
        None if each is None else period.start(each.replace(tzinfo=UTC)) for each in moments
    ]


def test_a_clock_without_zone_keeps_its_own_days():
    table = pa.table({"at": pa.array([datetime(2026, 3, 4, 23, 30)], pa.timestamp("ms"))})  # noqa: DTZ001

    assert coarsen_time(table, "at", "P1D")["at"].to_pylist() == [datetime(2026, 3, 4)]  # noqa: DTZ001


def trips(seed, people, points):
    draw = np.random.default_rng(seed)
    return pa.table(
        {
            "phone": draw.integers(0, people, points),
            "lat": AARHUS[0] + draw.normal(0, 0.02, points),
            "lon": AARHUS[1] + draw.normal(0, 0.04, points),
        }
    )


PLACE = {"latitude": "lat", "longitude": "lon", "unit": "phone"}


@settings(max_examples=examples(20))
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 300), st.integers(1, 12))
def test_every_cell_has_enough_people_holds_its_points_and_overlaps_no_other(
    seed, people, points, least
):
    table = trips(seed, people, points)

    found = coarsen_location(table, least, coarsest=5, **PLACE)

    rows = list(zip(table.to_pylist(), found["cell"].to_pylist(), strict=True))
    cells = {cell for _, cell in rows if cell}
    for cell in cells:
        assert len({row["phone"] for row, each in rows if each == cell}) >= least
        level = h3.get_resolution(cell)
        assert not any(h3.cell_to_parent(cell, up) in cells for up in range(5, level))
    for row, cell in rows:
        if cell:
            assert h3.latlng_to_cell(row["lat"], row["lon"], 9) in _under(cell, row)


def _under(cell, row):
    fine = h3.latlng_to_cell(row["lat"], row["lon"], 9)
    return {fine} if h3.cell_to_parent(fine, h3.get_resolution(cell)) == cell else set()


def test_a_crowd_keeps_small_cells_and_a_lonely_place_gets_a_large_one_or_none():
    crowd = [(phone, *AARHUS) for phone in range(20)]
    lonely = [(99, 57.72, 10.58)]
    phones, lats, lons = zip(*crowd, *lonely, strict=True)
    table = pa.table({"phone": phones, "lat": lats, "lon": lons})

    cells = coarsen_location(table, 10, **PLACE)["cell"].to_pylist()

    assert {h3.get_resolution(cell) for cell in cells[:20]} == {9}
    assert cells[20] is None


def test_coordinates_are_taken_out_and_a_row_without_point_has_no_cell():
    table = pa.table({"phone": [1, 2], "lat": [None, 91.0], "lon": [10.0, 10.0], "speed": [3, 4]})

    found = coarsen_location(table, 1, **PLACE)

    assert found.schema.names == ["phone", "speed", "cell"]
    assert found["cell"].to_pylist() == [None, None]


@pytest.mark.parametrize(
    "change", [{"latitude": "north"}, {"min_users": 0}, {"resolution": 16}, {"coarsest": 10}]
)
def test_what_cannot_be_coarsened_is_refused(change):
    with pytest.raises(ColumnsInvalid):
        coarsen_location(trips(1, 3, 3), **({"min_users": 5} | PLACE | change))


@pytest.mark.parametrize("column", ["when", "wh"])
def test_a_column_without_instants_is_refused(column):
    with pytest.raises(ColumnsInvalid):
        coarsen_time(pa.table({"wh": [timedelta(1)]}), column)
