import pytest

from torvet.backends.duckdb_engine import DuckDBEngine


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    opened = DuckDBEngine(temporary=tmp_path_factory.mktemp("temporary"), memory_mb=256)
    yield opened
    opened.close()
