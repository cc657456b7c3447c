"""A market of three: Bo asks for data, Carla joins, Alma could deliver it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from contracts import conftest as cast
from torvet.demand import settle
from torvet.kit.moments import to_text

DAYS_OPEN, DAYS_PROMISED, DAYS_LEFT = 3, 5, 7

facts, nobody = cast.facts, cast.nobody


def kr(minor):
    return {"minor": minor, "currency": "DKK"}


@dataclass
class Market:
    """Who is there, and what they do."""

    parts: object
    clock: object
    facts: object
    alma: cast.Person
    bo: cast.Person
    carla: cast.Person

    def wish(self, **more):
        """Say what is wanted; whatever is named replaces what stands here."""
        return {
            "title": {"en": "Cargo bikes per street", "da": "Ladcykler pr. gade"},
            "description": {"en": "Counts per hour, for planning."},
            "purpose": "ImproveTransportMobility",
            "theme": "TRAN",
            "place": "DK042",
            "columns": ["garage", "occupied"],
            "goal": kr(100_000),
            "deadline": to_text(self.clock.now() + timedelta(days=DAYS_OPEN)),
            "deliver_by": to_text(self.clock.now() + timedelta(days=DAYS_LEFT)),
            **more,
        }

    def wanted(self, **more):
        return self.bo.post("/api/wanted", self.wish(**more))

    def pledge(self, who, request, minor, expected=201, **more):
        """Pledge; with `expected` None whatever comes of it is fine."""
        path, body = f"/api/wanted/{request['id']}/pledge", {"amount": kr(minor), **more}
        if expected is None:
            return who.client.post(path, json=body).json()
        return who.post(path, body, expected)

    def answered(self, request, minor=80_000, expected=201, who=None, **more):
        body = {
            "words": "We count them already and would publish it.",
            "price": kr(minor),
            "deliver_by": to_text(self.clock.now() + timedelta(days=DAYS_PROMISED)),
            **more,
        }
        path = f"/api/wanted/{request['id']}/answers"
        return (who or self.alma).post(path, body, expected)

    def vote(self, who, request, answer, said="yes", expected=200):
        path = f"/api/wanted/{request['id']}/answers/{answer['id']}/vote"
        return who.post(path, {"vote": said}, expected)

    def deliver(self, request, dataset, expected=200):
        path = f"/api/wanted/{request['id']}/delivery"
        return self.alma.post(path, {"dataset": dataset["slug"]}, expected)

    def shown(self, who, request):
        return who.get(f"/api/wanted/{request['id']}")

    def at_once(self, *deeds):
        """Do several deeds at the same moment; return what came of each."""
        with ThreadPoolExecutor(len(deeds)) as pool:
            return [one.result() for one in [pool.submit(deed) for deed in deeds]]

    def settle(self):
        settle(self.parts)


@pytest.fixture(scope="module")
def people(app, parts):
    """Alma, Bo and Carla, once for the module: whoever signs up too often is asked to wait."""
    return [somebody(app, parts, name) for name in ("alma", "bo", "carla")]


def somebody(app, parts, name):
    client = TestClient(app, raise_server_exceptions=False)
    email = f"{name}@demand.example.org"
    account = {"email": email, "name": name.title(), "password": cast.PASSWORD}
    assert client.post("/api/accounts", json=account).status_code == 201
    session = client.post("/api/session", json={"email": email, "password": cast.PASSWORD})
    assert session.status_code == 201, session.text
    someone = cast.Person(parts, client, client.cookies["torvet_session"], None)
    wish = {"name": name.title(), "kind": "private", "cvr": cast.CVRS[name]}
    someone.slug = someone.post("/api/organisations", wish)["slug"]
    return someone


@pytest.fixture
def market(parts, clock, facts, people):
    return Market(parts, clock, facts, *people)
