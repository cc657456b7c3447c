"""The server is killed while somebody reads."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import delta_sharing
import numpy as np
import pyarrow as pa
import pytest
import requests

pytestmark = pytest.mark.slow

ANSWERS_WITHIN_S = 30
ROWS = 3_000_000
"""More than the sockets between the two hold."""


@pytest.fixture
def start(settings, port):
    """Start the server; every one that was started is gone at the end."""
    started = []

    def one():
        given = {"home": str(settings.home), "database": settings.database, "url": settings.url}
        command = [sys.executable, str(Path(__file__).with_name("serve_there.py"))]
        started.append(subprocess.Popen([*command, json.dumps(given), str(port)]))
        until = time.monotonic() + ANSWERS_WITHIN_S
        while time.monotonic() < until:
            try:
                requests.get(f"{settings.url}/sharing/shares", timeout=2)
            except requests.ConnectionError:
                time.sleep(0.1)
            else:
                return started[-1]
        raise TimeoutError("the server does not answer")

    yield one
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.fixture
def reading(cast, tmp_path):
    """A table of numbers that no compression makes small, and Bo's profile for it."""
    cast.parts.clock.set(datetime.now(UTC))
    noise = np.random.default_rng(1).integers(0, 2**62, ROWS)
    table = pa.table(
        {
            "id": pa.array(np.arange(ROWS)),
            "noise": pa.array(noise),
        }
    )
    dataset = cast.dataset_with_release(table)
    contract = cast.agree(dataset)
    secret = cast.token(cast.bo, f"share:{contract.id}")
    profile = tmp_path / "bo.share"
    profile.write_text(
        json.dumps(
            {
                "shareCredentialsVersion": 1,
                "endpoint": f"{cast.parts.settings.url}/sharing",
                "bearerToken": secret,
            }
        )
    )
    return contract, secret, f"{profile}#{contract.share}.alma-a-s.{dataset.slug}"


def file_url(settings, contract, secret):
    answer = requests.post(
        f"{settings.url}/sharing/shares/{contract.share}/schemas/alma-a-s/tables/"
        f"{contract.share.rpartition('-')[0]}/query",
        json={},
        headers={"Authorization": f"Bearer {secret}"},
        timeout=30,
    )
    return json.loads(answer.text.splitlines()[2])["file"]["url"]


def test_a_reader_sees_the_break_and_reads_on_after_the_restart(cast, settings, start, reading):
    contract, secret, table = reading
    server = start()
    url = file_url(settings, contract, secret)
    answer = requests.get(url, stream=True, timeout=30)
    chunks = answer.iter_content(16_384)
    next(chunks)
    os.kill(server.pid, signal.SIGKILL)
    server.wait()

    with pytest.raises(requests.RequestException):
        sum(len(chunk) for chunk in chunks)

    start()
    whole = requests.get(url, timeout=30)
    assert len(whole.content) == int(whole.headers["content-length"])
    assert len(delta_sharing.load_as_pandas(table)) == ROWS
    # What was cut off is counted not at all, never half; what came whole is counted whole.
    fetched = [use["bytes"] for use in uses(cast, contract) if use["channel"] == "file"]
    assert set(fetched) == {len(whole.content)}


def test_a_stream_of_rows_breaks_off_and_is_read_whole_after_the_restart(
    cast, settings, start, reading
):
    contract, secret, _ = reading
    address = f"{settings.url}/api/contracts/{contract.id}/rows?format=csv"
    bearer = {"Authorization": f"Bearer {secret}"}
    server = start()
    answer = requests.get(address, headers=bearer, stream=True, timeout=30)
    chunks = answer.iter_content(16_384)
    next(chunks)
    os.kill(server.pid, signal.SIGKILL)
    server.wait()

    with pytest.raises(requests.RequestException):
        sum(len(chunk) for chunk in chunks)

    start()
    whole = requests.get(address, headers=bearer, timeout=60)
    assert whole.content.count(b"\n") == ROWS + 1
    counted = [use["rows"] for use in uses(cast, contract, at_least=1) if use["channel"] == "rest"]
    assert counted == [ROWS]


def uses(cast, contract, at_least=4):
    until = time.monotonic() + 10
    while len(found := cast.usage(contract)) < at_least and time.monotonic() < until:
        time.sleep(0.05)
    return found
