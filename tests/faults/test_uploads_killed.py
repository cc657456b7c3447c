"""A reader that is killed, or runs out of disk, leaves nothing that anyone can see."""

import json
import signal
import subprocess
import sys

import pytest

from torvet.ingest import SourceNotFound, receive, rejected_rows, source

pytestmark = pytest.mark.slow

ROWS = 200_000
CHILD = """
import json, os, resource, signal, sys
from pathlib import Path
from torvet.exchange import open_parts
from torvet.ingest import receive, store
from torvet.ingest.uploads import Intake, begin_upload
from torvet.kit.errors import ExchangeError
from torvet.settings import Settings

wish = json.loads(sys.argv[1])

def die(*_given, **_named):
    os.kill(os.getpid(), signal.SIGKILL)

def tell(stage, share):
    if [stage, share] == wish.get("die_at"):
        die()

with open_parts(Settings(home=wish["home"], database=wish["database"]), migrate=False) as parts:
    if wish.get("die_before_the_last_word"):
        store.add_source = die
    if wish.get("bytes_max"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (wish["bytes_max"],) * 2)
    try:
        if wish.get("upload"):
            size = Path(wish["path"]).stat().st_size
            upload = begin_upload(
                parts, party="pa", file_name="x.csv", size=size, sha256=None
            )
            print(upload.id, flush=True)
            with Intake(parts, upload.id, "pa", offset=0) as intake:
                intake.take(Path(wish["path"]).read_bytes())
        else:
            receive(
                parts,
                source_id=wish["source"],
                party="pa",
                path=Path(wish["path"]),
                file_name="x.csv",
                progress=tell,
            )
    except ExchangeError as error:
        print(json.dumps({"code": error.code, "says": str(error)}))
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Many rows, and a broken one, so that the careful way is taken too."""
    path = tmp_path_factory.mktemp("sent") / "upload"
    lines = [f"{n},2014-05-22 09:09:{n % 60:02},{n * 7919 % 1_000_003}" for n in range(ROWS)]
    lines[ROWS // 2] = "1,2"
    path.write_text("garage,ts,occupied\n" + "\n".join(lines) + "\n")
    return path


@pytest.fixture
def child(settings, file):
    def run(**wish):
        wish = {
            "home": str(settings.home),
            "database": settings.database,
            "path": str(file),
            **wish,
        }
        return subprocess.run(
            [sys.executable, "-c", CHILD, json.dumps(wish)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    "death",
    [
        {"die_at": ["reading", 0.1]},
        {"die_at": ["checking", 0.5]},
        {"die_at": ["checking", 0.9]},
        {"die_before_the_last_word": True},
    ],
    ids=["while it reads", "while it checks", "before the commit", "after the commit"],
)
def test_a_reader_that_was_killed_is_done_again(parts, child, file, death):
    new = parts.new_id("src")
    assert child(source=new, **death).returncode == -signal.SIGKILL

    with parts.db.begin() as tx, pytest.raises(SourceNotFound):
        source(tx, new)

    done = receive(parts, source_id=new, party="pa", path=file, file_name="x.csv")
    assert (done.rows, done.rejected) == (ROWS - 1, 1)
    counted = parts.engine.rows(
        "SELECT count(*) AS n, count(DISTINCT garage) AS d FROM t",
        {"t": parts.tables.file_uris(f"sources/{new}", 1)},
    )
    assert counted == [{"n": ROWS - 1, "d": ROWS - 1}]
    assert [row.row_number for row in rejected_rows(parts, new)] == [ROWS // 2 + 1]
    assert parts.tables.version(f"sources/{new}") == 1


def test_what_is_done_is_not_done_twice(parts, file):
    new = parts.new_id("src")
    first = receive(parts, source_id=new, party="pa", path=file, file_name="x.csv")
    before = parts.tables.snapshot(f"sources/{new}", 1).files
    again = receive(parts, source_id=new, party="pa", path=file, file_name="x.csv")
    assert again == first
    assert parts.tables.snapshot(f"sources/{new}", 1).files == before


def test_a_full_disk_while_reading_leaves_nothing(parts, child, settings):
    new = parts.new_id("src")
    said = child(source=new, bytes_max=100_000)
    assert json.loads(said.stdout.splitlines()[-1])["code"] == "storage-full", said
    assert parts.tables.version(f"sources/{new}") is None
    assert not (settings.home / "staging" / new).exists()
    assert not (settings.home / "tables" / "sources" / new).exists()


def test_a_full_disk_while_uploading_leaves_nothing_of_the_piece(child, settings):
    said = child(upload=True, bytes_max=100_000).stdout.splitlines()
    assert json.loads(said[-1])["code"] == "storage-full"
    assert (settings.home / "uploads" / said[0]).stat().st_size == 0
