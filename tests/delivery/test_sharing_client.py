"""The real client, over real HTTP."""

import json
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import delta_sharing
import pandas as pd
import pyarrow as pa
import pytest
import requests

from torvet.backends import delta_checkpoints
from torvet.contracts import Columns, RowFilter
from torvet.kit.filters import from_text

from .stage import parking

pytestmark = pytest.mark.slow

PATIENCE_S = 10


def noted(cast, contract, count):
    """Return the uses of a contract once there are `count`: a fetch is noted after its last byte."""
    until = time.monotonic() + PATIENCE_S
    while len(found := cast.usage(contract)) < count and time.monotonic() < until:
        time.sleep(0.02)
    return found


FORMATS = pytest.mark.parametrize("use_delta_format", [True, False, None])


class Client:
    """One profile file, as a consumer got it."""

    def __init__(self, folder, server, secret, contract, dataset):
        self.profile = folder / f"{contract.share}.share"
        self.profile.write_text(
            json.dumps(
                {
                    "shareCredentialsVersion": 1,
                    "endpoint": f"{server}/sharing",
                    "bearerToken": secret,
                    "expirationTime": "2030-01-01T00:00:00.000Z",
                }
            )
        )
        self.url = f"{self.profile}#{contract.share}.alma-a-s.{dataset.slug}"

    def pandas(self, **more):
        return delta_sharing.load_as_pandas(self.url, **more)

    def changes(self, **more):
        return delta_sharing.load_table_changes_as_pandas(self.url, **more)


@pytest.fixture
def client_of(cast, server, tmp_path):
    def make(dataset, *clauses):
        contract = cast.agree(dataset, *clauses)
        secret = cast.token(cast.bo, f"share:{contract.id}")
        return contract, Client(tmp_path, server, secret, contract, dataset)

    return make


@pytest.fixture
def history(cast):
    """Release 1, an hour later release 2 beside it, an hour later release 3 in their place."""
    dataset = cast.dataset()
    cast.publish(dataset, parking(10), parking(10, 10))
    cast.parts.clock.advance(timedelta(hours=1))
    cast.publish(dataset, parking(5, 20))
    cast.parts.clock.advance(timedelta(hours=1))
    cast.publish(dataset, parking(3, 100), mode="replace")
    return dataset


def ids(frame):
    return sorted(frame["id"].tolist())


@FORMATS
def test_a_table_is_loaded_at_its_newest_at_a_version_and_at_a_time(
    history, client_of, use_delta_format
):
    _, client = client_of(history)

    def load(**more):
        return ids(client.pandas(use_delta_format=use_delta_format, **more))

    assert load() == [100, 101, 102]
    assert load(version=1) == list(range(20))
    assert load(version=2) == list(range(25))
    assert load(timestamp="2026-06-01T13:30:00Z") == list(range(25))
    assert len(load(version=2, limit=7)) == 7


@FORMATS
def test_the_table_before_the_first_release_is_empty_and_has_its_columns(
    history, client_of, use_delta_format
):
    _, client = client_of(history)

    empty = client.pandas(version=0, use_delta_format=use_delta_format)

    assert list(empty.columns) == ["id", "garage", "vehicles"]
    assert len(empty) == 0


@pytest.mark.parametrize("use_delta_format", [True, False])
def test_the_change_feed_adds_up_to_the_table(history, client_of, use_delta_format):
    _, client = client_of(history)

    feed = client.changes(starting_version=1, use_delta_format=use_delta_format)

    inserted = feed[feed["_change_type"] == "insert"]
    deleted = feed[feed["_change_type"] == "delete"]
    assert ids(inserted) == [*range(25), 100, 101, 102]
    assert ids(deleted) == list(range(25))
    assert set(inserted["_commit_version"]) == {1, 2, 3}
    late = client.changes(
        starting_timestamp="2026-06-01T13:00:00Z",
        ending_version=2,
        use_delta_format=use_delta_format,
    )
    assert ids(late) == list(range(20, 25))


@pytest.mark.parametrize("use_delta_format", [True, False])
def test_a_table_that_is_opened_from_its_checkpoint_has_every_row(
    cast, client_of, monkeypatch, use_delta_format
):
    monkeypatch.setattr(delta_checkpoints, "EVERY", 4)
    dataset = cast.dataset()
    for number in range(1, 10):
        cast.publish(dataset, parking(1, number))
    _, client = client_of(dataset)
    tables = cast.parts.tables

    tables._forget(dataset.table)  # as a server that has just been started

    assert ids(client.pandas(use_delta_format=use_delta_format)) == list(range(1, 10))
    assert {version for name, version in tables._commits if name == dataset.table} == {9}
    assert ids(client.pandas(version=7, use_delta_format=use_delta_format)) == list(range(1, 8))
    feed = client.changes(starting_version=3, use_delta_format=use_delta_format)
    assert ids(feed) == list(range(3, 10))


def test_everything_that_a_token_opens_is_listed(history, client_of, cast):
    contract, client = client_of(history)

    tables = delta_sharing.SharingClient(str(client.profile)).list_all_tables()

    assert [(t.share, t.schema, t.name) for t in tables] == [
        (contract.share, "alma-a-s", history.slug)
    ]


@pytest.mark.parametrize("use_delta_format", [True, False])
def test_hints_make_the_client_fetch_less_and_miss_nothing(history, client_of, use_delta_format):
    _, client = client_of(history)

    column = {"op": "column", "name": "id", "valueType": "int"}
    literal = {"op": "literal", "value": "3", "valueType": "int"}
    hint = json.dumps({"op": "lessThan", "children": [column, literal]})

    frame = client.pandas(version=1, jsonPredicateHints=hint, use_delta_format=use_delta_format)

    assert ids(frame) == list(range(10))


WIDE = pa.table(
    {
        "Målt kl.": pa.array([datetime(2014, 5, 22, 9, 9), None], pa.timestamp("us")),  # noqa: DTZ001 - a local time
        "øjeblik": pa.array([datetime(2014, 5, 22, 9, 9, tzinfo=UTC), None], pa.timestamp("us", tz="UTC")),
        "dag": pa.array([date(2014, 5, 22), None], pa.date32()),
        "pris i kr": pa.array([Decimal("1234.50"), None], pa.decimal128(12, 2)),
        "andel": pa.array([0.5, None], pa.float64()),
        "åbent": pa.array([True, None], pa.bool_()),
        "tekst": pa.array(["Søren's \"P-hus\", æøå\n", None], pa.string()),
        "antal": pa.array([2**62, None], pa.int64()),
    }
)  # fmt: skip


@pytest.mark.parametrize("use_delta_format", [True, False])
def test_every_type_and_danish_names_arrive_as_they_were_sent(cast, client_of, use_delta_format):
    dataset = cast.dataset_with_release(WIDE)
    _, client = client_of(dataset)

    frame = client.pandas(use_delta_format=use_delta_format)

    assert list(frame.columns) == WIDE.column_names
    first, second = frame.to_dict("records")
    assert pd.Timestamp(first["Målt kl."]) == pd.Timestamp("2014-05-22 09:09")
    assert pd.Timestamp(first["øjeblik"]) == pd.Timestamp("2014-05-22 09:09", tz="UTC")
    assert first["pris i kr"] == Decimal("1234.50")
    assert first["tekst"] == WIDE["tekst"][0].as_py()
    assert first["antal"] == 2**62
    assert pd.isna(list(second.values())).all()


@pytest.mark.parametrize("use_delta_format", [True, False])
def test_local_times_are_in_the_change_feed_too(cast, client_of, use_delta_format):
    dataset = cast.dataset_with_release(WIDE.select(["Målt kl.", "andel"]))
    _, client = client_of(dataset)

    feed = client.changes(starting_version=0, use_delta_format=use_delta_format)

    assert feed["Målt kl."].tolist()[0] == pd.Timestamp("2014-05-22 09:09")


@FORMATS
def test_what_a_contract_withholds_is_not_in_the_frame(cast, client_of, use_delta_format):
    dataset = cast.dataset_with_release(parking(10))
    shows = (Columns(("vehicles", "id")), RowFilter(from_text("garage = 'BRUUNS'")))
    _, client = client_of(dataset, *shows)
    assert len(client.pandas(use_delta_format=use_delta_format)) == 5
    cast.publish(dataset, parking(10, 10))

    frame = client.pandas(use_delta_format=use_delta_format)

    assert list(frame.columns) == ["id", "vehicles"]
    assert ids(frame) == list(range(0, 20, 2))
    assert ids(client.changes(starting_version=2)) == list(range(10, 20, 2))


def test_a_projection_without_a_single_row_is_an_empty_table(cast, client_of):
    dataset = cast.dataset_with_release(parking(10))
    _, client = client_of(dataset, RowFilter(from_text("garage = 'NOWHERE'")))

    assert len(client.pandas(use_delta_format=True)) == 0
    assert len(client.pandas(use_delta_format=False)) == 0


def test_a_revoked_contract_ends_the_clients_reading_with_the_reason(cast, client_of):
    dataset = cast.dataset_with_release()
    contract, client = client_of(dataset)
    client.pandas()
    cast.revoke(contract, "the sensor was moved")

    with pytest.raises(requests.HTTPError, match="the sensor was moved"):
        client.pandas()


def test_what_the_client_fetched_is_metered_once_each(cast, client_of):
    dataset = cast.dataset_with_release(parking(10), parking(10, 10))
    contract, client = client_of(dataset)

    client.pandas(use_delta_format=True)

    query, *fetched = noted(cast, contract, 3)
    sizes = [file.size_bytes for file in cast.parts.tables.snapshot(dataset.table, 1).files]
    assert (query["channel"], query["rows"]) == ("sharing", 20)
    assert {use["channel"] for use in fetched} == {"file"}
    assert sum(use["bytes"] for use in fetched) == sum(sizes)
