"""Values as they are shown: in preview, in profiles, in details of findings."""

import math
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

from torvet.ingest.model import ColumnType

from .findings import Value

SHOWN_CHARACTERS_MAX = 200

_AS_TEXT = frozenset(
    {ColumnType.TEXT, ColumnType.GEOMETRY, ColumnType.DATE, ColumnType.TIME, ColumnType.TIMESTAMP}
)


def as_text(expression: str, kind: ColumnType) -> str:
    """Return SQL for a value that arrives the same from every engine: as text, or as itself."""
    if kind is ColumnType.INSTANT:
        return f"CAST(CAST({expression} AS TIMESTAMP) AS VARCHAR)"
    if kind in _AS_TEXT:
        return f"SUBSTR(CAST({expression} AS VARCHAR), 1, {SHOWN_CHARACTERS_MAX + 1})"
    return expression


def finite(kind: ColumnType, value: str) -> str:
    """Return SQL for a column's value, or null where it is a number that is not finite."""
    if kind is not ColumnType.NUMBER:
        return value
    # NaN is above every number in both engines, so one comparison each way leaves it out.
    return f"CASE WHEN {value} < 1e308 AND {value} > -1e308 THEN {value} END"


def shown(value: object, kind: ColumnType) -> Value:
    """Return what an engine gave for `as_text` as it is shown."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Decimal():
            return format(value, "f")
        case str() if kind in {ColumnType.TIMESTAMP, ColumnType.INSTANT}:
            return value.replace(" ", "T", 1) + ("Z" if kind is ColumnType.INSTANT else "")
        case str() if len(value) > SHOWN_CHARACTERS_MAX:
            return value[:SHOWN_CHARACTERS_MAX] + "…"
        case _:
            return str(value)


_FROM_TEXT: dict[ColumnType, Callable[[str], Value]] = {
    ColumnType.INTEGER: int,
    ColumnType.NUMBER: float,
    ColumnType.BOOLEAN: lambda text: text.lower() == "true",
}


def from_text(text: str, kind: ColumnType) -> Value:
    """Read a value that was cast to text on its way."""
    return shown(_FROM_TEXT.get(kind, str)(text), kind)


def moment(value: Value) -> datetime | None:
    """Return a shown date or time as an instant; one that names no zone is taken for UTC."""
    if not isinstance(value, str):
        return None
    with suppress(ValueError):
        at = datetime.fromisoformat(value)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return None
