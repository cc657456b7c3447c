from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.delivery.errors import BadRequest, VersionNotThere
from torvet.delivery.model import Moment
from torvet.delivery.travel import (
    change_range,
    first_at_or_after,
    moment_from_text,
    snapshot_version,
    version_at,
)

START = datetime(2026, 6, 1, 12, tzinfo=UTC)
HISTORY = tuple(Moment(version=n, at=START + timedelta(days=n)) for n in range(4))


def since(**given):
    asked = dict.fromkeys(
        ("starting_version", "starting_timestamp", "ending_version", "ending_timestamp")
    )
    return change_range(HISTORY, **{**asked, **given})


@given(
    st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9000, 1, 1)).map(  # noqa: DTZ001 - made aware below
        lambda at: at.replace(tzinfo=UTC)
    )
)
def test_a_moment_is_read_in_each_of_its_forms(at):
    for text in (
        at.isoformat(),
        at.isoformat(sep=" ").replace("+00:00", ""),
        at.isoformat().replace("+00:00", "Z"),
    ):
        assert moment_from_text(text) == at


def test_months_and_days_may_lack_their_zero():
    assert moment_from_text("2026-6-1 12:00:00.5") == START + timedelta(seconds=0.5)


@given(st.text(max_size=80))
def test_no_text_makes_the_reader_of_moments_stumble(text):
    try:
        moment_from_text(text)
    except BadRequest as said:
        assert "neither" in str(said)  # noqa: PT017 - either way is right


@given(st.integers(0, 3), st.integers(0, 86_399))
def test_between_two_versions_the_earlier_one_holds_and_the_later_one_is_next(version, later_s):
    at = HISTORY[version].at + timedelta(seconds=later_s)

    assert version_at(HISTORY, at) == version
    if later_s == 0:
        assert first_at_or_after(HISTORY, at) == version
    elif version < 3:
        assert first_at_or_after(HISTORY, at) == version + 1


def test_a_snapshot_without_a_wish_is_the_newest():
    assert snapshot_version(HISTORY, None, None) == 3


@pytest.mark.parametrize("wish", [(4, None), (None, "2026-05-01 00:00:00")])
def test_outside_its_versions_a_table_has_nothing(wish):
    with pytest.raises(VersionNotThere, match="outside the table's versions 0 to 3"):
        snapshot_version(HISTORY, *wish)


def test_a_version_and_a_time_at_once_mean_nothing():
    with pytest.raises(BadRequest, match="not both"):
        snapshot_version(HISTORY, 1, "2026-06-01 12:00:00")


def test_a_feed_goes_from_its_start_to_the_newest():
    assert since(starting_version=1) == (1, 3)
    assert since(starting_timestamp="2026-06-01 12:00:01", ending_version=2) == (1, 2)
    assert since(starting_version=0, ending_timestamp="2026-06-03 13:00:00") == (0, 2)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "needs startingVersion"),
        ({"starting_version": 2, "ending_version": 1}, "before its start"),
        ({"starting_version": 1, "starting_timestamp": "2026-06-01 12:00:00"}, "not both"),
        ({"starting_version": 1, "ending_version": 2, "ending_timestamp": "x"}, "not both"),
    ],
)
def test_a_feed_that_makes_no_sense_says_why(given, said):
    with pytest.raises(BadRequest, match=said):
        since(**given)
