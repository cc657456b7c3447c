"""Jobs: enqueued with their deed, tried again, taken over from workers that are gone."""

import json
import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import text

from torvet.jobs import defer, every, job, known, run_worker
from torvet.kit.errors import ExchangeError, Kind

seen = []
failures = []


class Hopeless(ExchangeError):
    kind = Kind.INVALID
    code = "hopeless"


@job("test.note")
def note(parts, *, word, number):
    seen.append((word, number))


@job("test.stumble", retries=3)
def stumble(parts, *, times):
    seen.append("try")
    if len(seen) <= times:
        raise OSError("not yet")


@job("test.hopeless", retries=3)
def hopeless(parts):
    seen.append("try")
    raise Hopeless


@job("test.chain")
def chain(parts, *, left):
    seen.append(left)
    if left:
        with parts.db.begin() as tx:
            defer(tx, "test.chain", left=left - 1)


@every("test.tick", seconds=1)
def tick(parts):
    seen.append("tick")


@pytest.fixture(autouse=True)
def _nothing_is_left_over(parts):
    seen.clear()
    with parts.db.begin() as tx:
        tx.execute(text("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE"))


def in_queue(parts):
    with parts.db.begin() as tx:
        found = tx.execute(
            text(
                "SELECT status::text FROM procrastinate_jobs WHERE task_name LIKE 'test.%' ORDER BY id"
            )
        )
        return list(found.scalars())


def make_due(parts):
    with parts.db.begin() as tx:
        tx.execute(text("UPDATE procrastinate_jobs SET scheduled_at = NULL"))


def until(condition, within_s=60):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def test_a_job_runs_once_after_its_deed_has_committed(parts):
    with parts.db.begin() as tx:
        defer(tx, "test.note", word="hej", number=7)
        assert seen == []
    run_worker(parts, once=True)
    run_worker(parts, once=True)

    assert seen == [("hej", 7)]
    assert in_queue(parts) == []


def test_a_job_of_a_deed_that_was_undone_never_runs(parts):
    with parts.db.connect() as tx:
        defer(tx, "test.note", word="nej", number=1)
        tx.rollback()
    run_worker(parts, once=True)

    assert seen == []


def test_a_job_that_enqueues_another_is_followed_to_the_end(parts):
    with parts.db.begin() as tx:
        defer(tx, "test.chain", left=3)
    run_worker(parts, once=True)

    assert seen == [3, 2, 1, 0]


def test_jobs_of_one_lock_run_in_their_order(parts):
    with parts.db.begin() as tx:
        for number in range(8):
            defer(tx, "test.note", lock="one", word="n", number=number)
    run_worker(parts, once=True)

    assert [number for _, number in seen] == list(range(8))


def test_a_failed_job_is_tried_again_until_it_succeeds(parts):
    with parts.db.begin() as tx:
        defer(tx, "test.stumble", times=2)
    for _ in range(5):
        run_worker(parts, once=True)
        make_due(parts)

    assert seen == ["try", "try", "try"]
    assert in_queue(parts) == []


def test_a_job_that_keeps_failing_is_given_up_and_kept_to_be_seen(parts):
    with parts.db.begin() as tx:
        defer(tx, "test.stumble", times=99)
    for _ in range(7):
        run_worker(parts, once=True)
        if in_queue(parts) != ["failed"]:
            make_due(parts)

    assert seen == ["try"] * 4
    assert in_queue(parts) == ["failed"]


def test_what_cannot_become_better_is_not_tried_again(parts):
    with parts.db.begin() as tx:
        defer(tx, "test.hopeless")
    run_worker(parts, once=True)
    make_due(parts)
    run_worker(parts, once=True)

    assert seen == ["try"]
    assert in_queue(parts) == ["failed"]


def test_a_job_waits_for_its_time(parts):
    with parts.db.begin() as tx:
        (now,) = tx.execute(text("SELECT now() + interval '1 hour'")).one()
        defer(tx, "test.note", at=now, word="later", number=1)
    run_worker(parts, once=True)
    assert seen == []

    make_due(parts)
    run_worker(parts, once=True)
    assert seen == [("later", 1)]


def test_two_jobs_cannot_share_a_name():
    with pytest.raises(ValueError, match=r"test\.note"):
        job("test.note")(stumble)
    assert known()["test.note"].deed is note


@pytest.mark.slow
def test_a_standing_worker_hears_of_new_jobs_and_keeps_time(parts):
    stop = threading.Event()
    worker = threading.Thread(target=run_worker, args=(parts,), kwargs={"stop": stop})
    worker.start()
    try:
        with parts.db.begin() as tx:
            defer(tx, "test.note", word="hej", number=1)
        until(lambda: ("hej", 1) in seen and seen.count("tick") >= 2)
    finally:
        stop.set()
        worker.join(30)

    assert not worker.is_alive()
    assert seen.count(("hej", 1)) == 1


KILLED = """
import sys, json, time
from pathlib import Path
from torvet.exchange import open_parts
from torvet.jobs import job, run_worker
from torvet.settings import Settings

@job("test.note")
def note(parts, **arguments):
    print("begun", flush=True)
    time.sleep(600)

given = json.loads(sys.argv[1])
with open_parts(Settings(home=Path(given["home"]), database=given["database"]), migrate=False) as parts:
    run_worker(parts)
"""


@pytest.mark.slow
def test_the_job_of_a_killed_worker_is_taken_over(parts, settings):
    with parts.db.begin() as tx:
        defer(tx, "test.note", lock="one", word="hej", number=7)
        defer(tx, "test.note", lock="one", word="hej", number=8)
    given = json.dumps({"home": str(settings.home), "database": settings.database})
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, given], stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout.readline() == "begun\n"
        worker.kill()
    assert in_queue(parts) == ["doing", "todo"]

    run_worker(parts, once=True, stalled_s=0)

    assert seen == [("hej", 7), ("hej", 8)]
    assert in_queue(parts) == []
