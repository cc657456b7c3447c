import json
from datetime import timedelta

import pytest

from torvet.contracts import Columns, RowFilter, RowsPerDay, Validity
from torvet.kit.filters import from_text

from .stage import parking


class Reader:
    """A Delta Sharing client as plain as can be."""

    def __init__(self, http, secret):
        self._http = http
        self._headers = {"Authorization": f"Bearer {secret}"}

    def get(self, path, **more):
        headers = {**self._headers, **more.pop("headers", {})}
        return self._http.get(f"/sharing{path}", headers=headers, **more)

    def head(self, path, **more):
        return self._http.head(f"/sharing{path}", headers=self._headers, **more)

    def post(self, path, body, **more):
        headers = {**self._headers, **more.pop("headers", {})}
        return self._http.post(f"/sharing{path}", json=body, headers=headers, **more)


DELTA = {"delta-sharing-capabilities": "responseformat=delta"}


def lines(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson; charset=utf-8"
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.fixture
def shared(cast, http):
    """Two releases of parking, and Bo's contract for all of it."""
    dataset = cast.dataset()
    cast.publish(dataset, parking(10), parking(10, 10))
    cast.parts.clock.advance(timedelta(hours=1))
    cast.publish(dataset, parking(5, 20))
    contract = cast.agree(dataset)
    reader = Reader(http, cast.token(cast.bo, f"share:{contract.id}"))
    table = f"/shares/{contract.share}/schemas/alma-a-s/tables/{dataset.slug}"
    return reader, contract, dataset, table


def test_a_reader_finds_the_table_from_share_to_table(shared):
    reader, contract, dataset, _ = shared
    share = f"/shares/{contract.share}"

    assert reader.get("/shares").json() == {"items": [{"name": contract.share, "id": contract.id}]}
    assert reader.get(share).json() == {"share": {"name": contract.share, "id": contract.id}}
    (schema,) = reader.get(f"{share}/schemas").json()["items"]
    tables = reader.get(f"{share}/schemas/{schema['name']}/tables").json()
    assert tables == reader.get(f"{share}/all-tables").json()
    assert tables["items"] == [
        {
            "name": dataset.slug,
            "schema": schema["name"],
            "share": contract.share,
            "shareId": contract.id,
            "id": dataset.id,
        }
    ]


def test_names_are_read_in_any_case(shared):
    reader, _contract, _dataset, table = shared

    answer = reader.get(
        f"{table.upper().replace('/SHARES', '/shares').replace('/SCHEMAS', '/schemas').replace('/TABLES', '/tables')}/version"
    )

    assert answer.headers["delta-table-version"] == "2"


def test_shares_come_in_pages_that_miss_none(cast, http):
    dataset = cast.dataset()
    cast.publish(dataset, parking())
    made = {cast.agree(dataset).share for _ in range(3)}
    reader = Reader(http, cast.token(cast.bo))
    seen, token = [], None
    while True:
        more = {"pageToken": token} if token else {}
        page = reader.get("/shares", params={"maxResults": 2, **more}).json()
        seen += [item["name"] for item in page["items"]]
        token = page.get("nextPageToken")
        if token is None:
            break

    assert seen == sorted(set(seen))
    assert made <= set(seen)
    assert reader.get("/shares", params={"pageToken": "made-up"}).status_code == 400
    assert reader.get("/shares", params={"maxResults": -1}).status_code == 400


def test_the_version_is_the_newest_release_or_the_first_after_a_time(shared):
    reader, _, _, table = shared

    answer = reader.get(f"{table}/version")
    assert (answer.headers["delta-table-version"], answer.content) == ("2", b"")
    assert reader.head(table).headers["delta-table-version"] == "2"
    early = reader.get(f"{table}/version", params={"startingTimestamp": "2026-06-01 12:00:01"})
    assert early.headers["delta-table-version"] == "2"
    late = reader.get(f"{table}/version", params={"startingTimestamp": "2030-01-01T00:00:00Z"})
    assert late.status_code == 400


@pytest.mark.parametrize("headers", [{}, DELTA])
def test_metadata_and_files_are_told_in_the_format_that_was_agreed(shared, headers):
    reader, _, dataset, table = shared

    answer = reader.post(f"{table}/query", {}, headers=headers)
    protocol, metadata, *files = lines(answer)

    form = "delta" if headers else "parquet"
    assert answer.headers["delta-sharing-capabilities"] == f"responseformat={form}"
    assert answer.headers["delta-table-version"] == "2"
    assert "endStreamAction" not in answer.text
    assert metadata["metaData"]["numFiles"] == len(files) == 3
    assert metadata["metaData"]["size"] == sum(f["file"]["size"] for f in files)
    if headers:
        assert protocol["protocol"]["deltaProtocol"]["minReaderVersion"] == 1
        assert metadata["metaData"]["deltaMetadata"]["name"] == dataset.slug
        urls = [f["file"]["deltaSingleAction"]["add"]["path"] for f in files]
    else:
        assert protocol == {"protocol": {"minReaderVersion": 1}}
        urls = [f["file"]["url"] for f in files]
    assert all("X-Amz-Signature=" in url for url in urls)


def test_a_client_that_asks_for_the_end_of_the_stream_is_told(shared):
    reader, _, _, table = shared
    asked = {"delta-sharing-capabilities": "responseformat=delta;includeEndStreamAction=true"}

    *_, last = lines(reader.post(f"{table}/query", {}, headers=asked))

    assert last["endStreamAction"]["minUrlExpirationTimestamp"] > 0


def test_an_older_version_is_read_by_number_and_by_time(shared):
    reader, _, _, table = shared

    by_number = reader.post(f"{table}/query", {"version": 1})
    by_time = reader.post(f"{table}/query", {"timestamp": "2026-06-01 12:30:00"})
    empty = reader.post(f"{table}/query", {"version": 0})

    assert by_number.headers["delta-table-version"] == "1"
    assert len(lines(by_number)) == len(lines(by_time)) == 4
    assert lines(by_time)[2]["file"]["version"] == 1
    assert len(lines(empty)) == 2
    for wrong in ({"version": 3}, {"timestamp": "yesterday"}, {"version": 1, "timestamp": "x"}):
        assert reader.post(f"{table}/query", wrong).status_code == 400


def test_hints_leave_out_files_and_never_a_row_that_fits(shared):
    reader, _, _, table = shared

    def named(**query):
        return len(lines(reader.post(f"{table}/query", query))) - 2

    assert named(predicateHints=["id >= 20"]) == 1
    assert named(predicateHints=["id >= 20", "this is no SQL ("]) == 1
    assert named(limitHint=3) == 1
    assert named(limitHint=11) == 2
    literal = {"op": "literal", "value": "12", "valueType": "long"}
    column = {"op": "column", "name": "id", "valueType": "long"}
    equal = json.dumps({"op": "equal", "children": [column, literal]})
    assert named(jsonPredicateHints=equal) == 1
    assert named(jsonPredicateHints="{") == 3


@pytest.mark.parametrize("headers", [{}, DELTA])
def test_the_change_feed_tells_what_each_release_added_and_removed(cast, http, shared, headers):
    reader, _contract, dataset, table = shared
    cast.parts.clock.advance(timedelta(hours=1))
    cast.publish(dataset, parking(2, 100), mode="replace")

    answer = reader.get(f"{table}/changes", params={"startingVersion": 2}, headers=headers)
    changes = lines(answer)[2:]

    assert answer.headers["delta-table-version"] == "2"
    if headers:
        kinds = [next(iter(c["file"]["deltaSingleAction"])) for c in changes]
        versions = [c["file"]["version"] for c in changes]
    else:
        kinds = [next(iter(c)) for c in changes]
        versions = [c[k]["version"] for c, k in zip(changes, kinds, strict=True)]
    assert kinds == ["add", "remove", "remove", "remove", "add"]
    assert versions == [2, 3, 3, 3, 3]


def test_a_query_that_starts_at_a_version_is_a_change_feed(shared):
    reader, _, _, table = shared

    changes = lines(reader.post(f"{table}/query", {"startingVersion": 2, "endingVersion": 2}))[2:]

    assert [next(iter(change)) for change in changes] == ["add"]


def test_a_new_schema_is_told_where_history_is_asked_for(cast, shared):
    reader, _, dataset, table = shared
    cast.publish(dataset, parking(2).drop_columns(["vehicles"]), mode="replace")
    asked = {"startingVersion": 1, "includeHistoricalMetadata": "True"}

    told = lines(reader.get(f"{table}/changes", params=asked, headers=DELTA))

    schemas = {
        line["metaData"]["version"]: line["metaData"]["deltaMetadata"]["schemaString"]
        for line in told
        if "metaData" in line
    }
    assert "vehicles" in schemas[1]
    assert "vehicles" not in schemas[3]


def test_a_feed_that_makes_no_sense_is_a_bad_request(shared):
    reader, _, _, table = shared

    for wrong in (
        {},
        {"startingVersion": 9},
        {"startingVersion": 2, "endingVersion": 1},
        {"startingVersion": "x"},
    ):
        answer = reader.get(f"{table}/changes", params=wrong)
        assert answer.status_code == 400
        assert set(answer.json()) == {"errorCode", "message"}


def test_there_is_no_query_to_poll(shared):
    reader, _, _, table = shared

    answer = reader.post(f"{table}/queries/q1", {})

    assert (answer.status_code, answer.json()["errorCode"]) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_somebody_elses_share_is_not_there(cast, http, shared):
    _, contract, _, table = shared
    other = cast.agree(cast.dataset_with_release())
    for secret in (
        cast.token(cast.carla),
        cast.token(cast.alma),
        cast.token(cast.bo, f"share:{other.id}"),
    ):
        reader = Reader(http, secret)
        for answer in (
            reader.get(f"/shares/{contract.share}"),
            reader.get(f"/shares/{contract.share}/all-tables"),
            reader.get(f"{table}/version"),
            reader.get(f"{table}/metadata"),
            reader.post(f"{table}/query", {}),
            reader.get(f"{table}/changes", params={"startingVersion": 1}),
        ):
            assert answer.status_code == 404
            assert answer.json()["errorCode"] == "RESOURCE_DOES_NOT_EXIST"
        assert contract.share not in reader.get("/shares").text


def test_without_a_bearer_nothing_is_said(http, shared):
    _, _, _, table = shared

    for headers in ({}, {"Authorization": "Bearer tv_forged"}, {"Authorization": "Basic eA=="}):
        answer = http.get(f"/sharing{table}/metadata", headers=headers)
        assert (answer.status_code, answer.json()["errorCode"]) == (401, "UNAUTHENTICATED")


def test_a_revoked_contract_tells_its_holder_why(cast, shared):
    reader, contract, _, table = shared
    cast.revoke(contract, "the sensor was moved")

    for answer in (
        reader.get(f"{table}/metadata"),
        reader.post(f"{table}/query", {}),
        reader.get(f"/shares/{contract.share}"),
    ):
        assert answer.status_code == 403
        assert answer.json()["errorCode"] == "PERMISSION_DENIED"
        assert "revoked" in answer.json()["message"]
        assert "the sensor was moved" in answer.json()["message"]
    assert reader.get("/shares").json() == {"items": []}


def test_every_reason_of_a_refusal_is_in_its_message(cast, http):
    dataset = cast.dataset_with_release(parking(10))
    end = cast.parts.clock.now() + timedelta(days=1)
    contract = cast.agree(dataset, Validity(end=end), RowsPerDay(3))
    secret = cast.token(cast.bo, f"share:{contract.id}")
    reader = Reader(http, secret)
    table = f"/shares/{contract.share}/schemas/alma-a-s/tables/{dataset.slug}"

    over = reader.post(f"{table}/query", {})
    assert (over.status_code, "10" in over.json()["message"]) == (403, True)
    cast.parts.clock.advance(timedelta(days=2))
    both = reader.post(f"{table}/query", {})

    assert both.status_code == 403
    assert "expired" in both.json()["message"]


def test_an_address_that_means_nothing_is_answered_in_the_protocols_form(http):
    answer = http.get("/sharing/nothing/here")

    assert (answer.status_code, answer.json()["errorCode"]) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_before_the_first_release_there_is_nothing_to_read(cast, http, shared):
    _reader, _, _, _ = shared
    dataset = cast.dataset()
    offer = cast.agree_blind(dataset)
    own = Reader(http, cast.token(cast.bo))
    table = f"/shares/{offer.share}/schemas/alma-a-s/tables/{dataset.slug}"

    answer = own.get(f"{table}/version")

    assert (answer.status_code, "no release" in answer.json()["message"]) == (404, True)


def test_a_table_query_is_metered_by_the_rows_that_it_names(cast, shared):
    reader, contract, dataset, table = shared

    answer = reader.post(f"{table}/query", {"limitHint": 3})

    (use,) = cast.usage(contract)
    assert use == {
        "contract": contract.id,
        "dataset": dataset.id,
        "release": 2,
        "channel": "sharing",
        "rows": 10,
        "bytes": len(answer.content),
        "requests": 1,
        "format": "parquet",
    }


def test_columns_and_rows_that_are_withheld_are_not_in_the_table(cast, http):
    dataset = cast.dataset_with_release(parking(10))
    contract = cast.agree(
        dataset, Columns(("id", "garage")), RowFilter(from_text("garage = 'BRUUNS'"))
    )
    reader = Reader(http, cast.token(cast.bo))
    table = f"/shares/{contract.share}/schemas/alma-a-s/tables/{dataset.slug}"

    _, metadata, file = lines(reader.post(f"{table}/query", {}))

    fields = json.loads(metadata["metaData"]["schemaString"])["fields"]
    assert [field["name"] for field in fields] == ["id", "garage"]
    assert json.loads(file["file"]["stats"])["numRecords"] == 5
