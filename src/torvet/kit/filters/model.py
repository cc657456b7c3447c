"""A condition on the rows of one table: values, no SQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = str | bool | int | Decimal | date | datetime


class Op(StrEnum):
    """How a column is compared with a value."""

    EQUAL = "="
    UNLIKE = "<>"
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Compare:
    """`column op value`; a row without a value never fits, as in SQL."""

    column: str
    op: Op
    value: Value


@dataclass(frozen=True, slots=True)
class In:
    """The column holds one of `values`."""

    column: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    """The column holds nothing."""

    column: str


@dataclass(frozen=True, slots=True)
class And:
    """Every part fits; there are two or more."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Some part fits; there are two or more."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not fit. Where it is unknown, for want of a value, so is this."""

    part: "Filter"


Filter: TypeAlias = Compare | In | IsNull | And | Or | Not


def columns(condition: Filter) -> tuple[str, ...]:
    """Return the names of the columns that `condition` looks at, each once, sorted."""
    return tuple(sorted(set(_names(condition))))


def _names(condition: Filter) -> Iterator[str]:
    match condition:
        case Compare(column) | In(column) | IsNull(column):
            yield column
        case And(parts) | Or(parts):
            for part in parts:
                yield from _names(part)
        case Not(part):
            yield from _names(part)
