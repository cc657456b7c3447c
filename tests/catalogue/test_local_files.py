"""Rows that lie elsewhere come to this machine once, and never fill its disk."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from torvet.catalogue import local_files
from torvet.catalogue.errors import NoRoomForCopy
from torvet.ingest.model import Column, ColumnType

COLUMNS = (
    Column(name="home", type=ColumnType.INTEGER),
    Column(name="zone", type=ColumnType.TEXT),
)


@pytest.fixture
def elsewhere(tmp_path):
    for part in range(2):
        rows = pa.table({"home": range(part * 50, part * 50 + 50), "zone": ["north"] * 50})
        pq.write_table(rows, tmp_path / f"{part}.parquet")
    return [f"file://{tmp_path}/{part}.parquet" for part in range(2)]


def test_rows_of_several_files_are_one_file_here(parts, elsewhere, tmp_path):
    copy = local_files.brought(parts, elsewhere, COLUMNS, tmp_path / "copy.parquet")

    held = pq.read_table(copy)
    assert sorted(held["home"].to_pylist()) == list(range(100))
    assert held.schema.names == ["home", "zone"]


def test_a_copy_stops_before_the_disk_is_full(parts, elsewhere, tmp_path, monkeypatch):
    monkeypatch.setattr(local_files, "RESERVE_BYTES", 2**62)

    with pytest.raises(NoRoomForCopy, match="bytes left"):
        local_files.brought(parts, elsewhere, COLUMNS, tmp_path / "copy.parquet")


def test_only_addresses_of_this_machine_are_paths():
    assert local_files.on_this_machine(["file:///a/b.parquet", "/c.parquet"]) == [
        "/a/b.parquet",
        "/c.parquet",
    ]
    assert local_files.on_this_machine(["/c.parquet", "s3://bucket/d.parquet"]) is None
