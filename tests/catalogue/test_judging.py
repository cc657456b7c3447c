from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from torvet.catalogue.findings import Aspect
from torvet.catalogue.judging import freshness, judge, refreshed
from torvet.catalogue.measures import (
    CheckMeasures,
    ColumnMeasures,
    KeyMeasures,
    Measures,
    SeriesMeasures,
    Where,
)
from torvet.ingest.model import Column, ColumnType

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOURLY = timedelta(hours=1)
OCCUPIED = ColumnMeasures(column=Column(name="occupied", type=ColumnType.INTEGER), nulls=0)
FLAWLESS = Measures(
    rows=1000,
    columns=(OCCUPIED,),
    checks=(
        CheckMeasures(
            title="occupied <= capacity",
            columns=("occupied", "capacity"),
            between_columns=True,
            judged=1000,
        ),
    ),
    key=KeyMeasures(columns=("garage", "ts")),
    series=SeriesMeasures(time="ts", series=8, step_s=1800, expected=1000, missing=0),
    delivered=1000,
    newest=NOON,
    newest_in="ts",
)


def judged(measures, now=NOON, interval=HOURLY):
    return judge(measures, interval=interval, published_at=NOON, now=now)


def dimension(report, aspect):
    return next(one for one in report.dimensions if one.aspect is aspect)


def test_a_release_without_a_fault_has_every_point():
    report = judged(FLAWLESS)

    assert report.score == 100
    assert [one.score for one in report.dimensions] == [100] * 5
    assert "none has a fault" in report.sentence


def test_missing_half_hours_are_counted_and_named():
    gaps = replace(FLAWLESS.series, expected=52_904, missing=8_616)

    consistency = dimension(judged(replace(FLAWLESS, series=gaps)), Aspect.CONSISTENCY)

    assert consistency.score == 83
    assert "one value every 30 minutes" in consistency.sentence
    assert "8,616 (16.3 %) are missing" in consistency.sentence


def test_a_failed_check_says_where_it_fails_most_and_whose_values_that_shows():
    check = replace(
        FLAWLESS.checks[0],
        failed=85,
        worst=(Where(column="garage", value="BUSGADEHUSET", failed=56, rows=100),),
    )

    consistency = dimension(judged(replace(FLAWLESS, checks=(check,))), Aspect.CONSISTENCY)

    finding = consistency.findings[-1]
    assert "fails in 85 of 1,000 rows (8.5 %)" in finding.sentence
    assert "BUSGADEHUSET" not in consistency.sentence
    assert finding.detail == "Most often where garage BUSGADEHUSET: 56 of 100 rows (56.0 %)."
    assert finding.shows == ("garage",)


def test_what_cannot_be_measured_weighs_nothing():
    bare = Measures(rows=1000, columns=(OCCUPIED,), delivered=1000)

    report = judged(bare, interval=None)

    assert report.score == 100
    assert dimension(report, Aspect.UNIQUENESS).score is None
    assert "declares no key" in dimension(report, Aspect.UNIQUENESS).sentence
    assert "2 measured dimensions" in report.sentence


def test_one_fault_in_a_million_is_not_nothing():
    measures = replace(FLAWLESS, delivered=1_000_000, rejected=1)

    validity = dimension(judged(measures), Aspect.VALIDITY)

    assert validity.score == 99
    assert "1 of 1,000,000 delivered rows (< 0.1 %)" in validity.sentence


def test_freshness_falls_as_time_goes_by():
    scores = [
        freshness(
            interval=HOURLY,
            published_at=NOON,
            newest=None,
            newest_in="",
            now=NOON + timedelta(hours=hours),
        ).score
        for hours in range(12)
    ]

    assert scores == sorted(scores, reverse=True)
    assert (scores[0], scores[1], scores[-1]) == (100, 100, 0)


def test_the_age_of_a_report_is_judged_again_and_nothing_else():
    report = judged(replace(FLAWLESS, rejected=100))
    stale = freshness(
        interval=HOURLY,
        published_at=NOON,
        newest=None,
        newest_in="",
        now=NOON + timedelta(days=9),
    )

    later = refreshed(report, stale, NOON + timedelta(days=9))

    assert later.score < report.score
    assert dimension(later, Aspect.FRESHNESS).score == 0
    assert dimension(later, Aspect.VALIDITY) == dimension(report, Aspect.VALIDITY)


def test_the_newest_value_is_told_only_to_those_who_may_see_it():
    old = judged(replace(FLAWLESS, newest=NOON - timedelta(days=30)))

    fresh = dimension(old, Aspect.FRESHNESS)

    assert fresh.score == 0
    assert "30 days" not in fresh.sentence
    assert fresh.findings[0].shows == ("ts",)


counts = st.integers(0, 1000)


@given(counts, counts, counts, counts, counts)
def test_a_fault_more_never_raises_a_score(nulls, rejected, repeated, missing, broken):
    def report(more):
        return judged(
            replace(
                FLAWLESS,
                columns=(replace(OCCUPIED, nulls=min(1000, nulls + more)),),
                rejected=min(1000, rejected + more),
                key=replace(FLAWLESS.key, duplicates=min(1000, repeated + more)),
                series=replace(FLAWLESS.series, missing=min(1000, missing + more)),
                checks=(replace(FLAWLESS.checks[0], failed=min(1000, broken + more)),),
            )
        )

    before, after = report(0), report(1)

    assert after.score <= before.score
    for one, other in zip(before.dimensions, after.dimensions, strict=True):
        assert other.score <= one.score
    assert all(0 <= one.score <= 100 for one in after.dimensions)
