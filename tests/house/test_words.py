"""How pages write days, moments and numbers: one way each, in the time of the place."""

from datetime import UTC, date, datetime

import pytest

from torvet.web.pages import count, day, last_day, moment, month

MIDNIGHT_IN_WINTER = datetime(2026, 11, 21, 23, tzinfo=UTC)


def test_the_day_of_an_instant_is_that_of_the_place():
    assert day(MIDNIGHT_IN_WINTER) == "22 November 2026"
    assert day(date(2026, 11, 21)) == "21 November 2026"


def test_what_ends_with_a_day_names_that_day():
    assert last_day(MIDNIGHT_IN_WINTER) == "21 November 2026"
    assert last_day(datetime(2026, 11, 21, 12, tzinfo=UTC)) == "21 November 2026"


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (MIDNIGHT_IN_WINTER, "22 November 2026, 00:00"),
        (datetime(2026, 6, 1, 12, 5, tzinfo=UTC), "1 June 2026, 14:05"),
    ],
)
def test_a_moment_is_told_in_the_time_of_the_place(at, said):
    assert moment(at) == said


def test_a_month_is_told_by_its_name():
    assert month("2026-11") == "November 2026"


@pytest.mark.parametrize(("number", "said"), [(44_288, "44,288"), (7, "7"), (None, "–")])
def test_a_count_is_written_as_amounts_are(number, said):
    assert count(number) == said
