"""Tables in a bucket: the store's own presigned URLs, and projections made there."""

import json
from datetime import UTC, datetime

import delta_sharing
import pytest
import requests

from served import new_bucket
from torvet.contracts import Columns, RowFilter
from torvet.kit.filters import from_text

from .stage import parking

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def settings(home, database, port, s3_endpoint):
    """An exchange whose tables are in a new bucket."""
    there = {"home": home, "database": database, "url": f"http://127.0.0.1:{port}"}
    return new_bucket(s3_endpoint).model_copy(update=there)


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
