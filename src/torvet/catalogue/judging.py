"""How good a release is, and why: pure judgements of what was counted.

The five dimensions are those of ISO/IEC 25012 that a table can be measured by. A dimension's
score is the product of the shares of its findings that are as they should be, times 100 and
rounded down, so that 100 means no fault at all. The overall score is the weighted mean of the
dimensions that could be measured.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from .findings import Aspect, Dimension, Finding, QualityReport
from .measures import CheckMeasures, ColumnMeasures, Measures
from .words import age, each, percent

WEIGHTS = {
    Aspect.COMPLETENESS: 25,
    Aspect.VALIDITY: 25,
    Aspect.UNIQUENESS: 20,
    Aspect.FRESHNESS: 10,
    Aspect.CONSISTENCY: 20,
}
LATE_AFTER = 1.5  # intervals: a little late is not late
STALE_AFTER = 10.0
COLUMNS_NAMED_MAX = 5

_UNMEASURED = {
    Aspect.VALIDITY: "No rows to judge.",
    Aspect.COMPLETENESS: "No values to count.",
    Aspect.UNIQUENESS: "Not measured: the dataset declares no key of its rows.",
    Aspect.FRESHNESS: "Not measured: the dataset states no update frequency.",
    Aspect.CONSISTENCY: "Not measured: no check compares columns, and no key has a regular time.",
}


def judge(
    measures: Measures,
    *,
    interval: timedelta | None,
    published_at: datetime,
    now: datetime,
) -> QualityReport:
    """Return the report on a release; `interval` is the dataset's stated update frequency."""
    dimensions = (
        _dimension(Aspect.COMPLETENESS, _completeness(measures)),
        _dimension(Aspect.VALIDITY, _validity(measures)),
        _dimension(Aspect.UNIQUENESS, _uniqueness(measures)),
        freshness(
            interval=interval,
            published_at=published_at,
            newest=measures.newest,
            newest_in=measures.newest_in,
            now=now,
        ),
        _dimension(Aspect.CONSISTENCY, _consistency(measures)),
    )
    return _report(dimensions, now)


def refreshed(report: QualityReport, fresh: Dimension, now: datetime) -> QualityReport:
    """Return `report` as it stands now: its rows never change, its age does."""
    dimensions = tuple(fresh if one.aspect is fresh.aspect else one for one in report.dimensions)
    return replace(_report(dimensions, now), made_at=report.made_at)


def _report(dimensions: tuple[Dimension, ...], now: datetime) -> QualityReport:
    measured = [(one.score, one.weight) for one in dimensions if one.score is not None]
    weight = sum(each_weight for _, each_weight in measured)
    score = sum(each_score * w for each_score, w in measured) // weight if weight else 0
    return QualityReport(
        score=score, sentence=_summary(score, dimensions), dimensions=dimensions, made_at=now
    )


def _summary(score: int, dimensions: Iterable[Dimension]) -> str:
    measured = [one for one in dimensions if one.score is not None]
    if not measured:
        return "Nothing could be measured."
    worst = min(measured, key=lambda one: one.score or 0)
    said = f"{score} of 100, the weighted mean of {len(measured)} measured dimensions"
    if worst.score == 100:  # noqa: PLR2004 - the best there is
        return f"{said}; none has a fault."
    return f"{said}; the lowest is {worst.aspect} with {worst.score}."


def _dimension(aspect: Aspect, findings: Iterable[Finding]) -> Dimension:
    found = tuple(findings)
    examined = [finding for finding in found if finding.examined]
    if not examined:
        said = " ".join(finding.sentence for finding in found)
        return Dimension(
            aspect=aspect,
            score=None,
            weight=WEIGHTS[aspect],
            sentence=said or _UNMEASURED[aspect],
            findings=found,
        )
    share = math.prod(1 - finding.failed / finding.examined for finding in examined)
    faulty = any(finding.failed for finding in examined)
    score = min(math.floor(100 * share), 99) if faulty else 100
    return Dimension(
        aspect=aspect,
        score=score,
        weight=WEIGHTS[aspect],
        sentence=" ".join(finding.sentence for finding in found),
        findings=found,
    )


def _completeness(measures: Measures) -> Iterator[Finding]:
    cells = measures.rows * len(measures.columns)
    if not cells:
        return
    lacking = {one.column.name: one.nulls + one.blanks for one in measures.columns}
    failed = sum(lacking.values())
    if not failed:
        sentence = f"All {cells:,} values are there."
    else:
        worst = sorted((n for n in lacking if lacking[n]), key=lambda n: -lacking[n])
        named = ", ".join(
            f"{name} ({percent(lacking[name], measures.rows)})"
            for name in worst[:COLUMNS_NAMED_MAX]
        )
        sentence = (
            f"{failed:,} of {cells:,} values ({percent(failed, cells)}) are missing, "
            f"most of them in {named}."
        )
    yield Finding(sentence=sentence, examined=cells, failed=failed)


def _validity(measures: Measures) -> Iterator[Finding]:
    if measures.delivered:
        yield _rejected(measures.rejected, measures.delivered)
    for column in measures.columns:
        if column.strange:
            yield _strange(column, measures.rows)
    for check in measures.checks:
        if not check.between_columns:
            yield _checked(check)


def _rejected(rejected: int, delivered: int) -> Finding:
    if not rejected:
        sentence = f"All {delivered:,} delivered rows fit their types."
    else:
        sentence = (
            f"{rejected:,} of {delivered:,} delivered rows ({percent(rejected, delivered)}) did "
            "not fit their types and were set aside."
        )
    return Finding(sentence=sentence, examined=delivered, failed=rejected)


def _strange(column: ColumnMeasures, rows: int) -> Finding:
    return Finding(
        sentence=f"{column.strange:,} values of {column.column.name} are not finite numbers.",
        examined=rows - column.nulls,
        failed=column.strange,
    )


def _checked(check: CheckMeasures) -> Finding:
    if check.fault:
        sentence = f"“{check.title}” could not be checked: {check.fault}."
        return Finding(sentence=sentence, examined=0, failed=0)
    if not check.failed:
        sentence = f"“{check.title}” holds in all {check.judged:,} rows."
    else:
        sentence = (
            f"“{check.title}” fails in {check.failed:,} of {check.judged:,} rows "
            f"({percent(check.failed, check.judged)})."
        )
    detail = "; ".join(
        f"{one.column} {one.value}: {one.failed:,} of {one.rows:,} rows "
        f"({percent(one.failed, one.rows)})"
        for one in check.worst
    )
    return Finding(
        sentence=sentence,
        examined=check.judged,
        failed=check.failed,
        detail=f"Most often where {detail}." if detail else "",
        shows=tuple(sorted({one.column for one in check.worst})),
    )


def _uniqueness(measures: Measures) -> Iterator[Finding]:
    key = measures.key
    if key is None:
        return
    named = ", ".join(key.columns)
    if key.fault:
        yield Finding(
            sentence=f"The key ({named}) could not be checked: {key.fault}.", examined=0, failed=0
        )
        return
    if not key.duplicates:
        sentence = f"No two of {measures.rows:,} rows share a key ({named})."
    else:
        sentence = (
            f"{key.duplicates:,} of {measures.rows:,} rows "
            f"({percent(key.duplicates, measures.rows)}) repeat the key ({named}) of another."
        )
    yield Finding(sentence=sentence, examined=measures.rows, failed=key.duplicates)


def _consistency(measures: Measures) -> Iterator[Finding]:
    series = measures.series
    if series is not None:
        named = f"one value {each(series.step_s)} ({series.series:,} series in {series.time})"
        if not series.missing:
            sentence = f"The times are regular, {named}, and none is missing."
        else:
            sentence = (
                f"Of {series.expected:,} values, {named}, {series.missing:,} "
                f"({percent(series.missing, series.expected)}) are missing."
            )
        yield Finding(sentence=sentence, examined=series.expected, failed=series.missing)
    for check in measures.checks:
        if check.between_columns:
            yield _checked(check)


def freshness(
    *,
    interval: timedelta | None,
    published_at: datetime,
    newest: datetime | None,
    newest_in: str,
    now: datetime,
) -> Dimension:
    """Judge the age of a release by how often its dataset is said to be brought up to date.

    Up to 1.5 intervals after its newest value (or its publication, where no column of the key
    tells the time) a release is fresh; from there the score falls to 0 at 10 intervals.
    """
    weight = WEIGHTS[Aspect.FRESHNESS]
    if interval is None:
        return Dimension(
            aspect=Aspect.FRESHNESS,
            score=None,
            weight=weight,
            sentence=_UNMEASURED[Aspect.FRESHNESS],
        )
    since = newest if newest is not None and newest <= now else published_at
    intervals = (now - since) / interval
    late = (intervals - LATE_AFTER) / (STALE_AFTER - LATE_AFTER)
    score = max(0, min(100, math.floor(100 * (1 - late))))
    stated = each(int(interval.total_seconds()))
    verdict = "in time" if late <= 0 else "later than that"
    told = age(now - since)
    quotes = since is newest
    return Dimension(
        aspect=Aspect.FRESHNESS,
        score=score,
        weight=weight,
        sentence=f"Stated to be brought up to date {stated}; it is {verdict}.",
        findings=(
            Finding(
                sentence=f"Published {age(now - published_at)} ago.",
                examined=0,
                failed=0,
                detail=f"The newest {newest_in} is {told} old." if quotes else "",
                shows=(newest_in,) if quotes else (),
            ),
        ),
    )
