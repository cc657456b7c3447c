"""Billing months in Copenhagen: whole, without gaps, across changes of the clock."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.billing.periods import (
    HOUR,
    Month,
    add_months,
    beginnings,
    midnight,
    month_of,
    months_between,
)

months = st.builds(Month, st.integers(1990, 2100), st.integers(1, 12))
instants = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
days = st.dates(date(1990, 1, 1), date(2100, 1, 1))


@given(instants)
def test_every_instant_lies_in_one_month(at):
    month = month_of(at)

    assert month.start <= at < month.end
    assert month.end == month.plus(1).start


@given(months, st.integers(-200, 500))
def test_months_later_and_back_is_the_same(month, by):
    assert month.plus(by).plus(-by) == month


@given(instants, instants)
def test_months_between_cover_the_time_without_gaps(one, other):
    start, end = sorted((one, other))
    found = list(months_between(start, end))

    assert all(a.end == b.start for a, b in itertools.pairwise(found))
    assert not found or found[0].start <= start
    assert found or start == end
    assert not found or found[-1].end >= end


@pytest.mark.parametrize(
    ("month", "hours"), [(Month(2026, 3), 743), (Month(2026, 10), 745), (Month(2026, 2), 672)]
)
def test_a_month_with_a_change_of_the_clock_has_an_hour_more_or_less(month, hours):
    assert month.hours == hours


def test_a_month_begins_at_midnight_in_copenhagen():
    assert Month(2026, 7).start == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert Month(2026, 12).start == datetime(2026, 11, 30, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 1, 31), 2, date(2026, 3, 31)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
    ],
)
def test_the_end_of_a_month_stays_in_the_month(day, months, then):
    assert add_months(day, months) == then


@given(days, st.integers(0, 200), st.sampled_from([1, 12]))
def test_periods_begin_once_each_however_time_is_cut(first, ahead, every):
    start = midnight(first)
    end = midnight(add_months(first, ahead)) + HOUR
    cut = start + (end - start) / 3

    whole = list(beginnings(first, every, start, end))

    assert whole == list(range(ahead // every + 1))
    assert [
        *beginnings(first, every, start, cut),
        *beginnings(first, every, cut, end),
    ] == whole


@given(days, st.integers(0, 60))
def test_beginnings_go_up_and_are_a_month_apart(first, number):
    one, two = add_months(first, number), add_months(first, number + 1)

    assert timedelta(days=27) < two - one < timedelta(days=32)
