"""Secrets stand in refused columns and rows; then every byte that a consumer can get is searched."""

import io
import itertools
import json
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from torvet.contracts import Columns, RowFilter
from torvet.kit.filters import from_text

SECRET_COLUMN = "hemmelig_kolonne"
SECRETS = (b"SVALEREDE", b"GAESTEBUD", b"918273645", SECRET_COLUMN.encode())
FORMATS = ("json", "ndjson", "csv", "parquet", "arrow")
CAPABILITIES = ("", "responseformat=delta", "responseformat=parquet;includeendstreamaction=true")


def with_secrets(start):
    """Rows of which half are refused, with a column that is refused."""
    numbers = range(start, start + 40)
    return pa.table(
        {
            "id": pa.array(numbers, pa.int64()),
            "garage": ["GAESTEBUD-P" if n % 2 else "BRUUNS" for n in numbers],
            SECRET_COLUMN: [f"SVALEREDE {n}" for n in numbers],
            "pay": pa.array([918273645 if n % 2 else n for n in numbers], pa.int64()),
        }
    )


@dataclass
class Consumer:
    """Bo, who fetches all that there is to fetch, as (where from, bytes)."""

    http: object
    address: str
    headers: dict
    share: str
    table: str
    rows: str

    def everything(self):
        files = set()
        for capability in CAPABILITIES:
            for where, raw in self.sharing({"delta-sharing-capabilities": capability}):
                yield where, raw
                files |= urls_in(raw, self.address)
        assert len(files) >= 4
        for url in sorted(files):
            yield from whole_and_parts(self.http, url)
        yield from self.rest()
        yield from self.errors()

    def get(self, path, more=(), **params):
        headers = {**self.headers, **dict(more)}
        return self.http.get(path, params=params, headers=headers)

    def sharing(self, more):
        listings = (
            "/sharing/shares",
            self.share,
            f"{self.share}/schemas",
            f"{self.share}/all-tables",
        )
        for path in (*listings, f"{self.table}/metadata", f"{self.table}/version"):
            yield path, got(self.get(path, more))
        for body in QUERIES:
            answer = self.http.post(
                f"{self.table}/query", json=body, headers={**self.headers, **more}
            )
            yield f"query {body}", got(answer)
        yield "changes", got(self.get(f"{self.table}/changes", more, **FEED))

    def rest(self):
        for name, release in itertools.product(FORMATS, (None, 1, 2, 3)):
            asked = {"format": name, "limit": 200, **({"release": release} if release else {})}
            answer = self.get(self.rows, **asked)
            assert answer.status_code == 200
            yield f"rows {asked}", got(answer)
            if name in {"parquet", "arrow"}:
                yield f"decoded rows {asked}", decoded(name, answer.content)

    def errors(self):
        """Each error names only what the caller wrote."""
        for asked in WRONG:
            answer = self.get(self.rows, **asked)
            assert answer.status_code >= 400
            yield f"error {asked}", got(answer)


QUERIES = (
    {},
    {"version": 0},
    {"version": 1},
    {"version": 2},
    {"startingVersion": 0},
    {"predicateHints": ["pay > 900000000", "hem = 'x'"]},
)
FEED = {
    "startingVersion": 0,
    "includeHistoricalMetadata": True,
    "includeHistoricalProtocol": True,
}
WRONG = (
    {"filter": "pay = 'x'"},
    {"filter": "id >"},
    {"cursor": "x"},
    {"columns": "nothing"},
    {"order": "x"},
    {"release": 99},
)


@pytest.fixture
def consumer(cast, http):
    dataset = cast.dataset()
    cast.publish(dataset, with_secrets(0), with_secrets(40))
    contract = cast.agree(
        dataset, Columns(("id", "garage", "pay")), RowFilter(from_text("garage = 'BRUUNS'"))
    )
    cast.publish(dataset, with_secrets(80))
    cast.publish(dataset, with_secrets(120), mode="replace")
    share = f"/sharing/shares/{contract.share}"
    return Consumer(
        http=http,
        address=cast.parts.settings.url,
        headers={"Authorization": f"Bearer {cast.token(cast.bo, f'share:{contract.id}')}"},
        share=share,
        table=f"{share}/schemas/alma-a-s/tables/{dataset.slug}",
        rows=f"/api/contracts/{contract.id}/rows",
    )


def got(answer):
    return str(answer.headers).encode() + answer.content


def urls_in(raw, address):
    found = set()
    for line in raw.split(b"\n"):
        start = line.find(b'{"')
        if start < 0:
            continue
        try:
            said = json.loads(line[start:])
        except ValueError:
            continue
        for value in strings(said):
            if value.startswith(f"{address}/files/"):
                found.add(value.removeprefix(address))
    return found


def strings(value):
    if isinstance(value, dict):
        for each in value.values():
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


def whole_and_parts(http, url):
    whole = http.get(url)
    assert whole.status_code == 200
    yield url, got(whole)
    file = pq.ParquetFile(io.BytesIO(whole.content))
    # What compression hides from a search is searched as values, statistics and schema.
    yield f"{url} rows", repr(file.read().to_pydict()).encode()
    yield (
        f"{url} footer",
        repr((file.metadata.to_dict(), file.metadata.metadata, str(file.schema))).encode(),
    )


def decoded(name, raw):
    table = (
        pq.read_table(io.BytesIO(raw)) if name == "parquet" else pa.ipc.open_stream(raw).read_all()
    )
    return repr((table.to_pydict(), table.schema.metadata, str(table.schema))).encode()


def test_no_byte_that_a_consumer_can_fetch_holds_what_is_withheld(consumer):
    searched = 0
    for where, raw in consumer.everything():
        searched += 1
        for secret in SECRETS:
            assert secret not in raw, f"{secret!r} is in {where}"
    assert searched > 60


def test_the_search_would_find_a_secret(cast, http):
    dataset = cast.dataset_with_release(with_secrets(0))
    contract = cast.agree(dataset)
    headers = {"Authorization": f"Bearer {cast.token(cast.bo)}"}
    table = f"/sharing/shares/{contract.share}/schemas/alma-a-s/tables/{dataset.slug}"
    raw = got(http.post(f"{table}/query", json={}, headers=headers))
    (url,) = urls_in(raw, cast.parts.settings.url)

    found = raw + b"".join(part for _, part in whole_and_parts(http, url))

    assert all(secret in found for secret in SECRETS)
