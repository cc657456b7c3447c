"""Parquet: typed already, read after its metadata was found harmless."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from torvet.ports.sql import identifier, literal

from .bench import Bench, Staged
from .casting import Table, cast_staged
from .dialect import column_names
from .errors import ExpandsTooMuch, FileUnreadable, NoRows, TooManyColumns
from .limits import EXPANSION_FREE_BYTES, NESTING_MAX
from .model import DECIMAL_DIGITS_MAX, Column, ColumnType
from .plans import sql_type
from .readings import INFERRED
from .units import hinted_unit
from .writing import Target

EXPANSION_FACTOR = 20
"""Dictionaries make honest Parquet files small: they may expand this much more than others."""

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_WIDE = {"UBIGINT": (20, 0), "HUGEINT": (38, 0), "UHUGEINT": (38, 0)}
_SIMPLE = {
    "BOOLEAN": ColumnType.BOOLEAN,
    "FLOAT": ColumnType.NUMBER,
    "DOUBLE": ColumnType.NUMBER,
    "VARCHAR": ColumnType.TEXT,
    "UUID": ColumnType.TEXT,
    "DATE": ColumnType.DATE,
    "TIME": ColumnType.TIME,
    "TIMESTAMP": ColumnType.TIMESTAMP,
    "TIMESTAMP_S": ColumnType.TIMESTAMP,
    "TIMESTAMP_MS": ColumnType.TIMESTAMP,
    "TIMESTAMP_NS": ColumnType.TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": ColumnType.INSTANT,
}


def read_parquet(
    bench: Bench, path: Path, schema: Sequence[Column] | None, target: Target
) -> Table:
    """Read a Parquet file into the table; its own types stand unless a schema is given."""
    _check(bench, path)
    relation = f"read_parquet({literal(str(path))})"
    try:
        described = bench.run.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        names, notes = column_names([str(row[0]) for row in described])
        kinds = [str(row[1]) for row in described]
        bench.note(*notes, *_notes(names, kinds))
        columns = tuple(_column(name, kind) for name, kind in zip(names, kinds, strict=True))
        if schema is not None and not _same(columns, schema):
            return _cast(bench, path, names, schema, target)
        raw = [str(row[0]) for row in described]
        select = _select(relation, raw, kinds, schema or columns)
        written = target.write(select, schema or columns)
    except duckdb.Error as error:
        raise _unreadable(bench, error) from error
    if not written.rows:
        raise NoRows(bench.file_name, 0)
    return Table(columns=tuple(schema or columns), written=written)


def _check(bench: Bench, path: Path) -> None:
    """Judge a Parquet file by its footer, before any page of it is unpacked."""
    try:
        with pq.ParquetFile(path) as file:
            footer, schema = file.metadata, file.schema_arrow
            unpacked = sum(
                footer.row_group(number).total_byte_size for number in range(footer.num_row_groups)
            )
            depth = max((_depth(field.type) for field in schema), default=0)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise FileUnreadable(bench.file_name, f"the Parquet file is damaged ({error})") from error
    settings = bench.settings
    if len(schema) > settings.columns_max:
        raise TooManyColumns(bench.file_name, len(schema), settings.columns_max)
    if depth > NESTING_MAX:
        raise ExpandsTooMuch(bench.file_name, f"its columns are nested {depth} deep")
    ratio = settings.expansion_ratio_max * EXPANSION_FACTOR
    allowed = max(EXPANSION_FREE_BYTES, path.stat().st_size * ratio)
    rows_allowed = max(EXPANSION_FREE_BYTES, path.stat().st_size * ratio)
    if unpacked < 0 or unpacked > min(allowed, settings.upload_bytes_max * EXPANSION_FACTOR):
        raise ExpandsTooMuch(bench.file_name, f"{unpacked:,} bytes")
    if footer.num_rows < 0 or footer.num_rows > rows_allowed:
        raise ExpandsTooMuch(bench.file_name, f"{footer.num_rows:,} rows")


def _depth(kind: pa.DataType) -> int:
    if kind.num_fields == 0:
        return 0
    return 1 + max(_depth(kind.field(number).type) for number in range(kind.num_fields))


def _column(name: str, kind: str) -> Column:
    if kind in _INTEGERS:
        return Column(
            name=name, type=ColumnType.INTEGER, unit=hinted_unit(name, ColumnType.INTEGER)
        )
    if kind.startswith("DECIMAL") or kind in _WIDE:
        precision, scale = _WIDE.get(kind) or _digits(kind)
        return Column(
            name=name,
            type=ColumnType.DECIMAL,
            precision=min(precision, DECIMAL_DIGITS_MAX),
            scale=scale,
            unit=hinted_unit(name, ColumnType.DECIMAL),
        )
    found = _SIMPLE.get(kind, ColumnType.TEXT)
    return Column(name=name, type=found, unit=hinted_unit(name, found))


def _digits(kind: str) -> tuple[int, int]:
    precision, scale = kind.removeprefix("DECIMAL(").removesuffix(")").split(",")
    return int(precision), int(scale)


def _notes(names: Sequence[str], kinds: Sequence[str]) -> list[str]:
    notes = []
    for name, kind in zip(names, kinds, strict=True):
        if _is_nested(kind):
            notes.append(f"Column {name!r} holds objects or lists, kept as JSON.")
        elif kind == "BLOB":
            notes.append(f"Column {name!r} holds bytes, kept as base64.")
        elif kind == "TIMESTAMP_NS":
            notes.append(f"Column {name!r}: times are kept to the microsecond.")
    return notes


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION", "VARIANT"))


def _same(columns: Sequence[Column], schema: Sequence[Column]) -> bool:
    """Tell whether a file has the columns of a schema as they are, in whatever order."""
    has = {column.name: column for column in columns}
    return len(has) == len(schema) and all(
        wanted.nullable
        and wanted.name in has
        and sql_type(wanted) == sql_type(has[wanted.name])
        and wanted.type is has[wanted.name].type
        for wanted in schema
    )


def _select(
    relation: str, raw: Sequence[str], kinds: Sequence[str], columns: Sequence[Column]
) -> str:
    cleaned, _ = column_names(raw)
    source = {name: (given, kind) for name, given, kind in zip(cleaned, raw, kinds, strict=True)}
    values = ", ".join(
        f"CAST({_value(*source[column.name])} AS {sql_type(column)}) AS {identifier(column.name)}"
        for column in columns
    )
    return f"SELECT {values} FROM {relation}"


def _value(name: str, kind: str) -> str:
    if _is_nested(kind):
        return f"to_json({identifier(name)})"
    return f"base64({identifier(name)})" if kind == "BLOB" else identifier(name)


def _cast(
    bench: Bench,
    path: Path,
    names: tuple[str, ...],
    schema: Sequence[Column],
    target: Target,
) -> Table:
    """Read a file whose types are not those of the given schema: by way of text."""
    relation = f"read_parquet({literal(str(path))})"
    described = bench.run.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    cells = ", ".join(
        f"CAST({_value(str(row[0]), str(row[1]))} AS VARCHAR) AS c{number}"
        for number, row in enumerate(described)
    )
    texts = bench.folder / "cells.parquet"
    done = bench.run.execute(
        f"COPY (SELECT {cells} FROM {relation}) TO {literal(str(texts))}"
        " (FORMAT parquet, COMPRESSION lz4)"
    ).fetchone()
    staged = Staged(
        relation=f"(SELECT *, file_row_number + 1 AS n FROM"
        f" read_parquet({literal(str(texts))}, file_row_number = true))",
        names=names,
        readings=tuple(INFERRED for _ in names),
        rows=int(done[0]) if done else 0,
    )
    return cast_staged(bench, staged, schema, target)


def _unreadable(bench: Bench, error: duckdb.Error) -> Exception:
    if isinstance(error, duckdb.OutOfMemoryException):
        return ExpandsTooMuch(bench.file_name, "more than the engine's memory")
    said = str(error).splitlines()[0][:200]
    return FileUnreadable(bench.file_name, f"the Parquet file is damaged ({said})")
