"""A release examined: counted in a few statements, then profiled and judged."""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from torvet.ingest.model import Column, ColumnType

from . import counting, judging, series
from .counting import COUNTED_DISTINCT_MAX, Files
from .findings import ColumnProfile, Examination, Profile
from .measures import MOMENTS, ColumnMeasures, Measures
from .model import BoundingBox, Check, Dataset
from .values import moment
from .vocabulary import FREQUENCIES

_LATITUDE = re.compile(r"(?:^|[^a-z])(?:lat|latitude|breddegrad)(?:$|[^a-z])")
_LONGITUDE = re.compile(r"(?:^|[^a-z])(?:lon|lng|long|longitude|længdegrad)(?:$|[^a-z])")
_PERCENT = frozenset({"%", "percent", "procent"})
_CHECKABLE = frozenset({ColumnType.INTEGER, ColumnType.NUMBER})


def examine(
    files: Files,
    *,
    dataset: Dataset,
    columns: Sequence[Column],
    delivered: int,
    rejected: int,
    now: datetime,
    progress: Callable[[str, float], None],
) -> Examination:
    """Count, profile and judge the rows of `files`."""
    progress("looking at the first rows", 0.0)
    first = counting.first_rows(files, columns)
    progress("profiling the columns", 0.1)
    checks = (
        *dataset.checks,
        *implied_checks(columns, dataset.place.bbox if dataset.place else None),
    )
    with ThreadPoolExecutor(1, "series") as beside:
        # Sorting keeps one core busy: the others count meanwhile.
        sorting = beside.submit(series.measure, files, dataset.key, columns)
        rows, measured, judged = counting.count(files, columns, checks, first)
        progress("looking for repeated and missing rows", 0.6)
        key, gaps = sorting.result()
    progress("judging the quality", 0.95)
    newest_in = _time_of_key(dataset.key, measured)
    by = _place_of_key(dataset.key, measured)
    measures = Measures(
        rows=rows,
        columns=measured,
        checks=tuple(
            replace(one, worst=counting.worst_of(files, check, columns, by))
            if by is not None and one.failed
            else one
            for one, check in zip(judged, checks, strict=True)
        ),
        key=key,
        series=gaps,
        delivered=delivered,
        rejected=rejected,
        newest=moment(newest_in.maximum) if newest_in else None,
        newest_in=newest_in.column.name if newest_in else "",
    )
    frequency = FREQUENCIES.get(dataset.frequency)
    report = judging.judge(
        measures,
        interval=frequency.interval if frequency else None,
        published_at=now,
        now=now,
    )
    return Examination(profile=_profile(measures, now), quality=report, first=tuple(first))


def implied_checks(columns: Sequence[Column], box: BoundingBox | None) -> tuple[Check, ...]:
    """Return the checks that a column's name or unit implies: coordinates, percentages."""
    found: list[Check] = []
    for column in columns:
        if column.type not in _CHECKABLE:
            continue
        quoted = '"' + column.name.replace('"', '""') + '"'
        name = column.name.casefold().replace("_", " ")
        if _LATITUDE.search(name):
            found += _between(column.name, quoted, -90, 90, "a latitude")
            found += _inside(column.name, quoted, (box.south, box.north) if box else None)
        elif _LONGITUDE.search(name):
            found += _between(column.name, quoted, -180, 180, "a longitude")
            found += _inside(column.name, quoted, (box.west, box.east) if box else None)
        elif (column.unit or "").casefold() in _PERCENT:
            found += _between(column.name, quoted, 0, 100, "a percentage")
    return tuple(found)


def _between(name: str, quoted: str, low: int, high: int, what: str) -> list[Check]:
    return [
        Check(
            rule=f"{quoted} >= {low} and {quoted} <= {high}",
            title=f"{name} is {what} ({low} to {high})",
        )
    ]


def _inside(name: str, quoted: str, ends: tuple[float, float] | None) -> list[Check]:
    if ends is None:
        return []
    low, high = (format(end, ".6f") for end in ends)
    return [
        Check(
            rule=f"{quoted} >= {low} and {quoted} <= {high}",
            title=f"{name} lies in the dataset's place",
        )
    ]


def _place_of_key(key: Sequence[str], measured: Sequence[ColumnMeasures]) -> Column | None:
    """Return the first text of the key that has few enough values to look at each of them."""
    return next(
        (
            one.column
            for one in measured
            if one.column.name in key
            and one.column.type is ColumnType.TEXT
            and 1 < (one.distinct or 0) <= COUNTED_DISTINCT_MAX
        ),
        None,
    )


def _time_of_key(key: Sequence[str], measured: Sequence[ColumnMeasures]) -> ColumnMeasures | None:
    return next(
        (
            one
            for one in measured
            if one.column.name in key and one.column.type in MOMENTS and moment(one.maximum)
        ),
        None,
    )


def _profile(measures: Measures, now: datetime) -> Profile:
    return Profile(
        rows=measures.rows,
        columns=tuple(_column(one, measures.rows) for one in measures.columns),
        made_at=now,
    )


def _column(one: ColumnMeasures, rows: int) -> ColumnProfile:
    return ColumnProfile(
        name=one.column.name,
        type=one.column.type,
        unit=one.column.unit,
        title=one.column.title,
        description=one.column.description,
        rows=rows,
        nulls=one.nulls,
        distinct=one.distinct,
        distinct_exact=one.distinct_exact,
        minimum=one.minimum,
        maximum=one.maximum,
        mean=one.mean,
        histogram=one.histogram,
        top=one.top,
        examples=one.examples,
    )
