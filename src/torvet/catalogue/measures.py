"""What is counted in a release, before anybody judges it."""

from dataclasses import dataclass
from datetime import datetime

from torvet.ingest.model import Column, ColumnType

from .findings import Bin, TopValue, Value

NUMBERS = frozenset({ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.DECIMAL})
MOMENTS = frozenset({ColumnType.DATE, ColumnType.TIMESTAMP, ColumnType.INSTANT})


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMeasures:
    """What was counted in one column. `strange` values are numbers that are not finite."""

    column: Column
    nulls: int
    blanks: int = 0
    strange: int = 0
    distinct: int | None = None
    distinct_exact: bool = True
    minimum: Value = None
    maximum: Value = None
    mean: float | None = None
    histogram: tuple[Bin, ...] = ()
    top: tuple[TopValue, ...] = ()
    examples: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """How often a check fails where `column` has one value."""

    column: str
    value: str
    failed: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckMeasures:
    """How many of the rows that could be judged break a check; `fault` says why none could."""

    title: str
    columns: tuple[str, ...]
    between_columns: bool
    judged: int = 0
    failed: int = 0
    fault: str = ""
    worst: tuple[Where, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMeasures:
    """How many rows repeat the key of another."""

    columns: tuple[str, ...]
    duplicates: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesMeasures:
    """Regular series: one value each `step_s` seconds, `missing` of `expected` are not there."""

    time: str
    series: int
    step_s: int
    expected: int
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """All that was counted in a release. `delivered` counts the rows of its files."""

    rows: int
    columns: tuple[ColumnMeasures, ...]
    checks: tuple[CheckMeasures, ...] = ()
    key: KeyMeasures | None = None
    series: SeriesMeasures | None = None
    delivered: int = 0
    rejected: int = 0
    newest: datetime | None = None
    newest_in: str = ""
