"""Tables in a bucket: the store's own presigned URLs, and projections made there."""

import json
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import delta_sharing
import pytest
import requests

from torvet.backends.object_store import s3_client
from torvet.contracts import Columns, RowFilter
from torvet.kit.filters import from_text
from torvet.settings import Settings

from .stage import parking

pytestmark = pytest.mark.slow

STARTED_WITHIN_S = 60


@pytest.fixture(scope="module")
def s3_endpoint():
    """An object store that speaks S3, as a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        str(Path(sys.executable).with_name("moto_server")),
        "-H",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + STARTED_WITHIN_S
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            time.sleep(0.1)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "torvet")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "not a secret")
        yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def settings(home, database, port, s3_endpoint):
    """An exchange whose tables are in a new bucket."""
    made = Settings(
        home=home,
        database=database,
        url=f"http://127.0.0.1:{port}",
        tables=f"s3://torvet-{uuid4().hex[:12]}/exchange",
        s3_endpoint=s3_endpoint,
    )
    s3_client(made).create_bucket(
        Bucket=made.tables.split("/")[2],
        CreateBucketConfiguration={"LocationConstraint": made.s3_region},
    )
    return made


@pytest.fixture
def shared(cast, server, tmp_path):
    # The store signs for the time on its own wall.
    cast.parts.clock.set(datetime.now(UTC))
    dataset = cast.dataset_with_release(parking(10), parking(10, 10))
    contract = cast.agree(
        dataset, Columns(("id", "garage")), RowFilter(from_text("garage = 'BRUUNS'"))
    )
    secret = cast.token(cast.bo, f"share:{contract.id}")
    profile = tmp_path / "bo.share"
    profile.write_text(
        json.dumps(
            {
                "shareCredentialsVersion": 1,
                "endpoint": f"{server}/sharing",
                "bearerToken": secret,
            }
        )
    )
    table = f"{contract.share}.alma-a-s.{dataset.slug}"
    return contract, dataset, secret, f"{profile}#{table}"


@pytest.mark.parametrize("use_delta_format", [True, False])
def test_the_client_reads_from_the_store_itself(shared, use_delta_format):
    _, _, _, table = shared

    frame = delta_sharing.load_as_pandas(table, use_delta_format=use_delta_format)

    assert sorted(frame["id"]) == list(range(0, 20, 2))
    assert list(frame.columns) == ["id", "garage"]


def test_urls_are_the_stores_own_and_their_bytes_count_when_they_are_handed_out(
    cast, server, settings, shared
):
    contract, dataset, secret, _ = shared
    answer = requests.post(
        f"{server}/sharing/shares/{contract.share}/schemas/alma-a-s/tables/{dataset.slug}/query",
        json={},
        headers={"Authorization": f"Bearer {secret}"},
        timeout=30,
    )
    files = [json.loads(line)["file"] for line in answer.text.splitlines()[2:]]

    assert files
    assert all(file["url"].startswith(settings.s3_endpoint) for file in files)
    assert all("Signature" in file["url"] for file in files)
    (use,) = cast.usage(contract)
    assert use["bytes"] == len(answer.content) + sum(file["size"] for file in files)


def test_rows_are_read_from_the_store_too(server, shared):
    contract, _, secret, _ = shared

    answer = requests.get(
        f"{server}/api/contracts/{contract.id}/rows?limit=3",
        headers={"Authorization": f"Bearer {secret}"},
        timeout=30,
    )

    assert [row["id"] for row in answer.json()["rows"]] == [0, 2, 4]
