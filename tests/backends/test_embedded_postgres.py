"""PostgreSQL from the wheel, shared by real processes that come, go and are killed."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import make_url

from torvet.backends.embedded_postgres import embedded_postgres, running, stop

pytestmark = pytest.mark.slow

USER = """
import sys, time
from pathlib import Path
from torvet.backends.embedded_postgres import embedded_postgres
with embedded_postgres(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.readline()
print("left", flush=True)
"""


@pytest.fixture
def place():
    """A home with a short path, as most are; nothing is left running in it."""
    home = Path(tempfile.mkdtemp(prefix="torvet-pg-"))
    yield home
    stop(home)
    shutil.rmtree(home, ignore_errors=True)


def another_user(home):
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def leave(user):
    user.stdin.write("\n")
    user.stdin.flush()
    assert user.stdout.readline() == "left\n"
    assert user.wait(30) == 0


def ask(url, statement):
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as db:
        found = db.execute(statement)
        return found.fetchone()[0] if found.description else None


def test_it_speaks_danish_and_utc_and_listens_on_no_port(place):
    with embedded_postgres(place) as url:
        assert ask(url, "SELECT to_tsvector('danish', 'parkeringspladserne')::text").startswith(
            "'parkeringsplads'"
        )
        assert ask(url, "SELECT lower('ÆØÅ')") == "æøå"
        assert ask(url, "SHOW timezone") == "UTC"
        assert ask(url, "SHOW listen_addresses") == ""
        assert ask(url, "SHOW fsync") == "on"


def test_the_last_to_leave_stops_it_and_what_was_written_stays(place):
    with embedded_postgres(place) as url:
        ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
        with embedded_postgres(place) as again:
            assert again == url
        assert running(place / "postgres") is not None
    assert running(place / "postgres") is None

    with embedded_postgres(place) as url:
        assert ask(url, "SELECT n FROM kept") == 7


def test_processes_share_one_server(place):
    first, second = another_user(place), another_user(place)
    assert first.stdout.readline() == second.stdout.readline()
    server = running(place / "postgres").pid
    leave(first)
    assert running(place / "postgres").pid == server
    leave(second)
    assert running(place / "postgres") is None


def test_it_outlives_a_killed_parent_and_is_found_again(place):
    parent = another_user(place)
    url = parent.stdout.readline().strip()
    ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
    server = running(place / "postgres").pid
    parent.kill()
    parent.wait()
    assert ask(url, "SELECT n FROM kept") == 7

    with embedded_postgres(place) as again:
        assert again == url
        assert running(place / "postgres").pid == server
    # The killed process counts no more: this was the last user.
    assert running(place / "postgres") is None


def test_it_recovers_where_the_server_itself_was_killed(place):
    with embedded_postgres(place) as url:
        ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
        running(place / "postgres").kill()
        assert (place / "postgres" / "postmaster.pid").exists()
    with embedded_postgres(place) as url:
        assert ask(url, "SELECT n FROM kept") == 7


def test_a_dead_server_that_nobody_has_buried_is_no_hindrance(place):
    with embedded_postgres(place) as url:
        ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
        server = running(place / "postgres")
        server.kill()
        while server.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.005)
    with embedded_postgres(place) as url:
        assert ask(url, "SELECT n FROM kept") == 7


def test_a_stale_pid_file_that_names_another_living_process_is_no_hindrance(place):
    with embedded_postgres(place):
        pass
    ours = f"{os.getpid()}\n{place / 'postgres'}\n1\n5432\n\n\n1 1\nready\n"
    (place / "postgres" / "postmaster.pid").write_text(ours)

    assert running(place / "postgres") is None
    with embedded_postgres(place) as url:
        assert ask(url, "SELECT 1") == 1


def test_a_long_path_gets_a_short_socket(place):
    home = place / ("long-" * 25)
    with embedded_postgres(home) as url:
        folder = Path(make_url(url).query["host"])
        assert len(str(folder)) < 100
        assert ask(url, "SELECT 1") == 1
    assert running(home / "postgres") is None
    assert not folder.exists()


def test_a_copy_of_a_stopped_home_is_a_backup(place):
    with embedded_postgres(place / "one") as url:
        ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
    shutil.copytree(place / "one", place / "two")
    shutil.rmtree(place / "one")
    with embedded_postgres(place / "two") as url:
        assert ask(url, "SELECT n FROM kept") == 7


def test_a_signal_to_the_parents_group_does_not_reach_it(place):
    parent = subprocess.Popen(
        [sys.executable, "-c", USER, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    url = parent.stdout.readline().strip()
    os.killpg(parent.pid, signal.SIGKILL)
    parent.wait()

    assert ask(url, "SELECT 1") == 1
