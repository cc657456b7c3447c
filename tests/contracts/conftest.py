"""A cast of three: Alma of the City of Aarhus offers, Bo's start-up accepts, Carla is a stranger."""

import itertools
import json
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from torvet.audit import Fact, record, seal
from torvet.catalogue import store as catalogue_store
from torvet.catalogue.model import DeliveryId, Release
from torvet.ingest import Column, ColumnType
from torvet.metering import catch_up
from torvet.parties.signin import resolve

from .written import TRANSPORT

PASSWORD = "a square with many stalls"
CVRS = {"alma": "55133018", "bo": "29189846", "carla": "10150817"}
COLUMNS = (
    Column(name="garage", type=ColumnType.TEXT),
    Column(name="occupied", type=ColumnType.INTEGER),
    Column(name="capacity", type=ColumnType.INTEGER),
    Column(name="at", type=ColumnType.INSTANT),
)

_numbers = itertools.count(1)


@dataclass
class Person:
    """Somebody signed in, who acts for an organisation of their own unless told otherwise."""

    parts: object
    client: TestClient
    secret: str
    slug: str | None
    more: dict = field(default_factory=dict)

    def send(self, method, path, body=None, expected=200, **more):
        answer = self.client.request(method, path, json=body, headers=self.more, **more)
        assert answer.status_code == expected, f"{answer.status_code}: {answer.text}"
        return answer.json() if answer.content else None

    def get(self, path, expected=200, **more):
        return self.send("GET", path, None, expected, **more)

    def post(self, path, body=None, expected=201, **more):
        return self.send("POST", path, body or {}, expected, **more)

    @property
    def caller(self):
        """Return who this is, as deeds are told."""
        return resolve(self.parts, self.secret)

    def dataset(self, release=True, **more):
        """Describe a dataset with one release, whose rows no test here needs."""
        wish = {"slug": f"parking-{next(_numbers)}", "title": {"en": "Parking"}}
        # No values are shown to everyone, so that offers may withhold some.
        wish |= {"visibility": "public", "preview": {"columns": [], "rows": 0}, **more}
        made = self.post("/api/datasets", wish)
        if release:
            self.release(made["id"])
        return made

    def release(self, dataset):
        now = self.parts.clock.now()
        with self.parts.db.begin() as tx:
            newest = catalogue_store.newest_release(tx, dataset)
            catalogue_store.add_release(
                tx,
                Release(
                    dataset=dataset,
                    number=1 if newest is None else newest.number + 1,
                    mode="append",
                    delivery=DeliveryId(self.parts.new_id("dl")),
                    sources=(),
                    rows=0,
                    bytes=0,
                    columns=COLUMNS,
                    published_at=now,
                ),
            )

    def offer(self, *clauses, slug=None, expected=201, **more):
        slug = slug or self.dataset()["slug"]
        wish = {"title": "Terms", "clauses": list(clauses), **more}
        return self.post(f"/api/datasets/{slug}/offers", wish, expected)

    def accept(self, offer, purpose=TRANSPORT, expected=201, **more):
        wish = {"purpose": purpose, **more}
        return self.post(f"/api/offers/{offer['id']}/contracts", wish, expected)

    def acting_for(self, slug):
        return Person(self.parts, self.client, self.secret, slug, {"X-Torvet-Party": slug})

    def token(self, *scopes, expected=201, **more):
        made = self.post("/api/tokens", {"name": "t", "scopes": list(scopes), **more}, expected)
        client = TestClient(self.client.app, raise_server_exceptions=False)
        secret = made["secret"]
        headers = {"Authorization": f"Bearer {secret}"}
        return Person(self.parts, client, secret, self.slug, headers)


@pytest.fixture
def person(app, parts):
    """Make somebody new: `person("alma")`; without an organisation they are a citizen."""

    def make(name, *, organisation=True, **more):
        client = TestClient(app, raise_server_exceptions=False)
        email = f"{name}.{next(_numbers)}@example.org"
        account = {"email": email, "name": name.title(), "password": PASSWORD}
        assert client.post("/api/accounts", json=account).status_code == 201
        session = client.post("/api/session", json={"email": email, "password": PASSWORD})
        assert session.status_code == 201, session.text
        someone = Person(parts, client, client.cookies["torvet_session"], None)
        if organisation:
            wish = {"name": name.title(), "kind": "private", "cvr": CVRS.get(name), **more}
            someone.slug = someone.post("/api/organisations", wish)["slug"]
        return someone

    return make


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
def nobody(app, parts):
    return Person(parts, TestClient(app, raise_server_exceptions=False), "", None)


@pytest.fixture
def facts(parts):
    """The facts about something, oldest first."""

    def about(subject):
        with parts.db.begin() as tx:
            leaves = tx.execute(
                text("select leaf from facts where subject = :subject order by serial"),
                {"subject": subject},
            ).scalars()
            return [json.loads(leaf) for leaf in leaves]

    return about


@pytest.fixture
def used(parts):
    """Put rows on the meter, under a contract, a few days ago."""

    def deliver(contract, at, rows):
        body = {"contract": contract["id"], "dataset": contract["dataset"]["id"], "release": 1}
        body |= {"channel": "rest", "rows": rows, "bytes": 100 * rows, "requests": 1}
        sides = (contract["provider"]["id"], contract["consumer"]["id"])
        with parts.db.begin() as tx:
            record(
                tx,
                Fact(
                    name="usage",
                    at=at,
                    actor="tk_1",
                    subject=contract["id"],
                    parties=sides,
                    body=body | {"format": "json"},
                ),
            )
        seal(parts)
        catch_up(parts)

    return deliver
