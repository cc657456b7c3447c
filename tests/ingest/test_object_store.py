"""Files become sources in a bucket: nothing of them stays on this machine, and nothing is left over."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet
import pytest

from served import new_bucket
from torvet.backends.object_store import s3_client
from torvet.ingest import Column, ColumnType
from torvet.ingest.jobs import sweep
from torvet.kit.errors import ExchangeError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def settings(home, database, s3_endpoint):
    return new_bucket(s3_endpoint).model_copy(update={"home": home, "database": database})


@pytest.fixture
def keys(settings):
    """The names of all objects under a folder of the bucket."""

    def under(folder):
        bucket, _, prefix = settings.tables.removeprefix("s3://").partition("/")
        found = s3_client(settings).list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/{folder}")
        return [item["Key"] for item in found.get("Contents", ())]

    return under


@pytest.mark.parametrize("packed", [True, False])
def test_rows_and_rejected_rows_are_in_the_bucket_and_nowhere_else(read, settings, keys, packed):
    schema = (
        Column(name="id", type=ColumnType.INTEGER),
        Column(name="pris", type=ColumnType.DECIMAL, precision=8, scale=2),
    )
    became = read("id;pris\n1;2,50\n2;dyr\n3;-1.004,25\n", schema=schema, packed=packed)

    assert [(row["id"], float(row["pris"])) for row in became.rows] == [(1, 2.5), (3, -1004.25)]
    (aside,) = became.rejected
    assert (aside.row_number, aside.column, aside.value) == (2, "pris", "dyr")
    for room in ("sources", "rejected"):
        objects = keys(f"{room}/{became.source.id}/")
        assert sum(name.endswith(".parquet") for name in objects) == 1
    assert list(settings.home.rglob("*.parquet")) == []


def test_a_large_file_arrives_in_several_pieces(read, monkeypatch, tmp_path):
    monkeypatch.setattr("torvet.ingest.writing.SPREAD_BYTES", 1)
    count = 300_000
    path = tmp_path / "large.csv"
    path.write_text("n,text\n" + "".join(f"{n},row {n}\n" for n in range(count)))

    became = read(path, limit=count)

    assert became.source.rows == count
    assert sorted(became.column("n")) == list(range(count))


def test_parquet_keeps_its_types(read, tmp_path):
    table = pa.table({"n": [1, 2], "at": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * 2)})
    pa.parquet.write_table(table, tmp_path / "x.parquet")

    became = read(tmp_path / "x.parquet", name="x.parquet")

    assert became.column("at") == [datetime(2026, 1, 1, tzinfo=UTC)] * 2


def test_a_file_that_cannot_be_read_leaves_no_object(read, keys):
    before = keys("")

    with pytest.raises(ExchangeError):
        read(b"PAR1 and then nothing that makes sense", name="x.parquet")

    assert keys("") == before


def test_tables_that_nobody_finished_are_swept_from_the_bucket(read, parts, clock, keys):
    kept = read("n\n1\n2\n").source.id
    lost = "src_nobody_knows"
    parts.tables.create(f"sources/{lost}", pa.schema([("n", pa.int64())]), at=clock.now())

    clock.set(datetime.now(UTC))
    sweep(parts)
    assert keys(f"sources/{lost}/"), "it may still be written"
    clock.advance(timedelta(days=2))
    sweep(parts)

    assert keys(f"sources/{lost}/") == []
    assert keys(f"sources/{kept}/")
