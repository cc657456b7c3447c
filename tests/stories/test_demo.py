"""The whole story, played as a new user would: one command, an empty home, real processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from billing.invoices import official
from served import free_port, new_bucket

pytestmark = pytest.mark.slow

WITHIN_S = 180


def play(folder, **settings):
    """Run `torvet demo --once` in an empty folder; return its status, report and output."""
    report = folder / "report.json"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("TORVET_")
    }
    environment |= {"HOME": str(folder), **settings}
    environment.pop("REQUESTS_CA_BUNDLE", None)
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "torvet"),
            *("demo", "--once", "--json", str(report)),
            *("--port", str(free_port()), "--home", str(folder / "home")),
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    seen = json.loads(report.read_text()) if report.exists() else {}
    return done, seen


def failed(seen):
    return [step for step in seen.get("steps", []) if not step["ok"]]


def test_the_story_plays_on_embedded_parts(own_folder):
    done, seen = play(own_folder)

    assert failed(seen) == []
    assert done.returncode == 0, done.stdout + done.stderr
    assert seen["ok"]
    assert seen["saw"]["read"]["version 2"] == 44_288
    taken = own_folder / "home" / "taken-home"
    assert official.faults_of((taken / "invoice.xml").read_bytes()) == []
    assert (taken / "invoice.pdf").read_bytes().startswith(b"%PDF")


def test_the_story_plays_on_a_database_server(own_folder, external_postgres):
    done, seen = play(own_folder, TORVET_DATABASE=external_postgres)

    assert failed(seen) == []
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (own_folder / "home" / "postgres").exists()


def test_the_story_plays_on_an_object_store(own_folder, s3_endpoint):
    bucket = new_bucket(s3_endpoint)

    done, seen = play(own_folder, TORVET_TABLES=bucket.tables, TORVET_S3_ENDPOINT=s3_endpoint)

    assert failed(seen) == []
    assert done.returncode == 0, done.stdout + done.stderr
    assert seen["saw"]["read"]["version 2"] == 44_288
    kept = set((own_folder / "home").rglob("*.parquet"))
    taken = set((own_folder / "home" / "taken-home").rglob("*.parquet"))
    assert kept == taken


def test_the_story_plays_on_a_spark_server(own_folder, sail_url):
    done, seen = play(own_folder, TORVET_ENGINE=sail_url)

    assert failed(seen) == []
    assert done.returncode == 0, done.stdout + done.stderr
    assert seen["saw"]["read"]["version 2"] == 44_288


def test_the_story_is_not_played_over_an_exchange_that_is_there(own_folder):
    home = own_folder / "home"
    home.mkdir()
    (home / "torvet.toml").write_text('name = "Ours"\n')

    done, _ = play(own_folder)

    assert done.returncode == 1
    assert "holds an exchange already" in done.stdout + done.stderr
    assert (home / "torvet.toml").read_text() == 'name = "Ours"\n'
