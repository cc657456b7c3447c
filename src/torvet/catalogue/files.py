"""The files of a release: those of its source, or its rows in the columns that are there."""

import json
from collections.abc import Sequence

from torvet.ingest.model import Column, ColumnType
from torvet.kit.sql import identifier
from torvet.ports.engine import WrittenFile
from torvet.ports.tables import DeltaSnapshot

_SQL = {
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.NUMBER: "DOUBLE",
    ColumnType.TEXT: "VARCHAR",
    ColumnType.DATE: "DATE",
    ColumnType.TIME: "VARCHAR",
    ColumnType.TIMESTAMP: "TIMESTAMP",
    ColumnType.INSTANT: "TIMESTAMP WITH TIME ZONE",
    ColumnType.GEOMETRY: "VARCHAR",
}


def as_written(snapshot: DeltaSnapshot) -> list[WrittenFile]:
    """Return the files of a table's version as if they had just been written."""
    return [
        _as_written(file.path, file.size_bytes, file.rows, file.stats) for file in snapshot.files
    ]


def _as_written(path: str, size_bytes: int, rows: int, stats: str) -> WrittenFile:
    known = json.loads(stats) if stats else {}
    return WrittenFile(
        path=path,
        size_bytes=size_bytes,
        rows=rows,
        minimum=known.get("minValues", {}),
        maximum=known.get("maxValues", {}),
        nulls=known.get("nullCount", {}),
    )


def casting(held: Sequence[Column], arriving: Sequence[Column]) -> str:
    """Return SQL for the rows of `arriving` in the order and the types of the `held` columns."""
    types = {column.name: column for column in arriving}
    wanted = ", ".join(_cast(column, types[column.name]) for column in held)
    return f"SELECT {wanted} FROM arriving"


def _cast(held: Column, arriving: Column) -> str:
    name = identifier(held.name)
    if held.type is arriving.type and held.type is not ColumnType.DECIMAL:
        return name
    if held.type is ColumnType.DECIMAL:
        return f"CAST({name} AS DECIMAL({held.precision}, {held.scale})) AS {name}"
    return f"CAST({name} AS {_SQL[held.type]}) AS {name}"
