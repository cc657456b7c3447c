"""Files as cities and grid companies really publish them."""

import pytest

from torvet.ingest import FileFormat

pytestmark = pytest.mark.slow


def test_the_car_parks_of_aarhus(read, shared):
    became = read(shared / "city/aarhus_parking_2014.csv.gz", name="parking.csv.gz")
    assert (became.source.rows, became.source.rejected) == (44_288, 0)
    assert became.types == {
        "garage": "text",
        "ts": "timestamp",
        "occupied": "integer",
        "capacity": "integer",
    }


def test_prices_with_decimal_comma(read, shared):
    became = read(shared / "energy/dk_elspotprices_2024.csv.gz", name="prices.csv.gz")
    assert became.source.rows == 61_488
    assert became.types["SpotPriceDKK"] == "number"
    assert {35.43, 118.239998} <= set(became.column("SpotPriceDKK"))


def test_a_file_in_iso_8859_1(read, shared):
    became = read(shared / "city/dk_municipality_regions.csv", name="regions.csv")
    assert "København" in became.column("Kommune")


def test_a_file_with_a_mark_and_codes_with_leading_zeros(read, shared):
    became = read(shared / "energy/dk_metering_point_population.csv.gz", name="points.csv.gz")
    assert became.rows[0]["GridArea"] == "003"
    assert became.types["Supplier"] == "integer"


def test_a_weather_file_with_a_table_before_its_table(read, shared):
    became = read(shared / "energy/aarhus_weather_hourly_2024.csv.gz", name="weather.csv.gz")
    assert became.source.rows == 8_808
    assert became.units["temperature_2m (°C)"] == "°C"
    assert "Europe/Berlin" in became.said


def test_instants_with_hours_of_one_digit(read, shared):
    became = read(shared / "city/fi_airquality_hourly_2018.csv.gz", name="air.csv.gz")
    assert became.types["ts"] == "instant"
    assert became.source.rows == 34_680


@pytest.mark.parametrize(
    ("file", "rows"),
    [
        ("city/cph_bydele.geojson", 10),
        ("city/cph_cycling_infra.geojson.gz", 2_238),
        ("city/dk_municipalities_500k.geojson.gz", 311),
    ],
)
def test_maps(read, shared, file, rows):
    became = read(shared / file, name=file)
    assert became.source.format is FileFormat.GEOJSON
    assert (became.source.rows, became.source.rejected) == (rows, 0)
    assert became.types["geometry"] == "geometry"


def test_a_workbook_of_tariffs(read, shared):
    became = read(shared / "energy/london_dtou_tariffs_2013.xlsx", name="tariffs.xlsx")
    assert became.types == {"TariffDateTime": "timestamp", "Tariff": "text"}
    assert became.source.rows == 17_520


def test_hours_of_traffic_in_parquet(read, shared):
    became = read(shared / "city/aarhus_traffic_hourly_449.parquet", name="traffic.parquet")
    assert became.source.rows == 2_510_189
    assert became.types["ts"] == "timestamp"
