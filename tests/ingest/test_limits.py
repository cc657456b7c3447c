"""A file that would become too large is refused before it does."""

import gzip
import io
import zipfile
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from torvet.ingest import ExpandsTooMuch, FileUnreadable, ReadOptions, TooManyColumns, receive


@pytest.fixture
def refused(parts, tmp_path):
    """Send a file under narrow limits; return the error, and see that nothing is left."""

    def send(content, error, name="file.csv", **settings):
        path = tmp_path / "upload"
        path.write_bytes(content)
        narrow = replace(parts, settings=parts.settings.model_copy(update=settings))
        source = parts.new_id("src")
        with pytest.raises(error) as said:
            receive(
                narrow,
                source_id=source,
                party="pa_test",
                path=path,
                file_name=name,
                options=ReadOptions(),
            )
        assert parts.tables.version(f"sources/{source}") is None
        assert not (parts.settings.home / "staging" / source).exists()
        return said.value

    return send


def test_a_gzip_bomb_is_refused_while_it_unpacks(refused):
    bomb = gzip.compress(b"a,b\n" + b"1,2\n" * 20_000_000)
    error = refused(bomb, ExpandsTooMuch, expansion_ratio_max=100)
    assert "unpacked" in str(error)
    assert error.advice


def test_a_torn_gzip_is_unreadable(refused):
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 10_000)
    assert "cut off" in str(refused(packed[:-20], FileUnreadable))
    assert "damaged" in str(refused(packed[:12] + b"\xff" * 40, FileUnreadable))


def test_gzip_of_several_members_is_one_file(read):
    content = gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n") + b"\0" * 100
    assert read(content).column("a") == [1, 3]


def test_a_workbook_bomb_is_refused_by_its_directory(refused):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 60_000_000)
    refused(out.getvalue(), ExpandsTooMuch, name="x.xlsx", expansion_ratio_max=100)


def test_a_parquet_bomb_is_refused_by_its_footer(refused):
    out = io.BytesIO()
    pq.write_table(pa.table({"n": pa.nulls(50_000_000, pa.int64())}), out)
    refused(out.getvalue(), ExpandsTooMuch, name="x.parquet", expansion_ratio_max=1)


def test_parquet_nested_too_deep_is_refused(refused):
    kind = pa.int64()
    for _ in range(40):
        kind = pa.list_(kind)
    out = io.BytesIO()
    pq.write_table(pa.table({"n": pa.nulls(1, kind)}), out)
    refused(out.getvalue(), ExpandsTooMuch, name="x.parquet")


@pytest.mark.parametrize("name", ["x.csv", "x.ndjson", "x.parquet"])
def test_a_table_of_too_many_columns_is_refused(refused, name):
    names = [f"c{number}" for number in range(60)]
    out = io.BytesIO()
    pq.write_table(pa.table({each: [1] for each in names}), out)
    content = {
        "x.csv": ",".join(names).encode() + b"\n" + b",".join([b"1"] * 60),
        "x.ndjson": ("{" + ",".join(f'"{each}":1' for each in names) + "}").encode(),
        "x.parquet": out.getvalue(),
    }[name]
    error = refused(content, TooManyColumns, name=name, columns_max=50)
    assert (error.columns, error.columns_max) == (60, 50)


def test_a_line_without_end_is_set_aside(read):
    became = read("a,b\n1,2\n" + "x" * 3_000_000 + ",3\n4,5\n")
    assert became.column("a") == [1, 4]
    assert "longer" in became.rejected[0].reason


def test_a_file_of_one_endless_line_does_not_fill_the_memory(refused):
    refused(b"x" * 30_000_000, Exception)


@pytest.mark.slow
def test_a_table_of_very_many_columns_is_read(read):
    names = [f"c{number}" for number in range(500)]
    row = ",".join(str(number) for number in range(500))
    became = read(",".join(names) + "\n" + f"{row}\n" * 3)
    assert became.rows[0]["c499"] == 499
