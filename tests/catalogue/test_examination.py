"""A release is examined by the same SQL on both engines, and found to be the same."""

import os
import socket
import subprocess
import sys
import time
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from torvet.backends.duckdb_engine import DuckDBEngine
from torvet.backends.spark_engine import SparkEngine
from torvet.catalogue import series
from torvet.catalogue.counting import COUNTED_DISTINCT_MAX, Files
from torvet.catalogue.examination import examine, implied_checks
from torvet.catalogue.findings import Aspect
from torvet.catalogue.model import BoundingBox, Check, Dataset, Place
from torvet.catalogue.series import usual_step
from torvet.ingest.model import Column, ColumnType

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
START = datetime(2026, 1, 1)  # noqa: DTZ001 - a local time, as the data has it
PARKING = Dataset(
    id="ds_1",
    slug="parking",
    provider="aarhus",
    title={"en": "Parking"},
    key=("garage", "ts"),
    checks=(Check(rule="occupied <= capacity"), Check(rule="occupied >= 0")),
    created_at=NOON,
    modified_at=NOON,
)
PARKING_COLUMNS = (
    Column(name="garage", type=ColumnType.TEXT),
    Column(name="ts", type=ColumnType.TIMESTAMP),
    Column(name="occupied", type=ColumnType.INTEGER),
    Column(name="capacity", type=ColumnType.INTEGER),
)
MIXED = pa.table(
    {
        "name": pa.array(["a", "", None, "it's", "a"]),
        "day": pa.array([date(2026, 1, d) for d in (1, 2, 3, 4, 9)]),
        "at": pa.array(
            [datetime(2026, 1, 1, h, 30, tzinfo=UTC) for h in range(5)], pa.timestamp("us", "UTC")
        ),
        "share": pa.array([0.5, float("nan"), float("inf"), None, 99.5]),
        "price": pa.array(
            [Decimal("1.50"), None, Decimal("-2.25"), Decimal("0.10"), Decimal("9.99")]
        ),
        "open": pa.array([True, False, None, True, True]),
        "big": pa.array([2**62, 2**61, 0, 1, None], pa.int64()),
        "none": pa.array([None] * 5, pa.int64()),
        "shape": pa.array(["POINT (10 56)"] * 5),
        'odd "name"; --': pa.array([1, 2, 3, 4, 5], pa.int64()),
    }
)
MIXED_COLUMNS = tuple(
    Column(name=name, type=kind, precision=p, scale=s)
    for name, kind, p, s in (
        ("name", ColumnType.TEXT, None, None),
        ("day", ColumnType.DATE, None, None),
        ("at", ColumnType.INSTANT, None, None),
        ("share", ColumnType.NUMBER, None, None),
        ("price", ColumnType.DECIMAL, 3, 2),
        ("open", ColumnType.BOOLEAN, None, None),
        ("big", ColumnType.INTEGER, None, None),
        ("none", ColumnType.INTEGER, None, None),
        ("shape", ColumnType.GEOMETRY, None, None),
        ('odd "name"; --', ColumnType.INTEGER, None, None),
    )
)


@pytest.fixture(scope="module")
def duckdb_engine(tmp_path_factory):
    engine = DuckDBEngine(temporary=tmp_path_factory.mktemp("duckdb"), memory_mb=512, threads=2)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def spark_engine():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sail = Path(sys.executable).parent / "sail"
    if not sail.exists():
        pytest.skip("pysail, a Spark Connect server in a wheel, is not installed")
    process = subprocess.Popen(
        [str(sail), "spark", "server", f"--port={port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "RUST_LOG": "error"},
    )
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            assert process.poll() is None, "sail ended"
            time.sleep(0.05)
    engine = SparkEngine(f"sc://127.0.0.1:{port}", files=fsspec.filesystem("file"))
    yield engine
    engine.close()
    process.terminate()
    process.wait(30)


def examined(engine, table, tmp_path, dataset=PARKING, columns=PARKING_COLUMNS):
    file = tmp_path / "release.parquet"
    pq.write_table(table, file)
    return examine(
        Files(engine=engine, uris=[str(file)]),
        dataset=dataset,
        columns=columns,
        delivered=table.num_rows,
        rejected=0,
        now=NOON,
        progress=lambda _step, _share: None,
    )


def parking(rows=200, **more):
    return pa.table(
        {
            "garage": [f"G{n % 2}" for n in range(rows)],
            "ts": pa.array(
                [START + n // 2 * timedelta(minutes=30) for n in range(rows)],
                pa.timestamp("us"),
            ),
            "occupied": pa.array([n % 50 for n in range(rows)], pa.int64()),
            "capacity": pa.array([40] * rows, pa.int64()),
            **more,
        }
    )


def column(found, name):
    return next(one for one in found.profile.columns if one.name == name)


def dimension(found, aspect):
    return next(one for one in found.quality.dimensions if one.aspect is aspect)


def test_the_real_defects_of_the_parking_data_are_found(duckdb_engine, real_parking, tmp_path):
    table = pc.read_csv(pa.BufferReader(real_parking))
    table = table.set_column(1, "ts", table["ts"].cast(pa.timestamp("us")))

    found = examined(duckdb_engine, table, tmp_path)

    consistency = dimension(found, Aspect.CONSISTENCY)
    assert "8,616 (16.3 %) are missing" in consistency.sentence
    assert "one value every 30 minutes (8 series in ts)" in consistency.sentence
    assert "“occupied <= capacity” fails in 3,756 of 44,288 rows" in consistency.sentence
    assert "BUSGADEHUSET: 3,124 of 5,536 rows (56.4 %)" in consistency.findings[1].detail
    assert dimension(found, Aspect.UNIQUENESS).score == 100


def test_a_profile_counts_what_is_there(duckdb_engine, tmp_path):
    found = examined(duckdb_engine, parking(), tmp_path)

    garage, ts, occupied, capacity = found.profile.columns
    assert (garage.distinct, garage.distinct_exact, garage.nulls) == (2, True, 0)
    assert [(one.value, one.count) for one in garage.top] == [("G0", 100), ("G1", 100)]
    assert (ts.minimum, ts.maximum) == ("2026-01-01T00:00:00", "2026-01-03T01:30:00")
    assert (occupied.minimum, occupied.maximum, occupied.mean) == (0, 49, 24.5)
    assert sum(one.count for one in occupied.histogram) == 200
    assert len(ts.histogram) <= 20
    assert sum(one.count for one in ts.histogram) == 200
    assert capacity.histogram == ()
    assert occupied.examples == (0, 1, 2, 3, 4)


def test_a_repeated_key_is_counted_exactly(duckdb_engine, tmp_path):
    table = pa.concat_tables([parking(100), parking(3)])

    uniqueness = dimension(examined(duckdb_engine, table, tmp_path), Aspect.UNIQUENESS)

    assert uniqueness.findings[0].failed == 3
    assert "3 of 103 rows" in uniqueness.sentence


def test_a_key_without_a_time_is_counted_too(duckdb_engine, tmp_path):
    dataset = replace(PARKING, key=("garage", "capacity"))

    found = examined(duckdb_engine, parking(10), tmp_path, dataset)

    assert dimension(found, Aspect.UNIQUENESS).findings[0].failed == 8


def test_a_key_that_is_not_there_is_named(duckdb_engine, tmp_path):
    found = examined(duckdb_engine, parking(), tmp_path, replace(PARKING, key=("lot", "ts")))

    assert dimension(found, Aspect.UNIQUENESS).score is None
    assert "no column 'lot'" in dimension(found, Aspect.UNIQUENESS).sentence


def test_missing_times_of_a_series_are_counted(duckdb_engine, tmp_path):
    whole = parking(200)
    holed = pa.concat_tables([whole.slice(0, 40), whole.slice(46)])

    found = examined(duckdb_engine, holed, tmp_path)

    assert "Of 200 values" in dimension(found, Aspect.CONSISTENCY).sentence
    assert "6 (3.0 %) are missing" in dimension(found, Aspect.CONSISTENCY).sentence


def test_a_check_that_does_not_fit_is_named_and_costs_nothing(duckdb_engine, tmp_path):
    dataset = replace(PARKING, checks=(Check(rule="seats > 3"),))

    validity = dimension(examined(duckdb_engine, parking(), tmp_path, dataset), Aspect.VALIDITY)

    assert validity.score == 100
    assert "could not be checked" in validity.sentence
    assert "seats" in validity.sentence


def test_a_row_that_lacks_a_value_does_not_break_a_check(duckdb_engine, tmp_path):
    table = parking(4).set_column(2, "occupied", pa.array([None, 10, 41, None], pa.int64()))

    consistency = dimension(examined(duckdb_engine, table, tmp_path), Aspect.CONSISTENCY)

    assert "fails in 1 of 2 rows" in consistency.sentence


def test_names_and_units_imply_checks_of_coordinates_and_percentages():
    columns = (
        Column(name="POINT_1_LAT", type=ColumnType.NUMBER),
        Column(name="lng", type=ColumnType.NUMBER),
        Column(name="relative", type=ColumnType.NUMBER),
        Column(name="fill", type=ColumnType.NUMBER, unit="%"),
    )

    rules = [check.rule for check in implied_checks(columns, None)]
    placed = implied_checks(columns, BoundingBox(west=8, south=54.5, east=15.5, north=58))

    assert rules == [
        '"POINT_1_LAT" >= -90 and "POINT_1_LAT" <= 90',
        '"lng" >= -180 and "lng" <= 180',
        '"fill" >= 0 and "fill" <= 100',
    ]
    assert '"POINT_1_LAT" >= 54.500000 and "POINT_1_LAT" <= 58.000000' in [c.rule for c in placed]


def test_coordinates_outside_the_datasets_place_are_found(duckdb_engine, tmp_path):
    table = pa.table({"lat": [56.1, 56.2, 12.0], "lon": [10.2, 10.1, 10.0]})
    place = Place(bbox=BoundingBox(west=9.9, south=56.0, east=10.4, north=56.4))
    columns = tuple(Column(name=name, type=ColumnType.NUMBER) for name in ("lat", "lon"))

    found = examined(
        duckdb_engine, table, tmp_path, replace(PARKING, key=(), checks=(), place=place), columns
    )

    assert "“lat lies in the dataset's place” fails in 1 of 3 rows" in str(found.quality)


def test_many_distinct_values_are_estimated_and_say_so(duckdb_engine, tmp_path):
    rows = 4 * COUNTED_DISTINCT_MAX
    table = pa.table({"meter": [f"m{n}" for n in range(rows)]})
    columns = (Column(name="meter", type=ColumnType.TEXT),)

    meter = column(
        examined(duckdb_engine, table, tmp_path, replace(PARKING, key=(), checks=()), columns),
        "meter",
    )

    assert not meter.distinct_exact
    assert abs(meter.distinct - rows) < rows * 0.1
    assert meter.top == ()


def test_values_that_are_no_numbers_are_set_apart(duckdb_engine, tmp_path):
    bare = replace(PARKING, key=("at",), checks=())

    found = examined(duckdb_engine, MIXED, tmp_path, bare, MIXED_COLUMNS)

    share = column(found, "share")
    assert (share.minimum, share.maximum, share.mean) == (0.5, 99.5, 50.0)
    assert "2 values of share are not finite numbers" in str(found.quality)
    assert column(found, "price").maximum == "9.99"
    assert column(found, "at").minimum == "2026-01-01T00:30:00Z"
    assert column(found, "none").nulls == 5
    assert column(found, "big").maximum == 2**62
    assert column(found, "shape").distinct is None
    assert [(one.value, one.count) for one in column(found, "open").top] == [(True, 3), (False, 1)]
    assert found.first[3]["name"] == "it's"


@pytest.mark.slow
def test_both_engines_find_the_same_in_parking(duckdb_engine, spark_engine, tmp_path):
    one, other = (examined(engine, parking(), tmp_path) for engine in (duckdb_engine, spark_engine))

    for here, there in zip(one.profile.columns, other.profile.columns, strict=True):
        assert asdict(there) == asdict(here)
    assert other.quality == one.quality
    assert other.first == one.first


@pytest.mark.slow
def test_both_engines_find_the_same_in_every_type(duckdb_engine, spark_engine, tmp_path):
    bare = replace(PARKING, key=("at",), checks=(Check(rule="open = true"),))

    one, other = (
        examined(engine, MIXED, tmp_path, bare, MIXED_COLUMNS)
        for engine in (duckdb_engine, spark_engine)
    )

    for here, there in zip(one.profile.columns, other.profile.columns, strict=True):
        assert asdict(there) == asdict(here)
    assert other.quality == one.quality
    assert other.first == one.first


def test_a_step_is_the_one_that_most_are_near_to():
    assert usual_step({1800: 90, 3600: 10}, 100) == 1800
    assert usual_step({1800: 40, 60: 39}, 100) is None
    assert usual_step({}, 0) is None


TIMES = st.integers(0, 40).map(lambda half_hours: half_hours * 1800) | st.integers(0, 10**5)


@given(
    rows=st.lists(
        st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 1), TIMES | st.none())
    ),
    part_us=st.sampled_from([0, 1, 999_999]),
)
@settings(max_examples=examples(40))
def test_keys_in_order_tell_what_a_window_tells(duckdb_engine, tmp_path_factory, rows, part_us):
    moments = [
        None if at is None else START + timedelta(seconds=at, microseconds=part_us * (at % 2))
        for _, _, at in rows
    ]
    table = pa.table(
        {
            "place": pa.array([place for place, _, _ in rows], pa.string()),
            "floor": pa.array([floor for _, floor, _ in rows], pa.int64()),
            "ts": pa.array(moments, pa.timestamp("us")),
        }
    )
    file = tmp_path_factory.mktemp("ordered") / "rows.parquet"
    pq.write_table(table, file)
    files = Files(engine=duckdb_engine, uris=[str(file)])
    kinds = (ColumnType.TEXT, ColumnType.INTEGER, ColumnType.TIMESTAMP)
    columns = [
        Column(name=name, type=kind) for name, kind in zip(table.column_names, kinds, strict=True)
    ]

    for key in (("place", "floor", "ts"), ("place", "ts"), ("ts",)):
        assert series.measure(files, key, columns) == series.in_windows(files, key, "ts")
