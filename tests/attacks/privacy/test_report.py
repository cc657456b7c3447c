"""A report is the same for the same tables, quick enough for every release, and reads as words."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from torvet.privacy import attacks
from torvet.privacy.attacks import matching
from torvet.privacy.attacks.outcome import judged, percent
from torvet.privacy.errors import AttacksInvalid

from .policies import KNOWN, SENSITIVE, people, pseudonymised, safe


def test_equal_tables_and_seeds_give_equal_bytes():
    first, second = (
        attacks.run(safe(), people(), quasi_identifiers=KNOWN, sensitive=SENSITIVE, seed=7)
        for _ in range(2)
    )

    assert first.to_text() == second.to_text()


def test_files_and_tables_are_attacked_alike(tmp_path):
    pq.write_table(safe(), tmp_path / "release.parquet")
    pq.write_table(people(), tmp_path / "source.parquet")
    held = attacks.run(safe(), people(), quasi_identifiers=KNOWN, sensitive=("illness",))
    read = attacks.run(
        tmp_path / "release.parquet",
        tmp_path / "source.parquet",
        quasi_identifiers=KNOWN,
        sensitive=("illness",),
    )

    assert held.to_text() == read.to_text()


def test_no_more_people_are_attacked_than_is_said():
    report = attacks.run(pseudonymised(people()), people(), quasi_identifiers=KNOWN, limit_rows=500)

    assert 400 < report["linkage"].attempts < 1_000


def test_the_report_is_json_that_a_certificate_can_hold():
    report = attacks.run(safe(), people(), quasi_identifiers=KNOWN, sensitive=SENSITIVE)
    read = json.loads(report.to_text())

    assert read["passed"] is True
    assert {each["name"] for each in read["outcomes"]} >= {"linkage", "singling-out"}
    assert all(each["words"].endswith(".") for each in read["outcomes"])


def test_a_weak_release_fails_as_a_whole():
    assert not attacks.run(pseudonymised(people()), people(), quasi_identifiers=KNOWN).passed


@pytest.mark.parametrize("asked", [{"suite": "everything"}, {"sensitive": ("shoe size",)}])
def test_what_cannot_be_attacked_is_said(asked):
    with pytest.raises(AttacksInvalid):
        attacks.run(safe(), people(), quasi_identifiers=KNOWN, **asked)


def test_an_empty_release_gives_nothing_to_attack():
    report = attacks.run(safe().slice(0, 0), people(), quasi_identifiers=KNOWN)

    assert report.outcomes == ()


@given(st.integers(1, 500), st.data())
@settings(max_examples=examples(30))
def test_the_interval_holds_the_rate_and_is_narrower_with_more_attempts(attempts, data):
    found = data.draw(st.integers(0, attempts))
    low, high = attacks.interval(found, attempts)
    closer = attacks.interval(found * 10, attempts * 10)

    assert 0 <= low <= found / attempts <= high <= 1
    assert closer[1] - closer[0] <= high - low


def test_clopper_and_pearson_agree_with_their_tables():
    low, high = attacks.interval(8, 10)

    assert (round(low, 4), round(high, 4)) == (0.4439, 0.9748)
    assert attacks.interval(0, 100)[1] == pytest.approx(1 - 0.025 ** (1 / 100))


@given(st.floats(0, 0.97), st.integers(1, 1000))
@settings(max_examples=examples(30))
def test_a_verdict_hangs_on_two_points_above_the_control(control, attempts):
    allowed = judged(
        "any", successes=control * attempts, attempts=attempts, control=control, words="-"
    )
    beyond = judged(
        "any", successes=(control + 0.03) * attempts, attempts=attempts, control=control, words="-"
    )

    assert allowed.passed
    assert not beyond.passed


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("20-29", (20, 29), (19, 30)),
        ("[20, 30)", (20, 29.9), (30, 19.9)),
        ("(20,30]", (20.1, 30), (20, 30.1)),
        ("-5--1", (-5, -1), (-6, 0)),
        ("≥65", (65, 90), (64,)),
        ("65+", (65, 90), (64,)),
        ("<18", (17,), (18,)),
    ],
)
def test_ranges_are_read_as_people_write_them(text, inside, outside):
    low, high = matching.bounds(text)

    assert all(low <= number <= high for number in inside)
    assert not any(low <= number <= high for number in outside)


@pytest.mark.parametrize("text", ["", "*", "21**", "bachelor", "2026-01", "Adm-clerical", "<=50K"])
def test_what_is_no_range_holds_no_number(text):
    low, high = matching.bounds(text)

    assert low > high or text == "2026-01"


def test_shares_read_well():
    assert [percent(share) for share in (0, 0.0005, 0.028, 0.734, 1)] == [
        "0 %",
        "0.05 %",
        "2.8 %",
        "73 %",
        "100 %",
    ]


def test_nulls_are_matched_by_nothing_known_and_by_stars():
    release = pa.table({"age": ["20-29", "*"]})
    source = pa.table({"age": pa.array([None, 25], pa.int64())})
    report = attacks.run(release, source, quasi_identifiers=["age"], k=2)

    assert report["linkage"].figures["rows_fitting_min"] == 1
