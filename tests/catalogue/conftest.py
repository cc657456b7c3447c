"""A cast of three: Alma of the City of Aarhus publishes, Bo consumes, Carla is a stranger."""

import gzip
import itertools
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from torvet.jobs import run_worker

PASSWORD = "a square with many stalls"
CVRS = {"aarhus": "55133018", "startup": "29189846", "stranger": "10150817"}
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
_numbers = itertools.count(1)


@dataclass
class Person:
    """Somebody signed in, who acts for an organisation of their own."""

    client: TestClient
    party: str
    parts: object

    def get(self, path, expected=200, **more):
        answer = self.client.get(path, **more)
        assert answer.status_code == expected, answer.text
        return answer.json()

    def send(self, method, path, body=None, expected=200, **more):
        answer = self.client.request(method, path, json=body, **more)
        assert answer.status_code == expected, answer.text
        return answer.json() if answer.content else None

    def describe(self, slug=None, expected=201, **more):
        slug = slug or f"parking-{next(_numbers)}"
        wish = {"slug": slug, "title": {"en": "Parking"}, "visibility": "public", **more}
        return self.send("POST", "/api/datasets", wish, expected)

    def upload(self, content, file_name="parking.csv"):
        """Upload a file in one piece and return its id."""
        made = self.client.post(
            "/api/uploads/direct", params={"file_name": file_name}, content=content
        )
        assert made.status_code == 201, made.text
        return made.json()["id"]

    def deliver(self, slug, content, file_name="parking.csv", expected=202, **more):
        """Deliver a file and leave the rest to whoever works."""
        wish = {"upload": self.upload(content, file_name), **more}
        return self.send("POST", f"/api/datasets/{slug}/deliveries", wish, expected)

    def publish(self, slug, content, file_name="parking.csv", **more):
        """Deliver a file, work until it has ended, and return the delivery."""
        made = self.deliver(slug, content, file_name, **more)
        run_worker(self.parts, once=True)
        return self.get(f"/api/deliveries/{made['id']}")


@pytest.fixture
def person(app, parts):
    """Make somebody new with an organisation: `person("aarhus")`."""
    clients = []

    def make(organisation, kind="public"):
        client = TestClient(app, raise_server_exceptions=False)
        clients.append(client)
        email = f"{organisation}.{next(_numbers)}@example.org"
        account = {"email": email, "name": organisation.title(), "password": PASSWORD}
        assert client.post("/api/accounts", json=account).status_code == 201
        session = {"email": email, "password": PASSWORD}
        assert client.post("/api/session", json=session).status_code == 201
        made = client.post(
            "/api/organisations",
            json={"name": organisation.title(), "kind": kind, "cvr": CVRS[organisation]},
        )
        assert made.status_code == 201, made.text
        return Person(client, made.json()["slug"], parts)

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def alma(person):
    return person("aarhus")


@pytest.fixture
def bo(person):
    return person("startup", "private")


@pytest.fixture
def carla(person):
    return person("stranger", "private")


@pytest.fixture
def nobody(app, parts):
    """Somebody who has not signed in."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Person(client, "", parts)


@pytest.fixture
def facts(parts):
    """The facts about something, oldest first."""

    def about(subject, name=None):
        with parts.db.begin() as tx:
            leaves = tx.execute(
                text("select leaf from facts where subject = :subject order by serial"),
                {"subject": subject},
            ).scalars()
            read = [json.loads(leaf) for leaf in leaves]
        return [fact for fact in read if name in {None, fact["name"]}]

    return about


@pytest.fixture(scope="session")
def real_parking():
    """The real parking counts of Aarhus, as they are published."""
    file = DATA / "city" / "aarhus_parking_2014.csv.gz"
    if not file.exists():
        pytest.skip(f"the shared data is not on this machine: {file}")
    return gzip.decompress(file.read_bytes())


@pytest.fixture
def parking():
    """CSV of `rows` half hours of two garages."""

    def write(rows=10, start=0, garages=("BRUUNS", "SALLING"), capacity=100):
        lines = ["garage,ts,occupied,capacity"]
        for number in range(start, start + rows):
            hours, half = divmod(number // len(garages), 2)
            day, hour = divmod(hours, 24)
            lines.append(
                f"{garages[number % len(garages)]},2014-05-{1 + day:02} {hour:02}:{30 * half:02}:00,"
                f"{number % 90},{capacity}"
            )
        return ("\n".join(lines) + "\n").encode()

    return write
