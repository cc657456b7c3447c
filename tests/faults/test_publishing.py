"""Publishing is killed at many points, and its disk fills up: nothing is half, nothing lost."""

import io
import multiprocessing
import os
import random
import subprocess

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from torvet import catalogue
from torvet.exchange import open_parts
from torvet.jobs import run_worker
from torvet.server import application
from torvet.settings import Settings

from .publisher import publish_until, publish_with_small_files

pytestmark = pytest.mark.slow

KILLS = 16
WITHIN_S = 60
PASSWORD = "a square with many stalls"


@pytest.fixture(scope="module")
def processes():
    """Processes that start fast: their modules are imported once, and nothing is open yet."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torvet.server"])
    return context


@pytest.fixture(scope="module")
def alma(app):
    """Alma of the City of Aarhus, signed in."""
    with TestClient(app, raise_server_exceptions=False) as client:
        sign_in(client)
        yield client


def sign_in(client, email="alma@example.org"):
    account = {"email": email, "name": "Alma", "password": PASSWORD}
    assert client.post("/api/accounts", json=account).status_code == 201
    session = {"email": email, "password": PASSWORD}
    assert client.post("/api/session", json=session).status_code == 201
    organisation = {"name": "City of Aarhus", "kind": "public", "cvr": "55133018"}
    assert client.post("/api/organisations", json=organisation).status_code == 201


def describe(client, slug):
    wish = {"slug": slug, "title": {"en": "Parking"}, "visibility": "public", "key": ["id"]}
    made = client.post("/api/datasets", json=wish)
    assert made.status_code == 201, made.text
    return made.json()["id"]


def deliver(client, slug, content, mode="append"):
    uploaded = client.post(
        "/api/uploads/direct", params={"file_name": "parking.csv"}, content=content
    )
    assert uploaded.status_code == 201, uploaded.text
    wish = {"upload": uploaded.json()["id"], "mode": mode}
    made = client.post(f"/api/datasets/{slug}/deliveries", json=wish)
    assert made.status_code == 202, made.text
    return made.json()["id"]


def rows(first, count, width=1):
    lines = io.StringIO()
    lines.write("id,garage,occupied\n")
    chance = random.Random(first)
    for number in range(first, first + count):
        noise = chance.randbytes(width).hex()
        lines.write(f"{number},G{noise},{number % 100}\n")
    return lines.getvalue().encode()


def settings_of(parts):
    chosen = parts.settings
    return {"home": chosen.home, "database": chosen.database, "tables": chosen.tables}


def ids_in(parts, dataset, number):
    """Return the ids in a release, straight from its files."""
    uris = parts.tables.file_uris(f"releases/{dataset}", number)
    found = parts.engine.rows("select id from t order by id", {"t": uris})
    return [row["id"] for row in found]


def ensure_whole(parts, client, slug, dataset, expected):
    """Check that whatever can be seen is whole: each release has exactly its rows and facts."""
    with parts.db.begin() as tx:
        releases = catalogue.releases(tx, dataset)
        told = tx.execute(
            text(
                "select (leaf::jsonb) -> 'body' ->> 'release' from facts"
                " where subject = :subject and name = 'release-published'"
            ),
            {"subject": dataset},
        ).scalars()
        assert sorted(map(int, told)) == sorted(release.number for release in releases)
        for release in releases:
            assert catalogue.profile(tx, dataset, release.number).rows == release.rows
    for release in releases:
        ids = ids_in(parts, dataset, release.number)
        assert ids == expected[release.number], release.number
        assert release.rows == len(ids)
    shown = client.get(f"/api/datasets/{slug}/releases").json()["items"]
    assert [one["number"] for one in shown] == list(range(len(releases), 0, -1))
    return len(releases)


def test_a_publisher_that_is_killed_anywhere_leaves_nothing_half(alma, parts, processes, tmp_path):
    dataset = describe(alma, "killed")
    counted = tmp_path / "steps"
    first = deliver(alma, "killed", rows(0, 40))
    whole = processes.Process(
        target=publish_until, args=(settings_of(parts), first, 0, str(counted))
    )
    whole.start()
    whole.join(WITHIN_S)
    assert whole.exitcode == 0
    steps = int(counted.read_text())
    assert steps > KILLS
    expected = {1: list(range(40))}
    chance = random.Random(2026)
    deaths = 0

    for number in range(2, KILLS + 2):
        delivery = deliver(alma, "killed", rows(number * 100, 5))
        expected[number] = expected[number - 1] + list(range(number * 100, number * 100 + 5))
        # Spread over the whole run, with chance for what lies between.
        low = (number - 2) * steps // KILLS
        point = chance.randint(low + 1, low + steps // KILLS)
        killed = processes.Process(
            target=publish_until, args=(settings_of(parts), delivery, point, str(counted))
        )
        killed.start()
        killed.join(WITHIN_S)
        assert killed.exitcode in {-9, 0}, point
        deaths += killed.exitcode == -9
        visible = ensure_whole(parts, alma, "killed", dataset, expected)
        assert visible in {number - 1, number}

        run_worker(parts, once=True)

        assert ensure_whole(parts, alma, "killed", dataset, expected) == number
        done = alma.get(f"/api/deliveries/{delivery}").json()
        assert (done["stage"], done["release"]) == ("published", number), point
    assert parts.tables.version(f"releases/{dataset}") == KILLS + 1
    # An append takes a few steps more or fewer than the first release: the last may get through.
    assert deaths >= KILLS - 4


def test_a_publisher_that_is_killed_again_and_again_gets_there(alma, parts, processes, tmp_path):
    dataset = describe(alma, "stubborn")
    delivery = deliver(alma, "stubborn", rows(0, 30))
    expected = {1: list(range(30))}
    counted = str(tmp_path / "steps")

    for point in (3, 9, 27, 40, 60, 80, 100, 120):
        killed = processes.Process(
            target=publish_until, args=(settings_of(parts), delivery, point, counted)
        )
        killed.start()
        killed.join(WITHIN_S)
        ensure_whole(parts, alma, "stubborn", dataset, expected)
    run_worker(parts, once=True)

    assert ensure_whole(parts, alma, "stubborn", dataset, expected) == 1


def test_a_disk_that_takes_no_more_fails_the_delivery_in_words(alma, parts, processes):
    dataset = describe(alma, "full")
    deliver(alma, "full", rows(0, 10))
    run_worker(parts, once=True)
    delivery = deliver(alma, "full", rows(100, 20_000, width=8))

    # A limit on the size of files is what the system gives without rights; it says EFBIG.
    worker = processes.Process(
        target=publish_with_small_files, args=(settings_of(parts), delivery, 60_000)
    )
    worker.start()
    worker.join(WITHIN_S)

    failed = alma.get(f"/api/deliveries/{delivery}").json()
    assert failed["stage"] == "failed", failed
    assert failed["failure"]["code"] == "storage-full"
    assert "room" in failed["error"] or "full" in failed["error"]
    assert failed["failure"]["advice"]
    assert ensure_whole(parts, alma, "full", dataset, {1: list(range(10))}) == 1


@pytest.fixture
def small_disk(tmp_path):
    """A real disk of 3 MB, where this machine lets us mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk takes rights that this process does not have")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_leaves_the_previous_release_and_work_goes_on_when_there_is_room(
    parts, database, small_disk
):
    settings = Settings(home=parts.settings.home, database=database, tables=str(small_disk))
    with open_parts(settings, migrate=False) as small:
        client = TestClient(application(small), raise_server_exceptions=False)
        with client:
            sign_in(client, "alma.small@example.org")
            dataset = describe(client, "small")
            deliver(client, "small", rows(0, 10))
            run_worker(small, once=True)
            filler = small_disk / "filler"
            with filler.open("wb") as file:
                file.write(b"x" * (3 * 1024 * 1024 - 400_000))

            delivery = deliver(client, "small", rows(100, 60_000, width=16))
            run_worker(small, once=True)

            failed = client.get(f"/api/deliveries/{delivery}").json()
            assert failed["failure"]["code"] == "storage-full", failed
            assert ensure_whole(small, client, "small", dataset, {1: list(range(10))}) == 1

            filler.unlink()
            deliver(client, "small", rows(100, 5))
            run_worker(small, once=True)
            expected = {1: list(range(10)), 2: [*range(10), *range(100, 105)]}
            assert ensure_whole(small, client, "small", dataset, expected) == 2
