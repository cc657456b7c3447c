"""What was found in a release: the profile of its columns, and its quality, explained."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from torvet.ingest.model import ColumnType

Value = str | int | float | bool | None
"""A value as it is shown: times are text in ISO 8601, decimals are text with all digits."""

BINS_MAX = 20
TOP_VALUES_MAX = 10
EXAMPLES_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """One bar of a histogram: how many values lie from `low` up to `high`."""

    low: Value
    high: Value
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TopValue:
    """One of the most frequent values, and how often it occurs."""

    value: Value
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """What one column holds.

    `distinct_exact` tells whether `distinct` was counted or estimated (within about 2 %).
    `histogram` and `top` are counted in `sampled` rows where that is not None: an even sample
    of the release's rows. `withheld` means that values exist and are not shown.
    """

    name: str
    type: ColumnType
    unit: str | None = None
    title: str | None = None
    description: str | None = None
    rows: int
    nulls: int
    distinct: int | None = None
    distinct_exact: bool = True
    minimum: Value = None
    maximum: Value = None
    mean: float | None = None
    histogram: tuple[Bin, ...] = ()
    top: tuple[TopValue, ...] = ()
    examples: tuple[Value, ...] = ()
    sampled: int | None = None
    withheld: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a release holds, column by column."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    made_at: datetime


class Aspect(StrEnum):
    """The five dimensions of quality (after ISO/IEC 25012)."""

    COMPLETENESS = "completeness"
    VALIDITY = "validity"
    UNIQUENESS = "uniqueness"
    FRESHNESS = "freshness"
    CONSISTENCY = "consistency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One measured thing: `failed` of `examined`, in a sentence.

    `shows` names the columns whose values the `detail` quotes: it is shown to those alone who
    may see values of all of them.
    """

    sentence: str
    examined: int
    failed: int
    detail: str = ""
    shows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One dimension's score, 0 to 100, and why; None where nothing could be measured."""

    aspect: Aspect
    score: int | None
    weight: int
    sentence: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """How good a release is: an overall score, 0 to 100, that its dimensions explain."""

    score: int
    sentence: str
    dimensions: tuple[Dimension, ...]
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """All that was found in a release: its profile, its quality and its first rows."""

    profile: Profile
    quality: QualityReport
    first: tuple[Mapping[str, Value], ...]
