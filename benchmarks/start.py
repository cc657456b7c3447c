"""How soon a command answers and a server serves: whole processes, seven times each, the median.

    python -m benchmarks.start [--json FILE]

A command asks a server that runs, or, where none does, one that it starts for itself alone. The
database is embedded and up already. Beside them: a bare Python, and one that loads the libraries
that every server needs.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from benchmarks._exchange import free_port
from benchmarks._told import asks_for_json, tell

from torvet.exchange import open_parts
from torvet.settings import Settings

ROUNDS = 7
WITHIN_S = 60
TORVET = str(Path(sys.executable).with_name("torvet"))
LIBRARIES = "import duckdb, fastapi, jinja2, procrastinate, psycopg, pyarrow, sqlalchemy, uvicorn"


def ended_s(command, environment):
    """Return how long the whole process took."""
    began = time.monotonic()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def served_s(environment):
    """Return how long it took from `torvet serve` to the first page."""
    port = free_port()
    began = time.monotonic()
    process = subprocess.Popen([TORVET, "serve", "--port", str(port)], env=environment)
    try:
        _first_page(f"http://127.0.0.1:{port}/", process)
        return time.monotonic() - began
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(WITHIN_S)


def _first_page(url, process):
    until = time.monotonic() + WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=WITHIN_S) as answer:
                assert answer.status == 200
                return
        except urllib.error.URLError:
            time.sleep(0.005)
    raise TimeoutError("the exchange does not answer")


def measured(home, alone):
    port = free_port()
    environment = {**os.environ, "TORVET_HOME": str(home)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # a user's Python keeps what it compiled
    nobody_serves = {**environment, "TORVET_HOME": str(alone)}
    asking = [TORVET, "search", "parking"]
    took = {
        "python": lambda: ended_s([sys.executable, "-c", "pass"], environment),
        "help": lambda: ended_s([TORVET, "--help"], environment),
        "search": lambda: ended_s(asking, environment),
        "search_alone": lambda: ended_s(asking, nobody_serves),
        "libraries": lambda: ended_s([sys.executable, "-c", LIBRARIES], environment),
        "serve": lambda: served_s(nobody_serves),
    }
    found = {name: [] for name in took}
    ended_s(asking, nobody_serves)
    with subprocess.Popen([TORVET, "serve", "--port", str(port)], env=environment) as asked:
        _first_page(f"http://127.0.0.1:{port}/", asked)
        for _ in range(ROUNDS):
            for name, once in took.items():
                found[name].append(once())
        asked.send_signal(signal.SIGTERM)
    return {name: round(statistics.median(each) * 1000) for name, each in found.items()}


def main():
    parser = asks_for_json(argparse.ArgumentParser(description=__doc__))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="torvet-bench-") as folder:
        home, alone = Path(folder, "served"), Path(folder, "alone")
        with open_parts(Settings(home=home)), open_parts(Settings(home=alone)):
            took = measured(home, alone)
    tell(
        {
            "rounds": ROUNDS,
            "help_ms": took["help"],
            "search_ms": took["search"],
            "search_where_nobody_serves_ms": took["search_alone"],
            "serve_to_first_page_ms": took["serve"],
            "peer_bare_python_ms": took["python"],
            "peer_importing_a_servers_libraries_ms": took["libraries"],
        },
        chosen.json,
    )


if __name__ == "__main__":
    main()
