"""Columns as JSON, and as the Arrow schema of a table."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from .errors import SchemaInvalid
from .model import (
    DECIMAL_DIGITS_MAX,
    NAME_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
    Column,
    ColumnType,
)

_WORDS = ("unit", "title", "description")
_KNOWN = {"name", "type", "nullable", "precision", "scale", *_WORDS}

_ARROW: dict[ColumnType, pa.DataType] = {
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.NUMBER: pa.float64(),
    ColumnType.TEXT: pa.string(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIME: pa.string(),
    ColumnType.TIMESTAMP: pa.timestamp("us"),
    ColumnType.INSTANT: pa.timestamp("us", tz="UTC"),
    ColumnType.GEOMETRY: pa.string(),
}


def columns_to_json(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Return `columns` as a list for JSON; what is not set is left out."""
    return [_to_json(column) for column in columns]


def _to_json(column: Column) -> dict[str, Any]:
    written: dict[str, Any] = {
        "name": column.name,
        "type": column.type.value,
        "nullable": column.nullable,
    }
    for name in (*_WORDS, "precision", "scale"):
        value = getattr(column, name)
        if value is not None:
            written[name] = value
    return written


def columns_from_json(written: object) -> tuple[Column, ...]:
    """Read a schema from JSON; raise SchemaInvalid, which says where it is wrong."""
    if not isinstance(written, list) or not written:
        raise SchemaInvalid("it is no list of columns")
    columns = tuple(_from_json(number, item) for number, item in enumerate(written, start=1))
    seen: set[str] = set()
    for column in columns:
        if column.name.casefold() in seen:
            raise SchemaInvalid(f"two columns are called {column.name!r}")
        seen.add(column.name.casefold())
    return columns


def _from_json(number: int, item: object) -> Column:
    if not isinstance(item, dict):
        raise SchemaInvalid(f"column {number} is no object")
    if unknown := sorted(map(str, item.keys() - _KNOWN)):
        raise SchemaInvalid(f"column {number} has {unknown[0]!r}, which means nothing here")
    name = _text(number, item, "name", NAME_CHARACTERS_MAX)
    if not name:
        raise SchemaInvalid(f"column {number} has no name")
    try:
        kind = ColumnType(item.get("type", ""))
    except ValueError:
        raise SchemaInvalid(f"column {name!r} has type {item.get('type')!r}") from None
    nullable = item.get("nullable", True)
    if not isinstance(nullable, bool):
        raise SchemaInvalid(f"'nullable' of column {name!r} is neither true nor false")
    precision, scale = _digits(name, kind, item)
    return Column(
        name=name,
        type=kind,
        nullable=nullable,
        precision=precision,
        scale=scale,
        **{word: _text(number, item, word, TEXT_CHARACTERS_MAX) for word in _WORDS},
    )


def _text(number: int, item: dict[str, object], word: str, limit: int) -> Any:
    value = item.get(word)
    if value is None:
        return None
    if not isinstance(value, str) or "\0" in value or len(value) > limit:
        raise SchemaInvalid(f"{word!r} of column {number} is no text of up to {limit} characters")
    return value


def _digits(name: str, kind: ColumnType, item: dict[str, object]) -> tuple[int | None, int | None]:
    if kind is not ColumnType.DECIMAL:
        return None, None
    precision, scale = item.get("precision", 18), item.get("scale", 2)
    whole = isinstance(precision, int) and isinstance(scale, int)
    if not whole or not 0 <= scale <= precision <= DECIMAL_DIGITS_MAX or not precision:  # type: ignore[operator]
        raise SchemaInvalid(
            f"column {name!r} needs 0 ≤ scale ≤ precision ≤ {DECIMAL_DIGITS_MAX}, precision > 0"
        )
    return precision, scale  # type: ignore[return-value]


def arrow_type(column: Column) -> pa.DataType:
    """Return the type in which a table holds `column`."""
    if column.type is ColumnType.DECIMAL:
        return pa.decimal128(column.precision or 18, 2 if column.scale is None else column.scale)
    return _ARROW[column.type]


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """Return the schema of a table with `columns`.

    Every field is nullable in the table: that a value must be there is checked when rows are
    read, and a later delivery may relax it without a new table.
    """
    return pa.schema([pa.field(column.name, arrow_type(column)) for column in columns])
