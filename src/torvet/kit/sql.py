"""Names and values as SQL text. Whatever comes from outside goes through one of these two."""

from datetime import date, datetime
from decimal import Decimal


def identifier(name: str) -> str:
    """Quote `name` so that it can only be a name."""
    if "\0" in name:
        raise ValueError("a name holds no NUL")
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | float | Decimal | bool | date | datetime | None) -> str:
    """Write `value` so that it can only be a value."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float() | Decimal():
            return _number(value)
        case datetime():
            return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
        case date():
            return f"DATE '{value.isoformat()}'"
        case str():
            if "\0" in value:
                raise ValueError("a text holds no NUL")
            return "'" + value.replace("'", "''") + "'"


def _number(value: float | Decimal) -> str:
    text = str(value)
    if text.lower().lstrip("+-") in {"nan", "inf", "infinity"}:
        raise ValueError(f"{text} is no number that can be compared")
    return text
