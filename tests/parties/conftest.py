"""A cast of three: Alma of the City of Aarhus, Bo of a start-up, Carla whom nobody invited."""

import itertools
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

PASSWORD = "a square with many stalls"
AARHUS_CVR = "55133018"
_numbers = itertools.count(1)


@dataclass
class Person:
    """Somebody with an account and a client of their own, signed in by cookie."""

    email: str
    account: str
    citizen: str
    client: TestClient

    def post(self, path, body=None, **more):
        return self.client.post(path, json=body or {}, **more)

    def get(self, path, **more):
        return self.client.get(path, **more)

    def patch(self, path, body, **more):
        return self.client.patch(path, json=body, **more)

    def delete(self, path, **more):
        return self.client.delete(path, **more)

    def organisation(self, name="City of Aarhus", kind="public", cvr=AARHUS_CVR, **more):
        made = self.post("/api/organisations", {"name": name, "kind": kind, "cvr": cvr, **more})
        assert made.status_code == 201, made.text
        return made.json()

    def token(self, *scopes, **more):
        made = self.post("/api/tokens", {"name": "a token", "scopes": list(scopes), **more})
        assert made.status_code == 201, made.text
        return made.json()


@pytest.fixture
def person(app):
    """Make somebody new: `person("alma")`."""
    clients = []

    def make(name):
        client = TestClient(app)
        clients.append(client)
        email = f"{name}.{next(_numbers)}@example.org"
        made = client.post(
            "/api/accounts", json={"email": email, "name": name.title(), "password": PASSWORD}
        )
        assert made.status_code == 201, made.text
        entered = client.post("/api/session", json={"email": email, "password": PASSWORD})
        assert entered.status_code == 201, entered.text
        citizen = made.json()["memberships"][0]["party"]["slug"]
        return Person(email, made.json()["id"], citizen, client)

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def alma(person):
    return person("alma")


@pytest.fixture
def bo(person):
    return person("bo")


@pytest.fixture
def carla(person):
    return person("carla")


@pytest.fixture
def aarhus(alma):
    """The City of Aarhus, which Alma owns."""
    return alma.organisation()


@pytest.fixture
def nobody(app):
    """A client without any credential."""
    with TestClient(app) as client:
        yield client


@pytest.fixture
def holder(app):
    """A client that holds a token (or a session's secret) and nothing else."""
    clients = []

    def make(secret):
        client = TestClient(app, headers={"Authorization": f"Bearer {secret}"})
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def facts(parts):
    """The facts about something, newest last."""

    def about(subject, name=None):
        with parts.db.begin() as tx:
            leaves = tx.execute(
                text("select leaf from facts where subject = :subject order by serial"),
                {"subject": subject},
            ).scalars()
            read = [json.loads(leaf) for leaf in leaves]
        return [fact for fact in read if name in {None, fact["name"]}]

    return about


@pytest.fixture
def at_once():
    """Do all deeds at the same moment, each in a thread of its own; return what came of them."""

    def run(*deeds):
        barrier = threading.Barrier(len(deeds))

        def do(deed):
            barrier.wait()
            return deed()

        with ThreadPoolExecutor(len(deeds)) as threads:
            return list(threads.map(do, deeds))

    return run
