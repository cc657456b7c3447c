"""PostgreSQL goes away and comes back: quick answers while it is away, nothing lost after."""

import threading
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from torvet.exchange import open_parts
from torvet.jobs import defer, job, run_worker
from torvet.server import application
from torvet.settings import Settings

pytestmark = pytest.mark.slow

seen = []


@job("test.remember", retries=20)
def remember(parts, *, number):
    with parts.db.begin() as tx:
        tx.execute(text("SELECT 1"))
    seen.append(number)


@pytest.fixture
def server(postgres_that_can_die):
    return postgres_that_can_die


@pytest.fixture
def parts(server, tmp_path):
    with open_parts(Settings(home=tmp_path, database=server.url)) as opened:
        yield opened


def test_a_deed_fails_soon_while_the_database_is_away_and_the_next_succeeds(server, parts):
    with parts.db.begin() as tx:
        tx.execute(text("SELECT 1"))
    server.kill()
    for _ in range(3):
        with pytest.raises(OperationalError), parts.db.begin() as tx:
            tx.execute(text("SELECT 1"))
    server.start()

    with parts.db.begin() as tx:
        assert tx.execute(text("SELECT 1")).scalar_one() == 1


def test_a_request_is_told_that_the_database_is_away(server, parts):
    with TestClient(application(parts), raise_server_exceptions=False) as client:
        assert client.get("/api/datasets").status_code == 200
        server.kill()
        answers = [client.get("/api/datasets") for _ in range(2)]
        server.start()

        assert {answer.status_code for answer in answers} == {503}
        assert {answer.json()["code"] for answer in answers} == {"database-away"}
        assert "Retry-After" in answers[0].headers
        assert client.get("/api/datasets").status_code == 200


def test_what_was_committed_is_there_after_the_power_cut(server, parts):
    with parts.db.begin() as tx:
        tx.execute(text("CREATE TABLE kept (n int)"))
    for number in range(20):
        with parts.db.begin() as tx:
            tx.execute(text("INSERT INTO kept VALUES (:n)"), {"n": number})
    server.kill()
    server.start()

    with parts.db.begin() as tx:
        assert tx.execute(text("SELECT count(*) FROM kept")).scalar_one() == 20


def test_a_worker_waits_for_the_database_and_loses_no_job(server, parts):
    seen.clear()
    with parts.db.begin() as tx:
        defer(tx, "test.remember", number=1)
    stop = threading.Event()
    worker = threading.Thread(
        target=run_worker, args=(parts,), kwargs={"stop": stop, "stalled_s": 2.0}
    )
    worker.start()
    try:
        _until(lambda: 1 in seen)
        with parts.db.begin() as tx:
            for number in range(2, 6):
                defer(tx, "test.remember", number=number)
        server.kill()
        server.start()
        with parts.db.begin() as tx:
            defer(tx, "test.remember", number=6)
        _until(lambda: set(seen) == {1, 2, 3, 4, 5, 6})
        assert worker.is_alive()
    finally:
        stop.set()
        worker.join(60)
    assert not worker.is_alive()


def _until(condition, within_s=90):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen: {seen}"
        time.sleep(0.05)
