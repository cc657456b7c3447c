"""What does not fit is set aside with its place and reason: nothing is dropped in silence."""

import pytest

from torvet.ingest import (
    Column,
    ColumnType,
    NoRows,
    SchemaInvalid,
    columns_from_json,
    rejected_rows,
)

SCHEMA = (
    Column(name="garage", type=ColumnType.TEXT, nullable=False),
    Column(name="ts", type=ColumnType.TIMESTAMP),
    Column(name="occupied", type=ColumnType.INTEGER),
)


def test_values_that_do_not_fit_a_given_schema_are_set_aside(read):
    became = read(
        "garage,ts,occupied\n"
        "A,2024-01-01 10:00:00,1\n"
        "B,yesterday,2\n"
        "C,2024-01-01 10:00:00,many\n"
        ",2024-01-01 10:00:00,4\n"
        "E,2024-02-30 10:00:00,5.5\n"
        "F,,\n",
        schema=SCHEMA,
    )
    assert became.column("garage") == ["A", "F"]
    assert became.source.rejected == 4
    assert [(row.row_number, row.column, row.value) for row in became.rejected] == [
        (2, "ts", "yesterday"),
        (3, "occupied", "many"),
        (4, "garage", None),
        (5, "occupied", "5.5"),
        (5, "ts", "2024-02-30 10:00:00"),
    ]
    assert "needed" in became.rejected[2].reason
    assert "whole number" in became.rejected[1].reason


def test_rows_with_too_few_or_too_many_fields_are_set_aside(read):
    became = read("a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n")
    assert became.column("a") == [1, 10]
    assert [row.row_number for row in became.rejected] == [2, 3]
    assert became.rejected[0].value == "4,5"
    assert "2 fields, and 3 are expected" in became.rejected[0].reason


def test_a_quote_that_is_never_closed_costs_one_row(read):
    became = read('a,b\n1,x\n2,"oops\n3,y\n4,"fine"\n5,z\n')
    assert became.column("a") == [1, 3, 4, 5]
    assert [(row.row_number, row.value) for row in became.rejected] == [(2, '2,"oops')]


def test_a_quote_after_a_quoted_field_costs_one_row(read):
    became = read('a,b\n1,"x" y\n2,z\n')
    assert became.column("a") == [2]
    assert "quotes" in became.rejected[0].reason


def test_a_quote_within_a_field_is_a_character(read):
    became = read('a,b\n1,5" pipe\n2,"q"\n3,"r",\n')
    assert '5" pipe' in became.column("b")
    assert became.source.rows + became.source.rejected == 3


def test_rejections_are_paged(read, parts):
    became = read("n,m\n1,1\n" + "x,1\n" * 25, schema=(Column(name="n", type=ColumnType.INTEGER),))
    first = rejected_rows(parts, became.source.id, limit=10)
    rest = rejected_rows(parts, became.source.id, limit=100, after=first[-1].position)
    assert [row.row_number for row in first + rest] == list(range(2, 27))


def test_a_long_value_is_kept_in_part(read):
    became = read(
        "n,m\n1,1\n" + "y" * 5000 + ",1\n", schema=(Column(name="n", type=ColumnType.INTEGER),)
    )
    assert len(became.rejected[0].value) <= 501


def test_where_no_row_fits_the_first_reason_is_told(read):
    with pytest.raises(NoRows, match="'x' is no whole number"):
        read("n,m\nx,1\ny,2\n", schema=(Column(name="n", type=ColumnType.INTEGER),))


def test_decimals_are_exact_or_set_aside(read):
    schema = (Column(name="p", type=ColumnType.DECIMAL, precision=6, scale=2),)
    became = read("p;x\n1.234,5;1\n1,234;2\n99999;3\n0,10;4\n", schema=schema)
    assert [str(value) for value in became.column("p")] == ["1234.50", "0.10"]
    assert [row.row_number for row in became.rejected] == [2, 3]


def test_columns_are_matched_by_name_and_missing_ones_are_empty(read):
    became = read("OCCUPIED,garage,other\n5,A,x\n", schema=SCHEMA)
    assert became.rows == [{"garage": "A", "ts": None, "occupied": 5}]
    assert "other" in became.said
    assert "ts" in became.said


def test_a_required_column_must_be_there(read):
    with pytest.raises(SchemaInvalid, match="garage"):
        read("ts,occupied\n2024-01-01 10:00,1\n", schema=SCHEMA)


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ([], "no list"),
        ({}, "no list"),
        ([{"type": "text"}], "no name"),
        ([{"name": "a", "type": "float"}], "float"),
        ([{"name": "a", "type": "text", "colour": 1}], "colour"),
        ([{"name": "a", "type": "text"}, {"name": "A", "type": "text"}], "two columns"),
        ([{"name": "a", "type": "decimal", "precision": 50}], "precision"),
        ([{"name": "a" * 300, "type": "text"}], "255"),
        ([{"name": "a", "type": "text", "nullable": 1}], "nullable"),
        ([{"name": "a", "type": ["text"]}], "type"),
    ],
)
def test_a_schema_that_makes_no_sense_says_where(written, fault):
    with pytest.raises(SchemaInvalid, match=fault):
        columns_from_json(written)
