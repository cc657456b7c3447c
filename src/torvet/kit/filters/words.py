"""A filter in plain Danish or English, for people who accept it."""

from datetime import date, datetime
from decimal import Decimal

from .model import And, Compare, Filter, In, IsNull, Not, Op, Or, Value

_OPS = {
    "en": {
        Op.EQUAL: "is",
        Op.UNLIKE: "is not",
        Op.LESS: "is less than",
        Op.AT_MOST: "is at most",
        Op.MORE: "is more than",
        Op.AT_LEAST: "is at least",
    },
    "da": {
        Op.EQUAL: "er",
        Op.UNLIKE: "er ikke",
        Op.LESS: "er mindre end",
        Op.AT_MOST: "er højst",
        Op.MORE: "er større end",
        Op.AT_LEAST: "er mindst",
    },
}
_JOINS = {
    "en": {
        "and": "and",
        "or": "or",
        "one of": "is one of",
        "empty": "is empty",
        "not": "it is not so that",
        "true": "true",
        "false": "false",
    },
    "da": {
        "and": "og",
        "or": "eller",
        "one of": "er en af",
        "empty": "er tom",
        "not": "det ikke er sådan, at",
        "true": "sand",
        "false": "falsk",
    },
}


def words(condition: Filter, language: str) -> str:
    """Say `condition` in `language`, `da` or `en`."""
    say = _JOINS[language]
    match condition:
        case Compare(column, op, value):
            return f"{column} {_OPS[language][op]} {_value(value, language)}"
        case In(column, values):
            return f"{column} {say['one of']} {_list(values, language)}"
        case IsNull(column):
            return f"{column} {say['empty']}"
        case And(parts):
            return f" {say['and']} ".join(_inner(part, language) for part in parts)
        case Or(parts):
            return f" {say['or']} ".join(_inner(part, language) for part in parts)
        case Not(part):
            return f"{say['not']} {_inner(part, language)}"


def _inner(part: Filter, language: str) -> str:
    said = words(part, language)
    return f"({said})" if isinstance(part, And | Or) else said


def _list(values: tuple[Value, ...], language: str) -> str:
    # A comma is a part of Danish numbers, so it cannot stand between them. All are said: whoever
    # accepts the words accepts every value.
    return "; ".join(_value(value, language) for value in values)


def _value(value: Value, language: str) -> str:
    match value:
        case str():
            return f"“{_within_quotes(value)}”"
        case bool():
            return _JOINS[language][str(value).lower()]
        case Decimal():
            return f"{value:f}".replace(".", "," if language == "da" else ".")
        case datetime():
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _within_quotes(text: str) -> str:
    """Return `text` so that nothing in it reads as the end of it: it is one value, not a phrase."""
    return "".join(
        sign if sign.isprintable() and sign not in "“”\\" else f"\\u{ord(sign):04x}"
        for sign in text
    )
