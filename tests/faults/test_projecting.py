"""Whoever makes what a contract shows is killed at many points: no reader ever sees a part of it."""

import multiprocessing
import random

import pytest
from starlette.testclient import TestClient

from torvet.contracts import contract
from torvet.delivery.model import table_of
from torvet.jobs import run_worker

from .publisher import project_until
from .test_publishing import deliver, describe, settings_of, sign_in

KILLS = 12
WITHIN_S = 60
RELEASES = (40, 20, 30)
PURPOSE = "ResearchAndDevelopment"


@pytest.fixture(scope="module")
def alma(app, parts):
    """Alma of the City of Aarhus, who has published three releases."""
    with TestClient(app, raise_server_exceptions=False) as client:
        sign_in(client)
        describe(client, "streets")
        first = 0
        for count in RELEASES:
            lines = [f"{n},secret-{n},{n}" for n in range(first, first + count)]
            deliver(client, "streets", "\n".join(["id,name,pay", *lines]).encode())
            run_worker(parts, once=True)
            first += count
        yield client


@pytest.fixture
def agreed(app, alma):
    """Make contracts that each show other rows: `agreed(above=7)`."""
    with TestClient(app, raise_server_exceptions=False) as bo:
        account = {"email": "bo@example.org", "name": "Bo", "password": "a square with stalls"}
        assert bo.post("/api/accounts", json=account).status_code == 201
        del account["name"]
        assert bo.post("/api/session", json=account).status_code == 201

        def make(above):
            clauses = [
                {"clause": "columns", "names": ["id"]},
                {"clause": "row-filter", "filter": f"pay > {above}"},
            ]
            terms = {"title": "Terms", "clauses": clauses, "preview_acknowledged": True}
            offer = alma.post("/api/datasets/streets/offers", json=terms).json()["id"]
            made = bo.post(f"/api/offers/{offer}/contracts", json={"purpose": PURPOSE})
            assert made.status_code == 201, made.text
            return bo, made.json()["id"]

        yield make


def project(processes, parts, contract_id, point, counted):
    worker = processes.Process(
        target=project_until,
        args=(settings_of(parts), contract_id, len(RELEASES), point, str(counted)),
    )
    worker.start()
    worker.join(WITHIN_S)
    return worker.exitcode


def ids_shown(parts, table, version):
    uris = parts.tables.file_uris(table, version)
    found = parts.engine.rows("select id from t order by id", {"t": uris}) if uris else []
    return [row["id"] for row in found]


def test_whoever_makes_a_projection_may_be_killed_anywhere(alma, agreed, parts, tmp_path):
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["torvet.server"])
    counted = tmp_path / "steps"
    _, whole = agreed(above=0)
    assert project(processes, parts, whole, 0, counted) == 0
    steps = int(counted.read_text())
    assert steps > KILLS
    chance = random.Random(2026)

    for number in range(KILLS):
        above = number + 1
        bo, contract_id = agreed(above)
        low = number * steps // KILLS
        point = chance.randint(low + 1, max(low + 1, (number + 1) * steps // KILLS - 1))

        assert project(processes, parts, contract_id, point, counted) == -9, point

        with parts.db.begin() as tx:
            held = contract(tx, contract_id)
        table = table_of(held.dataset, held.projection)
        for version in range(1, 1 + (parts.tables.version(table) or 0)):
            rows = sum(RELEASES[:version])
            assert ids_shown(parts, table, version) == list(range(above + 1, rows)), point
        for release in range(1, 1 + len(RELEASES)):
            answer = bo.get(
                f"/api/contracts/{contract_id}/rows", params={"release": release, "limit": 1000}
            )
            rows = sum(RELEASES[:release])
            assert answer.status_code == 200, answer.text
            assert answer.json()["rows"] == [{"id": n} for n in range(above + 1, rows)], point
        assert parts.tables.version(table) == len(RELEASES)
