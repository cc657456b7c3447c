"""Both engines, through the same suite."""

from concurrent.futures import ThreadPoolExecutor

import fsspec
import pytest
from sqlglot import exp

from torvet.backends.duckdb_engine import DuckDBEngine
from torvet.backends.errors import EngineAway
from torvet.backends.spark_engine import SparkEngine
from torvet.ports.dialect import NODES, TYPES, shared, to_spark

from .engine_suite import REFUSED, STATEMENTS, EngineSuite, NotPortable


@pytest.fixture(scope="module")
def duckdb_engine(tmp_path_factory):
    opened = DuckDBEngine(temporary=tmp_path_factory.mktemp("temporary"), memory_mb=256)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def spark_engine(sail_url):
    opened = SparkEngine(sail_url, files=fsspec.filesystem("file"))
    yield opened
    opened.close()


class TestDuckDB(EngineSuite):
    @pytest.fixture
    def engine(self, duckdb_engine):
        return duckdb_engine

    def test_rows_are_written_in_their_order(self, engine, folder):
        (file,) = engine.write(
            "select i from (select unnest(range(300000)) as i) order by i desc",
            {},
            folder,
            prefix="r-",
        )
        rows = engine.rows("select i from t limit 3", {"t": [f"{folder}/{file.path}"]})

        assert rows == [{"i": 299_999}, {"i": 299_998}, {"i": 299_997}]

    def test_nobody_can_loosen_its_settings(self, engine):
        with pytest.raises(Exception, match="configuration has been locked"):
            engine.rows("set memory_limit = '100GB'", {})

    def test_it_fetches_no_extension(self, engine):
        with pytest.raises(Exception, match=r"(?i)extension|httpfs"):
            engine.rows("select * from read_parquet('https://127.0.0.1:1/x.parquet')", {})

    def test_many_threads_read_at_once(self, engine, spaces):
        def read(number):
            return engine.rows(f"select count(*) + {number} as n from spaces", spaces)[0]["n"]

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(read, range(40))) == [5 + number for number in range(40)]


@pytest.mark.slow
class TestSparkConnect(EngineSuite):
    @pytest.fixture
    def engine(self, spark_engine):
        return spark_engine

    def test_an_empty_address_is_said_to_be_away(self):
        gone = SparkEngine("sc://127.0.0.1:9", files=fsspec.filesystem("file"))

        with pytest.raises(EngineAway):
            gone.check()


@pytest.mark.parametrize("sql", REFUSED)
def test_what_the_engines_do_not_share_is_refused(sql):
    with pytest.raises(NotPortable):
        to_spark(sql, {"spaces": "v"})


def test_every_shared_word_is_tried_on_both_engines():
    nodes = [node for sql in STATEMENTS for node in shared(sql).walk()]

    assert {type(node).__name__ for node in nodes} == NODES
    assert {node.this.name for node in nodes if isinstance(node, exp.DataType)} == TYPES


def test_a_table_that_was_not_handed_in_is_refused():
    with pytest.raises(NotPortable, match="other"):
        to_spark("select * from spaces, other", {"spaces": "v"})
