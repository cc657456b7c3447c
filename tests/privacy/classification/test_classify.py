"""Tables about people are found, and tables about garages, roads and prices are left alone."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.privacy.classification import PERSONAL, Role, classify
from torvet.privacy.classification.names import cue_of
from torvet.privacy.classification.people import is_persons_name
from torvet.privacy.errors import SourceUnreadable

DEMO = Path(__file__).parents[3] / "src" / "torvet" / "demo" / "data"
SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"

NOT_ABOUT_PEOPLE = [
    "city/aarhus_parking_garages.csv", "city/aarhus_traffic_sensors.csv",
    "city/aarhus_weather_2014-08_09.csv", "city/dk_municipality_codes.csv",
    "city/dk_municipality_socioeconomic_2024.csv", "city/edinburgh_bin_collections_2016.csv.gz",
    "city/fi_airquality_hourly_2018.csv.gz", "energy/dk_elspotprices_2024.csv.gz",
    "energy/dk_metering_point_population.csv.gz", "energy/dk_consumption_coverage_2024.csv.gz",
]  # fmt: skip


def shared(name):
    file = SHARED / name
    if not file.exists():
        pytest.skip(f"the shared data is not on this machine: {file}")
    return file


def roles(found):
    return {it.column: it.role for it in found.verdicts}


@pytest.mark.parametrize(
    "name", ["aarhus-parking-2014-09-to-10.csv.gz", "aarhus-road-segments.csv",
             "dk-price-co2-hourly-2025-2026.parquet"])  # fmt: skip
def test_what_the_city_publishes_openly_is_not_personal(name):
    found = classify(DEMO / name)

    assert not found.personal
    assert set(roles(found).values()) == {Role.PUBLIC}
    assert found.singled_out == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", NOT_ABOUT_PEOPLE)
def test_garages_weather_bins_and_statistics_are_not_personal(name):
    found = classify(shared(name))

    assert not found.personal, found.reason


def test_the_heat_companys_buildings_are_its_customers_homes():
    found = classify(DEMO / "heat-meter-buildings.csv.gz")

    assert roles(found) == {
        "meter_id": Role.IDENTIFIER,
        "customer_id": Role.IDENTIFIER,
        "unit_type": Role.QUASI_IDENTIFIER,
        "construction_year": Role.QUASI_IDENTIFIER,
        "energy_label": Role.QUASI_IDENTIFIER,
    }
    assert found.unit == "customer_id"
    assert found.singled_out[0].rows == 219
    assert all(it.evidence for it in found.verdicts)


@pytest.mark.slow
def test_a_census_names_nobody_and_is_about_people_all_the_same():
    found = classify(shared("privacy/adult.csv"))

    assert found.named(Role.SENSITIVE) == ("salary-class",)
    assert set(found.named(Role.QUASI_IDENTIFIER)) == {
        "sex", "age", "race", "marital-status", "education", "native-country", "workclass",
        "occupation",
    }  # fmt: skip
    assert found.named(Role.IDENTIFIER) == ()


def test_readings_of_a_meter_are_somebodys_consumption():
    found = classify(shared("city/dk_heat_meter_sample_2018_2020.csv.gz"))

    assert roles(found)["customer_id"] is Role.IDENTIFIER
    assert roles(found)["energy_heat_kwh"] is Role.SENSITIVE


def table(**columns):
    return pa.table({"n": list(range(40)), **columns})


@pytest.mark.parametrize(("values", "kind"), [
    ([f"0101{year:02}-{number:04}" for number, year in enumerate([65] * 40)], "cpr"),
    (["DK5000400440116243"] * 40, "account"),
    ([f"somebody.{n}@example.dk" for n in range(40)], "email"),
    ([f"00:1b:44:11:3a:{n:02x}" for n in range(40)], "device"),
    ([f"+45 20 30 40 {n:02}" for n in range(40)], "phone"),
    ([f"AB 12 {n:03}" for n in range(40)], "vehicle"),
    (["Jens Hansen", "Mette Nielsen", "Karen Sørensen", "Lars Bo Holm"] * 10, "name"),
])  # fmt: skip
def test_values_speak_under_any_name(values, kind):
    """A column called `x` is found by what it holds."""
    found = classify(table(x=values))

    verdict = next(it for it in found.verdicts if it.column == "x")
    assert (verdict.role, verdict.kind) == (Role.IDENTIFIER, kind)


def test_a_personal_number_kept_as_a_number_has_lost_its_zero_and_is_found():
    numbers = [int(f"010165{n:04}") for n in range(40)]

    assert classify(table(x=numbers)).personal


def test_one_personal_number_among_a_hundred_thousand_remarks_is_found():
    remarks = [f"bin {n} emptied" for n in range(100_000)]
    remarks[77_777] = "called by 010165-1234, rang twice"

    found = classify(pa.table({"remark": remarks}))

    assert roles(found) == {"remark": Role.IDENTIFIER}
    assert "a text holds a personal number" in found.verdicts[0].evidence


def test_no_evidence_quotes_a_value():
    remarks = ["fine"] * 500 + ["rang 010165-1234 twice", "jens.hansen@example.dk"]

    said = str(classify(pa.table({"remark": remarks})).to_json())

    assert "010165" not in said
    assert "jens" not in said


@pytest.mark.parametrize("name", [
    "customer_id", "CustomerID", "kundenr", "Kunde-nummer", "målernr", "meterId", "metering_point_id",
    "CPR", "cpr_nr", "fornavn", "last name", "patientId", "husstand_id", "telefon", "e-mail",
])  # fmt: skip
def test_names_that_identify_do_so_in_both_languages(name):
    assert cue_of(name).role is Role.IDENTIFIER


@pytest.mark.parametrize("name", [
    "DISTANCE_IN_METERS", "REPORT_ID", "extID", "_id", "garage", "garagecode", "sensor", "station",
    "mean_household_income_dkk", "persons_18plus", "households", "number_of_persons", "co2_g_kwh",
    "ORGANISATION", "collection_id", "zone",
])  # fmt: skip
def test_names_of_things_and_of_many_identify_nobody(name):
    cue = cue_of(name)

    assert cue is None or cue.reach.value == "within"


def test_a_fleet_that_moves_is_told_from_a_sensor_on_its_mast():
    rng = np.random.default_rng(7)
    device = np.repeat(np.arange(50), 40)
    still = {"device_id": device, "lat": 56.1 + device / 1e3, "lon": 10.2 + device / 1e3}
    moving = {
        "device_id": device,
        "lat": rng.uniform(56, 57, 2000).round(3),
        "lon": rng.uniform(10, 11, 2000).round(3),
    }

    assert not classify(pa.table(still)).personal
    assert classify(pa.table(moving)).personal


def test_a_table_of_counts_is_not_one_of_people_and_one_of_small_counts_may_be():
    ages = list(range(40))
    many = {"age": ages, "sex": ["F", "M"] * 20, "count": [100 + n for n in ages]}
    few = {"age": ages, "sex": ["F", "M"] * 20, "count": [1 + n % 3 for n in ages]}

    assert not classify(pa.table(many)).personal
    assert classify(pa.table(few)).personal


@pytest.mark.slow
@given(st.permutations(["customer_id", "unit_type", "construction_year", "energy_label"]))
def test_the_order_of_columns_changes_no_verdict(order):
    held = pa.table({
        "customer_id": list(range(60)),
        "unit_type": ["house", "flat", "flat"] * 20,
        "construction_year": [1900 + n for n in range(60)],
        "energy_label": ["A", "B"] * 30,
    })  # fmt: skip

    assert roles(classify(held.select(order))) == roles(classify(held))


def test_every_kind_of_source_gives_the_same_verdicts(tmp_path):
    held = pa.table({"customer_id": list(range(60)), "age": [n % 9 for n in range(60)]})
    pq.write_table(held, tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text(
        "customer_id,age\n" + "\n".join(f"{n},{n % 9}" for n in range(60)) + "\n"
    )

    sources = (
        held,
        held.to_reader(),
        tmp_path / "a.parquet",
        tmp_path / "a.csv",
        [str(tmp_path / "a.parquet")],
    )

    assert {tuple(roles(classify(it)).items()) for it in sources} == {
        (("customer_id", Role.IDENTIFIER), ("age", Role.QUASI_IDENTIFIER))
    }


def test_an_empty_table_is_about_nobody_and_what_is_no_table_is_refused(tmp_path):
    assert not classify(pa.table({"cpr": pa.array([], pa.string())})).personal
    with pytest.raises(SourceUnreadable):
        classify(tmp_path / "nothing.parquet")
    with pytest.raises(SourceUnreadable):
        classify(42)


def test_a_statistic_of_streets_named_after_people_is_no_list_of_people():
    streets = ["Jens Baggesens Vej", "Karen Blixens Boulevard", "H C Andersens Gade"] * 14

    assert not classify(pa.table({"street": streets})).personal
    assert not is_persons_name("BRUUNS")


def test_a_verdict_is_personal_exactly_where_a_role_is():
    found = classify(table(customer_id=list(range(40))))

    assert found.personal is any(it.role in PERSONAL for it in found.verdicts)
    assert "customer_id" in found.personal_columns


def test_a_meter_called_by_that_name_alone_is_a_home_and_a_length_is_none():
    hours = 48
    readings = {
        "meter": [f"M{meter:03d}" for meter in range(50) for _ in range(hours)],
        "wh": [meter * hour % 911 for meter in range(50) for hour in range(hours)],
    }
    found = classify(pa.table(readings))
    assert {verdict.column: verdict.role for verdict in found.verdicts}["meter"] is Role.IDENTIFIER

    lengths = {"street": ["Å", "B"] * 40, "meter": [n * 7 % 311 for n in range(80)]}
    assert not classify(pa.table(lengths)).personal
