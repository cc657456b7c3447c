import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from torvet.ingest import (
    Column,
    ColumnType,
    FileFormat,
    FileUnreadable,
    FormatUnknown,
    NoRows,
    OptionsInvalid,
)

MIDNIGHT = datetime(2024, 1, 1)  # noqa: DTZ001 - local
MORNING = datetime(2024, 3, 1, 10, 30)  # noqa: DTZ001 - local


def lines(*items):
    return "\n".join(item if isinstance(item, str) else json.dumps(item) for item in items)


def test_ndjson_keeps_the_types_that_json_has(read):
    became = read(
        lines(
            {"a": 1, "b": "1", "c": 1.5, "d": True, "e": "2024-03-01T10:00:00Z"},
            {"a": 2, "b": "002", "c": 2, "d": False, "e": None},
        ),
        name="x.ndjson",
    )
    assert became.types == {
        "a": "integer",
        "b": "text",
        "c": "number",
        "d": "boolean",
        "e": "instant",
    }
    assert became.column("e")[0] == datetime(2024, 3, 1, 10, tzinfo=UTC)


def test_ndjson_columns_are_all_keys_that_occur(read):
    became = read(lines({"a": 1}, {"b": "x"}, {"a": 3, "c": [1, {"d": 2.50}]}), name="x.jsonl")
    assert list(became.types) == ["a", "b", "c"]
    assert became.column("c") == [None, None, '[1,{"d":2.5}]']


def test_ndjson_lines_that_are_no_objects_are_set_aside(read):
    became = read(lines({"a": 1}, "[1]", "{oops", {"a": 2}), name="x.ndjson")
    assert became.column("a") == [1, 2]
    assert [row.row_number for row in became.rejected] == [2, 3]
    assert became.source.rejected == 2


def test_ndjson_columns_of_mixed_types_become_text(read):
    became = read(lines({"a": 1}, {"a": "x"}), name="x.ndjson", packed=True)
    assert became.column("a") == ["1", "x"]
    assert "mixes" in became.said


def test_ndjson_numbers_lose_no_digit(read):
    became = read('{"id": 12345678901234567890}\n{"id": 1}\n', name="x.ndjson")
    assert became.column("id") == ["12345678901234567890", "1"]


def test_ndjson_nested_too_deep_is_set_aside(read):
    deep = '{"a":' + "[" * 5000 + "]" * 5000 + "}"
    became = read(lines({"a": 1}, deep), name="x.ndjson")
    assert became.source.rejected == 1
    assert "deep" in became.rejected[0].reason


def test_a_json_array_is_refused_with_what_to_do(read):
    with pytest.raises(FormatUnknown, match="one object on each line"):
        read('[{"a": 1}]', name="x.json")


def feature(geometry, **properties):
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features):
    return json.dumps({"type": "FeatureCollection", "features": list(features)})


def test_geojson_points_become_text_and_degrees(read):
    point = {"type": "Point", "coordinates": [10.206, 56.15561]}
    became = read(collection(feature(point, name="Busgadehuset")), name="x.geojson")
    assert became.rows == [
        {
            "name": "Busgadehuset",
            "geometry": "POINT (10.206 56.15561)",
            "lon": 10.206,
            "lat": 56.15561,
        }
    ]
    assert became.units == {"lon": "°", "lat": "°"}
    assert became.types["geometry"] == "geometry"


def test_geojson_of_other_shapes_has_no_degrees_apart(read):
    ring = [[[0, 0], [1, 0], [1, 1], [0, 0]]]
    became = read(
        collection(
            feature({"type": "Polygon", "coordinates": ring}, n=1),
            feature({"type": "MultiPoint", "coordinates": [[1, 2, 3], [4, 5, 6]]}, n=2),
            feature(None, n=3),
        ),
        name="x.geojson",
    )
    assert became.column("geometry") == [
        "POLYGON ((0 0, 1 0, 1 1, 0 0))",
        "MULTIPOINT Z (1 2 3, 4 5 6)",
        None,
    ]
    assert list(became.types) == ["n", "geometry"]


def test_geojson_outside_the_degrees_is_set_aside(read):
    metres = {"type": "Point", "coordinates": [574000.0, 6223000.0]}
    became = read(
        collection(feature(metres, n=1), feature({"type": "Point", "coordinates": [10, 56]}, n=2)),
        name="x.geojson",
    )
    assert became.column("n") == [2]
    assert "WGS 84" in became.rejected[0].reason


def test_geojson_in_another_reference_system_is_refused(read):
    document = {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}},
        "features": [feature({"type": "Point", "coordinates": [10, 56]})],
    }
    with pytest.raises(FileUnreadable, match="WGS 84"):
        read(json.dumps(document), name="x.geojson")


def workbook(*sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_xlsx_cells_keep_their_types(read):
    became = read(
        workbook(
            ("Tom", []),
            (
                "Data",
                [
                    ["navn", "postnr", "antal", "pris", "dag", "tid", "åben"],
                    ["Å", "0800", 1, 1.5, date(2024, 3, 1), MORNING, True],
                    ["B", "8000", 2, 2, date(2024, 3, 2), MIDNIGHT, False],
                ],
            ),
        ),
        name="x.xlsx",
    )
    assert became.types == {
        "navn": "text",
        "postnr": "text",
        "antal": "integer",
        "pris": "number",
        "dag": "date",
        "tid": "timestamp",
        "åben": "boolean",
    }
    assert became.column("postnr") == ["0800", "8000"]
    assert became.column("tid") == [MORNING, MIDNIGHT]
    assert "'Data'" in became.said


def test_an_xlsx_sheet_can_be_asked_for(read):
    book = workbook(("En", [["a"], [1]]), ("To", [["b"], [2]]))
    assert read(book, name="x.xlsx", sheet="To").rows == [{"b": 2}]
    with pytest.raises(OptionsInvalid, match="'En', 'To'"):
        read(book, name="x.xlsx", sheet="Tre")


def test_xlsx_rows_before_the_table_are_left_out(read):
    book = workbook(("A", [["Kilde: kommunen"], [], ["a", "b", "c"], [1, 2, 3]]))
    became = read(book, name="x.xlsx")
    assert became.rows == [{"a": 1, "b": 2, "c": 3}]
    assert "Kilde" in became.said


def parquet(table, **how):
    out = io.BytesIO()
    pq.write_table(table, out, **how)
    return out.getvalue()


def test_parquet_keeps_its_own_types(read):
    table = pa.table(
        {
            "small": pa.array([1, None], pa.int8()),
            "money": pa.array([Decimal("1.25"), None], pa.decimal128(10, 2)),
            "at": pa.array([MIDNIGHT, None], pa.timestamp("ns")),
            "moment": pa.array([MIDNIGHT, None], pa.timestamp("ms", "UTC")),
            "tags": pa.array([["a"], None], pa.list_(pa.string())),
            "kind": pa.array(["x", "y"]).dictionary_encode(),
        }
    )
    became = read(parquet(table), name="x.parquet")
    assert became.types == {
        "small": "integer",
        "money": "decimal",
        "at": "timestamp",
        "moment": "instant",
        "tags": "text",
        "kind": "text",
    }
    assert became.rows[0]["money"] == Decimal("1.25")
    assert became.column("tags") == ['["a"]', None]


def test_parquet_is_read_by_a_given_schema(read):
    table = pa.table({"n": ["1", "x", "3"]})
    schema = (Column(name="n", type=ColumnType.INTEGER),)
    became = read(parquet(table), name="x.parquet", schema=schema)
    assert became.column("n") == [1, 3]
    assert (became.rejected[0].row_number, became.rejected[0].value) == (2, "x")


def test_the_content_tells_the_format_and_not_the_name(read):
    assert read(parquet(pa.table({"n": [1]})), name="x.csv").source.format is FileFormat.PARQUET
    with pytest.raises(FileUnreadable, match="not what its name says"):
        read("a,b\n1,2\n", name="x.parquet")


@pytest.mark.parametrize("name", ["x.parquet", "x.xlsx"])
def test_a_torn_file_is_unreadable(read, name):
    whole = (
        parquet(pa.table({"n": list(range(9999))}))
        if name == "x.parquet"
        else workbook(("A", [["a"], [1]]))
    )
    with pytest.raises((FileUnreadable, FormatUnknown)):
        read(whole[: len(whole) // 2], name=name)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (collection(), "x.geojson"),
        (parquet(pa.table({"n": pa.array([], pa.int64())})), "x.parquet"),
        (workbook(("A", [["a", "b"]])), "x.xlsx"),
    ],
)
def test_a_file_without_rows_says_so(read, content, name):
    with pytest.raises(NoRows):
        read(content, name=name)
