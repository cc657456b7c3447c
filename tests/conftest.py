"""Real parts for every test: PostgreSQL shared by the run, a fresh database for each module."""

import functools
import gc
import os
import shutil
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from anyio.from_thread import start_blocking_portal
from argon2 import PasswordHasher
from sqlalchemy import make_url
from starlette.testclient import TestClient

import examples as _profiles  # noqa: F401 - loads how often laws are tried
import external_postgres as elsewhere
import issued
import served
from torvet.backends import embedded_postgres
from torvet.exchange import database_url, open_parts
from torvet.parties import credentials
from torvet.server import application
from torvet.settings import Settings

# A test worker has no main file, by which the Spark client believes to be in a doctest.
if not hasattr(sys.modules["__main__"], "__file__"):
    sys.modules["__main__"].__file__ = __file__

START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
TEMPLATE = "torvet_template"
MEMORY_BYTES_MIN = 4 * 1024**3


class FakeClock:
    """Stands still until it is told to move."""

    def __init__(self, at=START):
        self._at = at
        self._lock = threading.Lock()

    def now(self):
        with self._lock:
            return self._at

    def set(self, at):
        with self._lock:
            self._at = at.astimezone(UTC)

    def advance(self, by=None, /, **of_timedelta):
        with self._lock:
            self._at += by if by is not None else timedelta(**of_timedelta)


@pytest.fixture(scope="session", autouse=True)
def hasher_in_earnest():
    """Hash with argon2's least effort, since a thousand people sign in here; give the real one."""
    in_earnest = credentials.HASHER
    with pytest.MonkeyPatch.context() as patch:
        least = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(credentials, "HASHER", least)
        yield in_earnest


@pytest.fixture(scope="session", autouse=True)
def one_loop_for_all_visitors():
    """Let all test clients share an event loop: one made for each request costs ten requests."""
    with start_blocking_portal() as portal, pytest.MonkeyPatch.context() as patch:
        patch.setattr(TestClient, "portal", portal)
        yield


def in_memory():
    """A folder in memory where the machine has one with room in it, else None.

    A database is some 800 files. A disk that is busy takes a second to make them, memory none.
    """
    room = Path("/dev/shm")
    there = room.is_dir() and shutil.disk_usage(room).free > MEMORY_BYTES_MIN
    return room if there else None


@pytest.fixture(scope="session")
def run_home():
    """A short home folder for the run: its PostgreSQL serves every test of this process."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    home = Path(tempfile.mkdtemp(prefix=f"torvet-tests-{worker}-", dir=in_memory()))
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster_url(run_home):
    """The URL of the run's PostgreSQL, with a migrated template database in it.

    It does not wait for the disk: that keeps what was committed from a power cut, and from nothing
    that a test could do. Tests of PostgreSQL itself start their own.
    """
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            for option in ("fsync", "full_page_writes"):
                patch.setitem(embedded_postgres.OPTIONS, option, "off")
            url = stack.enter_context(database_url(Settings(home=run_home)))
        _run(url, f"CREATE DATABASE {TEMPLATE}")
        template = _named(url, TEMPLATE)
        with open_parts(Settings(home=run_home / "template", database=template)):
            pass  # opening migrates
        yield url


@pytest.fixture(scope="module")
def database(cluster_url):
    """The URL of a fresh, migrated database for this module."""
    name = f"t_{uuid4().hex[:16]}"
    _run(cluster_url, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    yield _named(cluster_url, name)
    _run(cluster_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def external_postgres():
    """The URL of a PostgreSQL server that is not the embedded one."""
    for server in elsewhere.external_postgres():
        yield server.url


@pytest.fixture
def postgres_that_can_die():
    """A PostgreSQL server elsewhere, with `kill()` and `start()`."""
    yield from elsewhere.external_postgres()


@pytest.fixture(scope="session")
def sail_url():
    """The URL of a Spark Connect server."""
    with served.sail() as url:
        yield url


@pytest.fixture(scope="session")
def s3_endpoint():
    """The endpoint of an object store that speaks S3, with its keys in the environment."""
    with served.s3() as endpoint, pytest.MonkeyPatch.context() as environment:
        for name, value in served.SECRETS.items():
            environment.setenv(name, value)
        yield endpoint


@pytest.fixture(scope="module")
def home():
    """The home folder of this module's exchange."""
    folder = Path(tempfile.mkdtemp(prefix="torvet-home-", dir=in_memory()))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def settings(home, database):
    return Settings(home=home, database=database)


@pytest.fixture(scope="module")
def clock():
    return FakeClock()


@pytest.fixture(scope="module")
def parts(settings, clock):
    """The exchange's parts, real but for the clock; what they issued holds the official rules."""
    with open_parts(settings, migrate=False) as opened:
        yield replace(opened, clock=clock)
        issued.hold_the_rules(opened.db)


@pytest.fixture(autouse=True)
def _time_starts_anew(request):
    """Set the clock back for every test that uses it, so that no test depends on another."""
    if "clock" in request.fixturenames:
        request.getfixturevalue("clock").set(START)


@pytest.fixture(scope="module")
def app(parts):
    return application(parts)


@pytest.fixture
def client(app):
    with TestClient(app) as session:
        yield session


def _named(url, name):
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _run(url, statement):
    address = make_url(url).set(drivername="postgresql", database="postgres")
    with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as db:
        db.execute(statement)


@pytest.fixture
def own_folder():
    """A folder that every account may pass through; pytest closes its own again and again.

    Run by root, PostgreSQL is another account, and reads its control file by its whole path.
    """
    folder = Path(tempfile.mkdtemp(prefix="torvet-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


SLOW_FOLDERS = {"attacks", "backends", "browser", "faults", "ports", "stories"}
"""Folders whose tests start processes, kill them, or crawl everything there is."""


@functools.cache
def _leaves_out_slow(config):
    return config.getoption("markexpr") == "not slow"


def pytest_ignore_collect(collection_path, config):
    """Import no module of which nothing would be run: half of what there is to import is theirs."""
    if not _leaves_out_slow(config):
        return None
    if SLOW_FOLDERS.intersection(collection_path.relative_to(Path(__file__).parent).parts):
        return True
    is_test = collection_path.suffix == ".py" and collection_path.name.startswith("test_")
    all_slow = is_test and "\npytestmark = pytest.mark.slow\n" in collection_path.read_text()
    return True if all_slow else None


def pytest_configure():
    """Collect no garbage while modules are imported, since nothing of them is any."""
    gc.disable()


def pytest_collection_finish():
    """Let the collector of garbage pass over all that was imported, from here on."""
    gc.freeze()
    gc.enable()


def pytest_unconfigure():
    """Let all of it be collected at the end, so that nothing is said to have leaked."""
    gc.unfreeze()


def pytest_collection_modifyitems(items):
    """Mark what `make test-fast` leaves out by the folder it stands in; begin with what is long."""
    for item in items:
        if _in_slow_folder(item):
            item.add_marker(pytest.mark.slow)
    # A worker that begins a file of minutes last is waited for by all others.
    items.sort(key=lambda item: (item.path.name != LONGEST, not _in_slow_folder(item)))


def _in_slow_folder(item):
    return bool(SLOW_FOLDERS.intersection(item.path.relative_to(Path(__file__).parent).parts))


LONGEST = "test_documents.py"
"""The file whose tests take minutes: each plays a document from its beginning."""


WORK_S_MAX = 1.0
"""The work, in seconds of a processor, beyond which a test should be marked slow."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Note how much work a test was, which is the same whoever else works beside it."""
    began = time.process_time()
    try:
        return (yield)
    finally:
        item.user_properties.append(("work_s", time.process_time() - began))


def pytest_terminal_summary(terminalreporter):
    """Name the tests that `make test-fast` should leave out or have made cheaper."""
    if "not slow" not in terminalreporter.config.getoption("markexpr"):
        return
    for report in terminalreporter.getreports("passed"):
        work_s = dict(report.user_properties).get("work_s", 0.0)
        if report.when == "call" and work_s > WORK_S_MAX:
            terminalreporter.line(f"{work_s:.1f} s of work, and not marked slow: {report.nodeid}")
