"""What promises come to: counted in slots, ages and working hours, by rules that have laws."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.contracts.levels.model import Level, Maintenance, Measure
from torvet.trust import rules
from torvet.trust.model import HourSeen, MaintenanceId, Planned, Waited
from torvet.trust.working_time import (
    after_working_days,
    easter,
    holidays,
    is_working_day,
    working_time,
)

MONDAY = datetime(2026, 6, 1, 7, 0, tzinfo=UTC)  # nine o'clock in Copenhagen
HOUR = timedelta(hours=1)
MOMENTS = st.integers(0, 1_500_000).map(
    lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
PLANNED = Level(
    measure=Measure.AVAILABILITY,
    promised=9_900,
    maintenance=Maintenance(notice_hours=24, hours_a_month=2),
)


def seen(hour, *, failed=0, by_provider=0, looked=rules.ALL_SLOTS):
    return HourSeen(hour=hour, seen=looked, failed=failed, by_provider=by_provider)


def work(begin, hours, notice=48, *, withdrawn_at=None):
    return Planned(
        id=MaintenanceId("mw_1"),
        dataset="ds_1",
        begins_at=begin,
        ends_at=begin + hours * HOUR,
        announced_at=begin - notice * HOUR,
        announced_by="x",
        words="New disks",
        withdrawn_at=withdrawn_at,
    )


@given(MOMENTS, st.integers(0, 200))
def test_slots_lie_whole_within_their_time_and_none_is_missing(start, minutes):
    end = start + timedelta(minutes=minutes)

    found = rules.slots_between(start, end)

    begins = [h + rules.SLOT * (bit.bit_length() - 1) for h, bit in found]
    assert all(start <= at and at + rules.SLOT <= end for at in begins)
    assert begins == sorted(set(begins))
    assert len(begins) >= minutes // 5 - 1


def test_what_was_seen_and_did_not_fail_is_available():
    found = rules.availability([seen(MONDAY)], MONDAY, MONDAY + HOUR)

    assert rules.share_available(found) == 10_000


def test_a_slot_that_failed_or_was_not_looked_at_is_lost():
    hours = [seen(MONDAY, failed=0b11, by_provider=0b01), seen(MONDAY + HOUR, looked=0b1)]

    found = rules.availability(hours, MONDAY, MONDAY + 2 * HOUR)

    assert (found.slots, found.failed, found.by_provider, found.unseen) == (24, 2, 1, 11)
    assert rules.share_available(found) == 10_000 * 11 // 24


def test_no_time_is_no_measurement():
    assert rules.share_available(rules.availability([], MONDAY, MONDAY)) is None


def test_planned_work_is_left_out_as_far_as_the_terms_say():
    two, four = work(MONDAY, 2), work(MONDAY, 4)

    assert len(rules.planned_slots([two], PLANNED, MONDAY, MONDAY + 9 * HOUR)) == 24
    assert len(rules.planned_slots([four], PLANNED, MONDAY, MONDAY + 9 * HOUR)) == 24


@pytest.mark.parametrize(
    "unheeded",
    [work(MONDAY, 1, notice=23), work(MONDAY, 1, withdrawn_at=MONDAY - HOUR)],
    ids=["too-late", "called-off"],
)
def test_work_that_was_not_announced_in_time_counts(unheeded):
    assert rules.planned_slots([unheeded], PLANNED, MONDAY, MONDAY + HOUR) == frozenset()


def test_terms_without_maintenance_leave_nothing_out():
    strict = Level(measure=Measure.AVAILABILITY, promised=9_900)

    assert rules.planned_slots([work(MONDAY, 1)], strict, MONDAY, MONDAY + HOUR) == frozenset()


def test_the_newest_release_is_as_old_as_it_became():
    published = [MONDAY - 5 * HOUR, MONDAY + 10 * HOUR, MONDAY + 40 * HOUR]

    assert rules.oldest(published, MONDAY, MONDAY + 48 * HOUR) == 30 * HOUR
    assert rules.oldest(published, MONDAY, MONDAY + 12 * HOUR) == 15 * HOUR
    assert rules.oldest([], MONDAY, MONDAY + 7 * HOUR) == 7 * HOUR
    assert rules.oldest(published, MONDAY, MONDAY) is None


@given(st.lists(MOMENTS, max_size=6), MOMENTS, st.integers(1, 1_000), MOMENTS)
def test_a_release_more_never_makes_the_data_older(published, start, hours, another):
    end = start + hours * HOUR
    before = rules.oldest(published, start, end)
    after = rules.oldest([*published, another], start, end)

    assert after <= before or not [at for at in published if at <= start]


def test_a_minute_over_the_promise_is_an_hour_begun():
    assert rules.hours_begun(24 * HOUR) == 24
    assert rules.hours_begun(24 * HOUR + timedelta(minutes=1)) == 25


def test_the_worst_release_in_force_counts():
    scored = [(MONDAY - HOUR, 80), (MONDAY + HOUR, 95), (MONDAY + 2 * HOUR, None)]

    assert rules.worst_score(scored, MONDAY, MONDAY + 9 * HOUR) == 80
    assert rules.worst_score(scored, MONDAY + 2 * HOUR, MONDAY + 9 * HOUR) == 95
    assert rules.worst_score([], MONDAY, MONDAY + HOUR) is None


def test_a_question_counts_until_it_is_answered():
    asked = [
        Waited(asked_at=MONDAY, answered_at=MONDAY + 2 * HOUR),
        Waited(asked_at=MONDAY, answered_at=None),
        Waited(asked_at=MONDAY - 40 * HOUR, answered_at=MONDAY - 39 * HOUR),
    ]

    assert rules.longest_wait(asked, MONDAY, MONDAY + 4 * HOUR) == (4 * HOUR, 2)
    assert rules.longest_wait([], MONDAY, MONDAY + HOUR) == (None, 0)


@pytest.mark.parametrize(
    ("year", "sunday"),
    [(2024, date(2024, 3, 31)), (2025, date(2025, 4, 20)), (2026, date(2026, 4, 5)),
     (2027, date(2027, 3, 28)), (2038, date(2038, 4, 25))],
)  # fmt: skip
def test_easter_is_when_the_calendar_says(year, sunday):
    assert easter(year) == sunday
    assert sunday + timedelta(days=50) in holidays(year)


def test_nobody_works_at_night_on_sundays_and_at_whitsun():
    friday = datetime(2026, 5, 22, 14, 0, tzinfo=UTC)
    tuesday = datetime(2026, 5, 26, 8, 0, tzinfo=UTC)

    assert not is_working_day(date(2026, 5, 25))
    assert working_time(friday, tuesday) == 2 * HOUR
    assert working_time(tuesday, friday) == timedelta()


@given(MOMENTS, st.integers(0, 500), st.integers(0, 500))
def test_working_time_adds_up(start, one, other):
    middle, end = start + one * HOUR, start + (one + other) * HOUR

    assert working_time(start, middle) + working_time(middle, end) == working_time(start, end)


@given(MOMENTS, st.integers(1, 30))
def test_deadlines_are_at_the_close_of_a_working_day(start, days):
    until = after_working_days(start, days)

    assert is_working_day(until.date())
    assert until > start
    assert after_working_days(start, days + 1) > until
