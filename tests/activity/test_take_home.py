"""A party takes home all that is held about it, and nothing about anybody else."""

import io
import json
import os
import zipfile
from datetime import timedelta

import pytest

from house.test_schema import declared
from torvet.activity.held import HELD, LEFT_OUT
from torvet.ingest import sweep


@pytest.fixture
def taken():
    """The archive of a person's party: names of files to their lines or text."""

    def of(someone):
        answer = someone.client.get("/api/activity", headers=someone.more)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.testzip() is None
            return {
                name: [json.loads(line) for line in archive.read(name).splitlines()]
                if name.endswith(".ndjson")
                else archive.read(name).decode()
                for name in archive.namelist()
            }

    return of


def test_both_sides_of_a_contract_take_it_home(alma, bo, taken):
    contract = bo.accept(alma.offer())

    for side in (alma, bo):
        rows = taken(side)["rows/contracts.ndjson"]
        assert [row["id"] for row in rows] == [contract["id"]]


def test_nothing_of_others_is_in_it(alma, bo, carla, taken):
    bo.accept(alma.offer())

    files = taken(carla)

    assert files["rows/contracts.ndjson"] == []
    assert files["rows/datasets.ndjson"] == []
    whole = json.dumps(files)
    assert carla.slug in whole
    for other in (alma, bo):
        assert f'"{other.slug}"' not in whole


def test_no_secret_is_in_it(alma, taken):
    token = alma.token("read")

    files = taken(alma)

    (row,) = files["rows/tokens.ndjson"]
    assert "digest" not in row
    assert token.secret not in json.dumps(files)


def test_facts_come_as_they_are_sealed_with_the_checkpoint_over_them(alma, taken):
    alma.offer()

    files = taken(alma)

    names = [json.loads(line["leaf"])["name"] for line in files["log/facts.ndjson"]]
    assert {"party-registered", "offer-made"} <= set(names)
    size = int(files["log/checkpoint.txt"].splitlines()[1])
    assert all(line["position"] < size for line in files["log/facts.ndjson"])


def test_taking_home_is_a_fact_and_leaves_no_file(alma, taken):
    first = taken(alma)
    second = taken(alma)

    told = [json.loads(line["leaf"]) for line in second["log/facts.ndjson"]]
    assert [fact["body"]["facts"] for fact in told if fact["name"] == "activity-taken-home"] == [
        len(first["log/facts.ndjson"])
    ]
    folder = alma.parts.settings.home / "temporary"
    assert list(folder.glob("activity-*")) == []


def test_only_owners_take_a_party_home(alma, bo, nobody):
    member = {"email": bo.get("/api/me")["email"], "role": "steward"}
    alma.post(f"/api/organisations/{alma.slug}/members", member)

    bo.acting_for(alma.slug).get("/api/activity", expected=403)
    nobody.get("/api/activity", expected=401)


def test_every_table_is_told_or_left_out_with_a_reason():
    tables = set(declared().tables)
    held = [one.table for one in HELD]

    assert sorted({*held, *LEFT_OUT} - tables) == []
    assert sorted(tables - {*held, *LEFT_OUT}) == []
    assert len(held) == len(set(held))
    assert set(held).isdisjoint(LEFT_OUT)


def test_every_column_by_which_a_row_is_a_partys_is_there():
    tables = declared().tables
    for one in HELD:
        named = {*one.by, *one.among, *one.without, *filter(None, [one.column])}
        assert named <= set(tables[one.table].columns.keys()), one.table
        if one.of:
            assert one.key in tables[one.of].columns
            assert one.of in {other.table for other in HELD}


def test_an_archive_that_a_crash_left_is_swept_away_and_a_young_one_is_not(parts):
    folder = parts.settings.home / "temporary"
    folder.mkdir(parents=True, exist_ok=True)
    left, room, young = folder / "activity-a.zip", folder / "gate-b", folder / "activity-c.zip"
    room.mkdir()
    for path in (left, room / "rows.parquet", young):
        path.write_bytes(b"about somebody")
    ago = (parts.clock.now() - timedelta(days=8)).timestamp()
    now = parts.clock.now().timestamp()
    for path, at in ((left, ago), (room, ago), (young, now)):
        os.utime(path, (at, at))

    sweep(parts)

    assert (left.exists(), room.exists(), young.exists()) == (False, False, True)
    young.unlink()


def test_the_desk_leads_to_all_that_is_held_and_to_the_rules(alma, bo):
    page = alma.client.get("/desk", headers={"Accept": "text/html"}).text
    reader = bo.token("read")
    readers = reader.client.get("/desk", headers={**reader.more, "Accept": "text/html"}).text

    for link in ("/api/activity", "/fees", "/wanted/mine", "/reuse/taken", "/reuse/statement"):
        assert f'href="{link}"' in page
    assert "Data Governance Act" in page
    assert 'href="/api/activity"' not in readers
    assert "An owner of your organisation" in readers
