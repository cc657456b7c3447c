import io
import json
from datetime import datetime

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from examples import examples
from torvet.contracts import Columns, ReadRefused, RequestsPerMinute, RowFilter, RowsPerDay
from torvet.delivery import formats, pages, rows
from torvet.delivery.asking import RowsAsk
from torvet.kit.filters import And, Compare, In, IsNull, Not, Op, Or, from_text

from .stage import parking


class Reader:
    """Somebody with a token who reads rows of one contract."""

    def __init__(self, http, secret, contract):
        self._http = http
        self._headers = {"Authorization": f"Bearer {secret}"}
        self.path = f"/api/contracts/{contract.id}/rows"

    def get(self, path=None, headers=(), **params):
        return self._http.get(
            path or self.path, params=params or None, headers={**self._headers, **dict(headers)}
        )

    def rows(self, **params):
        answer = self.get(**params)
        assert answer.status_code == 200, answer.text
        return answer.json()["rows"]


@pytest.fixture
def reader_of(cast, http):
    def make(dataset, *clauses):
        contract = cast.agree(dataset, *clauses)
        return contract, Reader(http, cast.token(cast.bo, f"share:{contract.id}"), contract)

    return make


@pytest.fixture
def dataset(cast):
    return cast.dataset_with_release(parking(10), parking(10, 10), parking(5, 20))


def walked(reader, **params):
    """Follow `next` from page to page; return the pages' rows."""
    found = []
    answer = reader.get(**params)
    while True:
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["rows"])
        if "next" not in answer.links:
            assert answer.json()["next"] is None
            return found
        answer = reader.get(answer.links["next"]["url"])


def test_a_page_says_what_it_is_a_page_of(dataset, reader_of):
    contract, reader = reader_of(dataset)

    page = reader.get(limit=2, columns="id,garage").json()

    assert page.pop("next")
    assert page == {
        "contract": contract.id,
        "dataset": dataset.id,
        "release": 1,
        "columns": [{"name": "id", "type": "long"}, {"name": "garage", "type": "string"}],
        "rows": [{"id": 0, "garage": "BRUUNS"}, {"id": 1, "garage": "SALLING"}],
    }


@pytest.mark.parametrize("limit", [1, 7, 10, 25, 100])
@pytest.mark.parametrize("condition", [None, "garage = 'BRUUNS'", "id >= 8 and vehicles < 60"])
@pytest.mark.parametrize("order", [None, "-vehicles,id"])
def test_pages_put_together_are_the_whole(dataset, reader_of, limit, condition, order):
    _, reader = reader_of(dataset)
    asked = {k: v for k, v in (("filter", condition), ("order", order)) if v}

    pages_ = walked(reader, limit=limit, **asked)

    whole = parking(25).to_pylist()
    if condition:
        whole = [
            row
            for row in whole
            if (
                row["garage"] == "BRUUNS"
                if "garage" in condition
                else row["id"] >= 8 and row["vehicles"] < 60
            )
        ]
    if order:
        whole.sort(key=lambda row: (-row["vehicles"], row["id"]))
    assert [row for page in pages_ for row in page] == whole
    assert all(len(page) == limit for page in pages_[:-1])


def test_a_page_stays_at_the_release_where_the_first_was(cast, dataset, reader_of):
    _, reader = reader_of(dataset)
    first = reader.get(limit=10)
    cast.publish(dataset, parking(3, 500), mode="replace")

    second = reader.get(first.links["next"]["url"])

    assert second.json()["release"] == 1
    assert [row["id"] for row in second.json()["rows"]] == list(range(10, 20))
    assert [row["id"] for row in reader.rows()] == [500, 501, 502]
    assert len(reader.rows(release=1)) == 25


def test_a_cursor_is_good_for_its_own_question_only(dataset, reader_of):
    _, reader = reader_of(dataset)
    _, other = reader_of(dataset)
    cursor = reader.get(limit=5).json()["next"]

    for answer in (
        reader.get(limit=5, cursor=cursor, filter="id > 1"),
        reader.get(limit=5, cursor=cursor[:-2] + "AA"),
        reader.get(limit=5, cursor=cursor, release=2),
        other.get(limit=5, cursor=cursor),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor-invalid")


FORMATS = {
    "json": ("application/json", lambda b: pa.Table.from_pylist(json.loads(b)["rows"])),
    "ndjson": (
        "application/x-ndjson",
        lambda b: pa.Table.from_pylist([json.loads(line) for line in b.splitlines()]),
    ),
    "csv": ("text/csv", lambda b: pyarrow.csv.read_csv(io.BytesIO(b))),
    "parquet": ("application/vnd.apache.parquet", lambda b: pq.read_table(io.BytesIO(b))),
    "arrow": (
        "application/vnd.apache.arrow.stream",
        lambda b: pa.ipc.open_stream(b).read_all(),
    ),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("limit", [None, 4])
def test_each_format_holds_the_same_rows(dataset, reader_of, name, limit):
    _, reader = reader_of(dataset)
    media, read = FORMATS[name]
    asked = {} if limit is None else {"limit": limit}

    by_accept = reader.get(headers={"Accept": f"image/png, {media};q=0.9"}, **asked)
    by_name = reader.get(format=name, **asked)

    assert by_accept.headers["content-type"].startswith(media)
    assert read(by_accept.content).to_pylist() == parking(limit or 25).to_pylist()
    assert read(by_name.content).to_pylist() == parking(limit or 25).to_pylist()


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"json"}))
def test_no_rows_are_still_a_whole_file(dataset, reader_of, name):
    _, reader = reader_of(dataset)

    answer = reader.get(format=name, filter="id < 0")

    assert answer.status_code == 200
    if name != "ndjson":
        table = FORMATS[name][1](answer.content)
        assert (table.num_rows, table.column_names) == (0, ["id", "garage", "vehicles"])


def test_a_format_that_nobody_writes_is_not_acceptable(dataset, reader_of):
    _, reader = reader_of(dataset)

    for answer in (reader.get(headers={"Accept": "image/png"}), reader.get(format="xlsx")):
        assert (answer.status_code, answer.json()["code"]) == (406, "format-not-acceptable")


def test_what_did_not_change_is_not_sent_again(cast, dataset, reader_of):
    contract, reader = reader_of(dataset)
    first = reader.get(limit=3)

    again = reader.get(limit=3, headers={"If-None-Match": first.headers["etag"]})
    other = reader.get(limit=4, headers={"If-None-Match": first.headers["etag"]})
    cast.publish(dataset, parking(1, 99))
    newer = reader.get(limit=3, headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert (other.status_code, newer.status_code) == (200, 200)
    assert [use["rows"] for use in cast.usage(contract)] == [3, 0, 4, 3]


def test_a_column_that_the_contract_withholds_is_refused_like_one_that_is_not_there(
    cast, dataset, reader_of
):
    _, reader = reader_of(dataset, Columns(("id", "garage")))

    for asked in (
        {"columns": "id,vehicles"},
        {"columns": "id,nothing"},
        {"filter": "vehicles > 5"},
        {"order": "vehicles"},
    ):
        answer = reader.get(**asked)
        assert (answer.status_code, answer.json()["code"]) == (403, "read-refused")
    assert list(reader.rows(limit=1)[0]) == ["id", "garage"]


def test_a_column_that_is_nowhere_is_named(dataset, reader_of):
    _, reader = reader_of(dataset)

    answer = reader.get(columns="id,nothing")

    assert (answer.status_code, answer.json()["code"]) == (422, "column-not-there")
    assert reader.get(filter="id = 'x'").status_code == 422
    assert reader.get(filter="id; drop table x").status_code == 422


def test_rows_of_a_day_are_counted_as_delivered_and_not_as_asked(cast, dataset, reader_of):
    contract, reader = reader_of(dataset, RowsPerDay(30))

    assert len(reader.rows(limit=20, filter="id >= 22")) == 3
    assert len(reader.rows(limit=20)) == 20
    refused = reader.get(limit=8)
    assert refused.status_code == 403
    assert len(reader.rows(limit=7)) == 7
    assert reader.get(limit=1).status_code == 403
    assert sum(use["rows"] for use in cast.usage(contract)) == 30


def test_a_stream_is_counted_before_it_is_sent(cast, dataset, reader_of):
    _, reader = reader_of(dataset, RowsPerDay(24))

    assert reader.get(format="csv").status_code == 403
    assert reader.get(format="csv", filter="id < 24").status_code == 200
    assert reader.get(format="csv", filter="id = 24").status_code == 403


def test_a_request_that_failed_counts_no_row(dataset, reader_of):
    _, reader = reader_of(dataset, RowsPerDay(100))

    for _ in range(3):
        assert reader.get(limit=90, columns="nothing").status_code == 422

    assert len(reader.rows(limit=90)) == 25


def test_every_reason_of_a_refusal_is_named(cast, dataset, reader_of):
    _, reader = reader_of(dataset, Columns(("id",)), RequestsPerMinute(1), RowsPerDay(5))
    reader.rows(limit=1)

    answer = reader.get(columns="garage", limit=9)

    assert answer.status_code == 403
    assert len(answer.json()["reasons"]) == 3


def test_the_rows_of_others_are_not_there(cast, http, dataset, reader_of):
    contract, _ = reader_of(dataset)
    other, _ = reader_of(cast.dataset_with_release())

    for secret in (
        cast.token(cast.carla),
        cast.token(cast.bo, f"share:{other.id}"),
    ):
        assert Reader(http, secret, contract).get().status_code == 404
    assert http.get(f"/api/contracts/{contract.id}/rows").status_code == 401
    assert Reader(http, cast.token(cast.alma), contract).get().status_code == 403


def test_a_revoked_contract_delivers_nothing_from_the_next_read_on(cast, dataset, reader_of):
    contract, reader = reader_of(dataset)
    first = reader.get(limit=3)
    cast.revoke(contract)

    for answer in (
        reader.get(limit=3),
        reader.get(first.links["next"]["url"]),
        reader.get(limit=3, headers={"If-None-Match": first.headers["etag"]}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "read-refused")


def test_use_is_what_was_sent(cast, dataset, reader_of):
    contract, reader = reader_of(dataset)

    page = reader.get(limit=3)
    stream = reader.get(format="ndjson")

    of_page, of_stream = cast.usage(contract)
    assert (of_page["rows"], of_page["bytes"]) == (3, len(page.content))
    assert (of_stream["rows"], of_stream["bytes"]) == (25, len(stream.content))
    assert {of_page["channel"], of_stream["channel"]} == {"rest"}


def test_a_reader_who_goes_away_stops_the_reading_and_pays_for_what_was_sent(
    cast, dataset, reader_of
):
    contract, _ = reader_of(dataset, RowsPerDay(25))
    parts, caller = cast.parts, cast.bo
    reading = rows.begin(parts, caller, contract.id, RowsAsk(format=rows.RowFormat.NDJSON))
    stream = rows.open_stream(parts, reading)
    sent = len(next(stream.chunks))
    stream.chunks.close()
    rows.settle(parts, caller, reading, rows=stream.rows, sent=sent)

    (use,) = cast.usage(contract)
    assert 0 < use["rows"] < 25
    # What was not delivered can be read after all, and not a row more.
    left = 25 - use["rows"]
    assert rows.begin(parts, caller, contract.id, RowsAsk(limit=left)).admitted == left
    with pytest.raises(ReadRefused):
        rows.begin(parts, caller, contract.id, RowsAsk(limit=1))


numbers, words = st.integers(-2, 27), st.sampled_from(["BRUUNS", "SALLING", "NOWHERE", ""])
tests = (
    st.builds(Compare, st.sampled_from(["id", "vehicles"]), st.sampled_from(Op), numbers)
    | st.builds(Compare, st.just("garage"), st.sampled_from(Op), words)
    | st.builds(In, st.just("garage"), st.lists(words, min_size=1, max_size=2).map(tuple))
    | st.builds(IsNull, st.just("vehicles"))
)
conditions = st.recursive(
    tests,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(And, st.tuples(inner, inner))
        | st.builds(Or, st.tuples(inner, inner))
    ),
    max_leaves=4,
)


@given(conditions, st.integers(0, 12), st.integers(1, 30))
@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_page_from_kept_row_groups_is_the_page_that_the_engine_reads(
    cast, with_gaps, condition, offset, limit
):
    parts, table, files = with_gaps
    paths = [parts.tables.local_path(table, f.path) for f in files]
    looked_at = rows.filters.columns(condition)
    sql = f"SELECT * FROM t WHERE {rows.filters.to_sql(condition)} LIMIT {limit} OFFSET {offset}"

    kept = pages.read(
        paths, ["id", "garage", "vehicles"], condition,
        offset=offset, limit=limit, looked_at=looked_at,
    )  # fmt: skip

    assert kept is not None
    found = [row for batch in kept for row in batch.to_pylist()]
    assert found == parts.engine.rows(sql, {"t": paths})


@pytest.fixture(scope="module")
def with_gaps(cast):
    """Two files in which garages and vehicles are missing here and there."""

    def holed(table):
        garage = [None if i % 5 == 0 else v for i, v in enumerate(table["garage"].to_pylist())]
        vehicles = [None if i % 3 == 0 else v for i, v in enumerate(table["vehicles"].to_pylist())]
        return pa.table({"id": table["id"], "garage": garage, "vehicles": vehicles})

    dataset = cast.dataset_with_release(holed(parking(12)), holed(parking(13, 12)))
    return cast.parts, dataset.table, cast.parts.tables.snapshot(dataset.table, 1).files


def test_rows_that_a_filter_withholds_are_on_no_page(cast, dataset, reader_of):
    _, reader = reader_of(dataset, RowFilter(from_text("garage = 'BRUUNS' and id < 11")))

    found = [row for page in walked(reader, limit=2) for row in page]

    assert [row["id"] for row in found] == [0, 2, 4, 6, 8, 10]


def test_a_page_of_json_has_its_limit_and_a_stream_has_none(cast, dataset, reader_of):
    _, reader = reader_of(dataset)

    assert reader.get(limit=10_001).status_code == 422
    assert reader.get(limit=10_001, format="ndjson").status_code == 200
    assert reader.rows(limit=0) == []


@pytest.mark.parametrize("offset", [0, 700])
@pytest.mark.parametrize(
    "said", ["id >= 4090", "id >= 2500 and id < 2600", "garage = 'SALLING' and id <> 4096"]
)
def test_a_page_is_found_across_the_blocks_of_a_row_group(cast, several_blocks, said, offset):
    parts, paths = several_blocks
    condition = rows.filters.from_text(said)
    sql = f"SELECT * FROM t WHERE {rows.filters.to_sql(condition)} LIMIT 50 OFFSET {offset}"

    kept = pages.read(
        paths, ["id", "garage"], condition,
        offset=offset, limit=50, looked_at=rows.filters.columns(condition),
    )  # fmt: skip

    assert kept is not None
    found = [row for batch in kept for row in batch.to_pylist()]
    assert found == parts.engine.rows(sql, {"t": paths})


@pytest.fixture(scope="module")
def several_blocks(cast, tmp_path_factory):
    """One row group of three blocks; the second has no ids at all."""
    many = 2 * pages.BLOCK_ROWS + 100
    ids = [None if pages.BLOCK_ROWS <= i < 2 * pages.BLOCK_ROWS else i for i in range(many)]
    garages = [("BRUUNS", "SALLING")[i % 2] for i in range(many)]
    path = str(tmp_path_factory.mktemp("blocks") / "three.parquet")
    pq.write_table(pa.table({"id": ids, "garage": garages}), path, row_group_size=many)
    return cast.parts, [path]


@given(
    st.lists(
        st.floats() | st.none()
        | st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31))  # noqa: DTZ001
        | st.integers(-(2**63), 2**63 - 1)
        | st.text(max_size=3),
        max_size=4,
    ).filter(lambda values: len({type(v) for v in values if v is not None}) == 1)
)  # fmt: skip
def test_values_are_those_that_arrow_gives_by_whichever_way(values):
    column = pa.array(values)

    assert repr(formats._values(column)) == repr(column.to_pylist())


def test_a_head_is_no_read(http, dataset, reader_of):
    contract, _ = reader_of(dataset)

    answer = http.head(f"/api/contracts/{contract.id}/rows")

    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
