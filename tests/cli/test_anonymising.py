"""`torvet privacy anonymise | attack | report`, as they are called and with what they print."""

import json
import random

import pyarrow.parquet as pq
import pytest

from torvet.cli.anonymising import anonymise, attack, report
from torvet.cli.here import Here
from torvet.cli.output import ProblemSaid

pytestmark = pytest.mark.slow

AS_JSON = Here(json=True)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    draw = random.Random(11)
    path = tmp_path_factory.mktemp("people") / "people.csv"
    lines = ["cpr_no,age,sex,education,diagnosis"]
    lines += [
        f"{number:06d},{draw.randint(20, 79)},{draw.choice('MF')},"
        f"{draw.choice(['school', 'trade', 'college'])},{draw.choice('ABCD')}"
        for number in range(600)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def sensors(tmp_path_factory):
    path = tmp_path_factory.mktemp("sensors") / "sensors.csv"
    rows = [f"S{n % 7},{n},{n * 3 % 50}" for n in range(200)]
    path.write_text("\n".join(["station,minute,no2", *rows]) + "\n")
    return path


def test_a_file_about_people_becomes_a_release_that_withstands_attack(people, tmp_path, capsys):
    release = tmp_path / "release.parquet"
    assert anonymise(people, to=release, preset="health", here=AS_JSON) == 0
    told = json.loads(capsys.readouterr().out)

    written = pq.read_table(release)
    assert "cpr_no" not in written.column_names
    assert written.num_rows == told["rows"] - told["suppressed"]
    groups = written.group_by(["age", "sex", "education"]).aggregate([([], "count_all")])
    assert min(groups["count_all"].to_pylist()) == told["risk"]["k"] >= 11

    assert attack(release, people, preset="health", here=AS_JSON) == 0


def test_the_source_itself_does_not_withstand_attack(people, capsys):
    assert attack(people, people, here=AS_JSON) == 1
    lost = [
        it["name"] for it in json.loads(capsys.readouterr().out)["outcomes"] if not it["passed"]
    ]
    assert "linkage" in lost


def test_nothing_is_written_where_an_attack_succeeds(people, tmp_path, capsys):
    policy = tmp_path / "policy.json"
    roles = {"cpr_no": "identifier", "age": "public", "sex": "quasi-identifier"}
    roles |= {"education": "public", "diagnosis": "sensitive"}
    weak = {
        "treatment": "anonymise",
        "roles": roles,
        "because": {"age": "we think that nobody knows it", "education": "we think so too"},
        "anonymise": {
            "hierarchies": {"sex": {"kind": "flat"}},
            "models": [{"kind": "k-anonymity", "k": 3}],
            "suppression_limit": 0.05,
        },
    }
    alike = tmp_path / "alike.csv"
    told = people.read_text().splitlines()
    # Everybody of one sex has the same diagnosis: k-anonymity alone does not hide it.
    rows = [line.split(",") for line in told[1:]]
    alike.write_text(
        "\n".join([told[0], *(",".join([*row[:4], "A" if row[2] == "M" else "B"]) for row in rows)])
    )
    policy.write_text(json.dumps(weak))
    release = tmp_path / "release.parquet"
    assert anonymise(alike, to=release, policy=policy, here=AS_JSON) == 1
    assert not release.exists()
    assert not list(tmp_path.glob(".torvet-*"))


def test_the_report_is_one_page(people, tmp_path, capsys):
    page = tmp_path / "report.html"
    report(people, html=page, here=AS_JSON)
    assert page.read_text().count("<svg") == 4


def test_where_nobody_is_singled_out_nothing_is_proposed(sensors, tmp_path):
    with pytest.raises(ProblemSaid, match="singles anybody out"):
        anonymise(sensors, to=tmp_path / "out.parquet")


def test_readings_of_homes_are_not_released_by_row(tmp_path):
    homes = tmp_path / "homes.csv"
    rows = [
        f"{meter:08d},{hour},{8000 + meter % 3 * 100},{meter * hour % 97}"
        for meter in range(40)
        for hour in range(24)
    ]
    homes.write_text("\n".join(["meter_id,hour,postcode,wh", *rows]) + "\n")
    with pytest.raises(ProblemSaid, match="aggregates"):
        anonymise(homes, to=tmp_path / "out.parquet")
