"""PostgreSQL is gone for half a minute while people read and publish: nothing is lost by it."""

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
import requests
from sqlalchemy import text

from torvet.audit import newest_checkpoint, verify_log
from torvet.exchange import open_parts
from torvet.settings import Settings

pytestmark = pytest.mark.slow

GONE_S = 30
WITHIN_S = 120
MANY = 250_000
PASSWORD = "a square with many stalls"
AWAY = "database-away"


def until(condition, what):
    deadline = time.monotonic() + WITHIN_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"it did not happen: {what}"
        time.sleep(0.1)
    return found


@pytest.fixture
def settings(postgres_that_can_die, own_folder):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Settings(
        home=own_folder / "home",
        database=postgres_that_can_die.url,
        url=f"http://127.0.0.1:{port}",
        port=port,
        requests_per_minute=10**6,
    )


@pytest.fixture
def exchange(settings):
    """`torvet serve` in a process of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TORVET_")}
    given = {
        "TORVET_HOME": str(settings.home),
        "TORVET_DATABASE": settings.database,
        "TORVET_URL": settings.url,
        "TORVET_PORT": str(settings.port),
        "TORVET_REQUESTS_PER_MINUTE": str(settings.requests_per_minute),
    }
    command = [str(Path(sys.executable).parent / "torvet"), "serve"]
    with subprocess.Popen(command, env={**clean, **given}) as process:
        until(lambda: answers(settings.url), "the exchange answers")
        yield process
        process.terminate()
        process.wait(30)


def answers(url):
    try:
        return requests.get(f"{url}/health", timeout=2).ok
    except requests.ConnectionError:
        return False


class Person(requests.Session):
    """Somebody signed in, who acts for an organisation of their own."""

    def __init__(self, url, name, kind, cvr):
        super().__init__()
        self.url = url
        email = f"{name}@example.org"
        self.made("/api/accounts", {"email": email, "name": name, "password": PASSWORD})
        self.made("/api/session", {"email": email, "password": PASSWORD})
        self.party = self.made("/api/organisations", {"name": name, "kind": kind, "cvr": cvr})

    def ask(self, method, path, **more):
        return self.request(method, f"{self.url}{path}", timeout=60, **more)

    def made(self, path, body, **more):
        answer = self.ask("POST", path, **({"json": body} | more))
        assert answer.status_code in {200, 201, 202}, answer.text
        return answer.json()

    def deliver(self, slug, content):
        sent = self.ask(
            "POST", "/api/uploads/direct", params={"file_name": "x.csv"}, data=content
        ).json()
        wish = {"upload": sent["id"], "mode": "append"}
        return self.made(f"/api/datasets/{slug}/deliveries", wish)["id"]

    def stage(self, delivery):
        return self.ask("GET", f"/api/deliveries/{delivery}").json()["stage"]


def rows(first, count):
    chance = random.Random(first)
    lines = ["id,noise"]
    lines += [f"{n},{chance.getrandbits(40)}" for n in range(first, first + count)]
    return ("\n".join(lines) + "\n").encode()


class Passers:
    """People who knock at one door each, again and again, and note what they are told."""

    def __init__(self, *doors):
        self.told = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._knock, args=(door,)) for door in doors]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _knock(self, door):
        while not self._stop.is_set():
            began = time.monotonic()
            self.told.append((began, door()))
            self._stop.wait(0.25)

    def since(self, moment):
        return [answer for began, answer in self.told if began >= moment]


def sense_of(answer):
    """Return the code of an answer, or the whole of it where it is none that we know."""
    if answer.ok:
        return "ok"
    assert answer.headers.get("Retry-After"), answer.text
    if "text/html" in answer.headers["content-type"]:
        return AWAY if "database cannot be reached" in answer.text else answer.text
    said = answer.json()
    return said.get("code") or said.get("errorCode")


def doors_of(alma, bo, contract, share, bearer):
    """Return calls at every kind of door: pages, catalogue, deeds, rows and Delta Sharing."""
    wish = {"title": {"en": "X"}}
    sharing = f"{alma.url}/sharing/shares/{share['share']}/schemas/{share['schema']}"
    query = f"{sharing}/tables/{share['name']}/query"
    return (
        lambda: requests.get(f"{alma.url}/api/datasets", timeout=60),
        lambda: requests.get(f"{alma.url}/", headers={"Accept": "text/html"}, timeout=60),
        lambda: bo.ask("GET", f"/api/contracts/{contract}/rows", params={"limit": 5}),
        lambda: alma.ask("PATCH", "/api/datasets/parking", json=wish),
        lambda: alma.ask(
            "POST", "/api/uploads/direct", params={"file_name": "y.csv"}, data=rows(0, 3)
        ),
        lambda: requests.post(query, json={}, headers=bearer, timeout=60),
    )


def test_half_a_minute_without_a_database_loses_nothing(exchange, settings, postgres_that_can_die):
    alma = Person(settings.url, "Alma", "public", "55133018")
    bo = Person(settings.url, "Bo", "private", "29189846")
    alma.made("/api/datasets", {"slug": "parking", "title": {"en": "P"}, "visibility": "public"})
    first = alma.deliver("parking", rows(0, MANY))
    until(lambda: alma.stage(first) == "published", "release 1")
    terms = {"title": "Terms", "preview_acknowledged": True}
    offer = alma.made("/api/datasets/parking/offers", terms)["id"]
    contract = bo.made(f"/api/offers/{offer}/contracts", {"purpose": "ResearchAndDevelopment"})
    profile = bo.made(f"/api/contracts/{contract['id']}/profile", {})
    bearer = {"Authorization": f"Bearer {profile['bearerToken']}"}
    share = requests.get(
        f"{settings.url}/sharing/shares/{contract['share']}/all-tables", headers=bearer, timeout=30
    ).json()["items"][0]

    with Passers(*doors_of(alma, bo, contract["id"], share, bearer)) as passers:
        reading = bo.ask(
            "GET", f"/api/contracts/{contract['id']}/rows", params={"format": "ndjson"}, stream=True
        )
        lines = reading.iter_lines()
        read = [next(lines)]
        waiting_ones = [alma.deliver("parking", rows(n * MANY, MANY)) for n in (1, 2)]
        until(lambda: alma.stage(waiting_ones[0]) not in {"waiting", "received"}, "it is read")

        postgres_that_can_die.kill()
        gone = time.monotonic()
        read += lines
        time.sleep(max(0.0, GONE_S - (time.monotonic() - gone)))
        told_while_gone = Counter(map(sense_of, passers.since(gone)))
        postgres_that_can_die.start()
        back = time.monotonic()

        until(lambda: all(alma.stage(d) == "published" for d in waiting_ones), "releases 2, 3")
        until(lambda: len(passers.since(back)) > 60, "people pass by")
    after = passers.since(back)

    assert set(told_while_gone) == {AWAY, "TEMPORARILY_UNAVAILABLE"}, told_while_gone
    assert {sense_of(answer) for answer in after[-12:]} == {"ok"}
    assert {sense_of(answer) for _, answer in passers.told} == {
        "ok", AWAY, "TEMPORARILY_UNAVAILABLE",
    }  # fmt: skip
    assert [json.loads(line)["id"] for line in read] == list(range(MANY))
    ensure_nothing_is_lost(settings, contract["id"], sum(len(line) + 1 for line in read))


def ensure_nothing_is_lost(settings, contract, streamed_bytes):
    with open_parts(settings, migrate=False) as parts:
        with parts.db.begin() as tx:
            dataset = tx.execute(
                text("select id from datasets where slug = 'parking'")
            ).scalar_one()
            told = tx.execute(
                text("select leaf::jsonb -> 'body' ->> 'release' from facts"
                     " where name = 'release-published' order by serial")
            ).scalars().all()  # fmt: skip
            used = tx.execute(
                text("select leaf::jsonb -> 'body' ->> 'bytes' from facts where name = 'usage'"
                     " and subject = :c and leaf::jsonb -> 'body' ->> 'format' = 'ndjson'"),
                {"c": contract},
            ).scalars().all()  # fmt: skip
        assert told == ["1", "2", "3"]
        assert used == [str(streamed_bytes)], "the stream that outlived the database is metered"
        uris = parts.tables.file_uris(f"releases/{dataset}", 3)
        found = parts.engine.rows("select count(*) n, count(distinct id) d from t", {"t": uris})
        assert (found[0]["n"], found[0]["d"]) == (3 * MANY, 3 * MANY)
        until(lambda: newest_checkpoint(parts).size == facts_in(parts), "all is sealed")
        assert verify_log(parts).faults == ()


def facts_in(parts):
    with parts.db.begin() as tx:
        return tx.execute(text("select count(*) from facts")).scalar_one()
