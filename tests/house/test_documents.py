"""Every example in the documents is run, in order, in an empty home folder."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs" / "tutorial").glob("*.md")),
    *sorted((ROOT / "docs" / "how-to").glob("*.md")),
]
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
RUN_WITHIN_S = 180
ENDS_WITHIN_S = 30
LANGUAGES = {"bash", "python", "text", "json", "turtle", "toml"}

pytestmark = pytest.mark.slow


def script_of(document):
    """All examples of a document as one shell script: what a reader would type."""
    steps = []
    for language, block in BLOCK.findall(document.read_text(encoding="utf-8")):
        assert language in LANGUAGES, f"{document.name} has an example in {language}"
        if language == "bash":
            steps.append(block)
        elif language == "python":
            steps.append(f"python - <<'THE_END'\n{block}THE_END\n")
    return "\n".join(steps)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_examples_of_a_document_work(document, own_folder):
    script = script_of(document)
    assert script, f"{document.name} has no example"

    status, said = _run(script, _workplace(own_folder), _environment(own_folder))

    assert status == 0, said[-4000:]


def _run(script, folder, environment):
    """Run a script; whatever it left running behind ends with it."""
    with (folder / "said.log").open("w+b") as log:
        shell = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = shell.wait(timeout=RUN_WITHIN_S)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _end(shell.pid)
        log.seek(0)
        return status, log.read().decode(errors="replace")


def _end(group):
    """End what a script started, and wait for it: an exchange stops its database."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)
        for _ in range(ENDS_WITHIN_S * 10):
            time.sleep(0.1)
            os.killpg(group, 0)
        os.killpg(group, signal.SIGKILL)


def _workplace(folder):
    """A folder with the project's own files in it, so that paths read as in a clone."""
    for entry in ROOT.iterdir():
        if entry.name not in {".git", ".venv"}:
            (folder / entry.name).symlink_to(entry)
    return folder


def _environment(folder):
    home = folder / "home"
    home.mkdir()
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TORVET_", "COV_", "PYTEST_", "MAKE", "MFLAGS"))
        and name != "REQUESTS_CA_BUNDLE"
    }
    venv = Path(sys.prefix)
    return clean | {
        "HOME": str(home),
        "TORVET_HOME": str(home / "torvet"),
        "PATH": f"{venv / 'bin'}:{clean['PATH']}",
        "VENV": str(venv),
        "ARGS": f"--once --port {_free_port()}",
        "PORT": str(_free_port()),
    }


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_every_benchmark_is_named_with_its_command():
    listed = (ROOT / "benchmarks" / "README.md").read_text()
    missing = [
        path.stem
        for path in (ROOT / "benchmarks").glob("[a-z]*.py")
        if f"`python -m benchmarks.{path.stem}`" not in listed
    ]

    assert missing == []
