"""`torvet serve` and `torvet demo` leave nothing behind, however they are ended."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from torvet.backends.embedded_postgres import running
from torvet.cli.places import socket_of

pytestmark = pytest.mark.slow
WITHIN_S = 60


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
def test_a_server_that_is_ended_stops_its_database_and_says_nothing_of_it(
    own_folder, port, ended_by
):
    command = [str(Path(sys.executable).with_name("torvet")), "serve", "--port", str(port)]
    given = os.environ | {"TORVET_HOME": str(own_folder), "TORVET_LOG_LEVEL": "warning"}
    with subprocess.Popen(command, env=given, stderr=subprocess.PIPE, text=True) as server:
        until_it_answers(f"http://127.0.0.1:{port}/health", server)
        assert running((own_folder / "postgres").resolve())
        server.send_signal(ended_by)
        _, said = server.communicate(timeout=WITHIN_S)

    assert server.returncode == 0
    assert said.splitlines()[1:] == []
    assert running((own_folder / "postgres").resolve()) is None
    assert not socket_of(own_folder).exists()


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
def test_a_story_that_is_ended_midway_stops_its_database(own_folder, port, ended_by):
    home = own_folder / "story"
    command = [str(Path(sys.executable).with_name("torvet")), "demo", "--port", str(port)]
    given = os.environ | {"TORVET_LOG_LEVEL": "warning"}
    with subprocess.Popen(
        [*command, "--home", str(home)], env=given, stdout=subprocess.DEVNULL
    ) as story:
        until_it_answers(f"http://127.0.0.1:{port}/health", story)
        assert running((home / "postgres").resolve())
        story.send_signal(ended_by)
        story.wait(timeout=WITHIN_S)

    assert story.returncode != 0
    assert running((home / "postgres").resolve()) is None


def until_it_answers(url, server):
    until = time.monotonic() + WITHIN_S
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=WITHIN_S):
                return
        except urllib.error.URLError:
            time.sleep(0.05)
    raise TimeoutError(url)
