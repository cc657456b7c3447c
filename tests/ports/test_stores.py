"""Both places where tables can be, through the same suite."""

import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql.connect.client.retries import DefaultPolicy
from pyspark.sql.connect.session import SparkSession

from torvet.backends.delta_tables import DeltaTables
from torvet.backends.duckdb_engine import DuckDBEngine
from torvet.backends.table_files import LocalFiles
from torvet.exchange import open_engine, open_tables

from .store_suite import AT, SCHEMA, StoreSuite


@pytest.fixture
def spark(sail_url):
    """A session with a Spark Connect server, as its own client opens it."""
    session = SparkSession(sail_url)
    session.client.set_retry_policies([DefaultPolicy(max_retries=1)])
    yield session
    session.stop()


def occupied(versions):
    """What the suite's long log holds after these versions: three rows of each."""
    return sorted(number for version in versions for number in range(version, version + 3))


class TestFolder(StoreSuite):
    @pytest.fixture
    def store(self, tmp_path):
        return DeltaTables(LocalFiles(tmp_path / "tables"))

    @pytest.fixture
    def other_store(self, tmp_path):
        return DeltaTables(LocalFiles(tmp_path / "tables"))

    @pytest.fixture
    def engine(self, tmp_path):
        opened = DuckDBEngine(temporary=tmp_path / "temporary", memory_mb=256)
        yield opened
        opened.close()

    @pytest.fixture
    def options(self):
        return None

    def test_a_file_is_on_this_machine(self, store, table, written):
        (file,) = written(0, 3, "r1-")

        assert store.signed_url(table, file.path, timedelta(minutes=1)) is None
        assert Path(store.local_path(table, file.path)).read_bytes()[:4] == b"PAR1"

    def test_a_copy_outlives_its_source(self, store, engine, table, written):
        files = written(0, 3, "r1-")
        store.copy_files(table, [files[0].path], "projections/p")
        store.remove(table)
        copied = store.local_path("projections/p", files[0].path)

        assert engine.rows("select count(*) as n from t", {"t": [copied]}) == [{"n": 3}]

    @pytest.mark.slow
    @pytest.mark.usefixtures("long_log")
    def test_spark_opens_a_long_log_from_its_checkpoint(self, store, table, spark):
        for version in range(10):  # what is not read is not missed
            Path(store.local_path(table, f"_delta_log/{version:020}.json")).unlink()
        folder = store.folder(table)

        newest = spark.read.format("delta").load(folder).toArrow()
        older = spark.read.format("delta").option("versionAsOf", 11).load(folder).toArrow()

        assert sorted(newest["occupied"].to_pylist()) == occupied(range(8, 14))
        assert sorted(older["occupied"].to_pylist()) == occupied(range(8, 12))


@pytest.mark.slow
class TestBucket(StoreSuite):
    @pytest.fixture
    def place(self, bucket, tmp_path):
        return bucket.model_copy(update={"home": tmp_path})

    @pytest.fixture
    def store(self, place):
        return open_tables(place)

    @pytest.fixture
    def other_store(self, place):
        return open_tables(place)

    @pytest.fixture
    def engine(self, place):
        with open_engine(place) as opened:
            yield opened

    @pytest.fixture
    def options(self, place):
        return {
            "AWS_ENDPOINT_URL": place.s3_endpoint,
            "AWS_REGION": place.s3_region,
            "AWS_ACCESS_KEY_ID": "torvet",
            "AWS_SECRET_ACCESS_KEY": "not a secret",
            "AWS_ALLOW_HTTP": "true",
        }

    def test_a_presigned_url_gives_the_file_and_nothing_else(self, store, table, written):
        (file,) = written(0, 3, "r1-")
        store.commit(table, [file], version=1, replace=False, schema=SCHEMA, at=AT)
        url = store.signed_url(table, file.path, timedelta(minutes=1))

        assert store.local_path(table, file.path) is None
        assert "X-Amz-Signature=" in url
        with urllib.request.urlopen(url) as answer:
            content = answer.read()
        assert content[:4] == b"PAR1"
        assert len(content) == file.size_bytes
