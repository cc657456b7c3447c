"""A disk that is full while a table is written: said in so many words, and nothing committed."""

import os
import subprocess
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from torvet.backends.delta_tables import DeltaTables
from torvet.backends.duckdb_engine import DuckDBEngine
from torvet.backends.errors import StorageFull
from torvet.backends.table_files import LocalFiles

AT = datetime(2026, 6, 1, tzinfo=UTC)
SCHEMA = pa.schema([("i", pa.int64()), ("h", pa.string())])
LARGE = "SELECT i, md5(CAST(i AS VARCHAR)) AS h FROM (SELECT unnest(range(400000)) AS i)"
SMALL = "SELECT CAST(1 AS BIGINT) AS i, 'x' AS h"


@pytest.fixture
def small_disk():
    """A file system of its own, of 2 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    with tempfile.TemporaryDirectory(prefix="torvet-full-") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]
        if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
            pytest.skip("this container may not mount a file system")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


@pytest.fixture
def engine(tmp_path):
    opened = DuckDBEngine(temporary=tmp_path / "temporary", memory_mb=256)
    yield opened
    opened.close()


def fill(filler):
    with filler.open("wb", buffering=0) as handle, suppress(OSError):
        while True:
            handle.write(b"\0" * 4096)


def test_a_release_that_does_not_fit_is_not_there_and_one_that_fits_is(small_disk, engine):
    store = DeltaTables(LocalFiles(small_disk / "tables"))
    store.create("releases/a", SCHEMA, at=AT)
    with pytest.raises(StorageFull) as failed:
        engine.write(LARGE, {}, store.folder("releases/a"), prefix="r1-")

    assert "df -h" in failed.value.advice
    assert store.version("releases/a") == 0
    assert list((small_disk / "tables" / "releases" / "a").glob("*.parquet")) == []
    files = engine.write(SMALL, {}, store.folder("releases/a"), prefix="r1-")
    store.commit("releases/a", files, version=1, replace=False, schema=SCHEMA, at=AT)
    assert store.version("releases/a") == 1


def test_a_commit_that_does_not_fit_is_not_there(small_disk, engine):
    store = DeltaTables(LocalFiles(small_disk / "tables"))
    store.create("releases/a", SCHEMA, at=AT)
    files = engine.write(SMALL, {}, store.folder("releases/a"), prefix="r1-")
    filler = small_disk / "filler"
    fill(filler)
    with pytest.raises(StorageFull):
        store.commit("releases/a", files, version=1, replace=False, schema=SCHEMA, at=AT)
    assert store.version("releases/a") == 0

    filler.unlink()
    store.commit("releases/a", files, version=1, replace=False, schema=SCHEMA, at=AT)
    assert store.version("releases/a") == 1
