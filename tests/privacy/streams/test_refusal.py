"""Rows of households and traces are refused, with figures that say why and a way that is open."""

from datetime import datetime, timedelta

import pyarrow as pa
import pytest

from torvet.kit.errors import Kind
from torvet.privacy.errors import ColumnsInvalid, RowReleaseRefused
from torvet.privacy.streams.refusal import Stream, refuse_rows, refuse_table, step_of

START = datetime(2026, 1, 1)  # noqa: DTZ001 - local time has no zone


def rows(step, count, units=3):
    return pa.table(
        {
            "home": [unit for unit in range(units) for _ in range(count)],
            "at": [START + step * number for _ in range(units) for number in range(count)],
        }
    )


@pytest.mark.parametrize("step", [timedelta(minutes=15), timedelta(hours=1), timedelta(days=7)])
def test_rows_of_households_finer_than_a_month_are_refused_with_the_figures(step):
    with pytest.raises(RowReleaseRefused) as refusal:
        refuse_table(rows(step, 5), unit="home", time="at", stream="households")

    words = str(refusal.value)
    assert "73.4 % of 5,139 households" in words
    assert "54.5 %" in words
    assert "aggregate" in words
    assert refusal.value.step_s == step.total_seconds()
    assert refusal.value.kind is Kind.REFUSED


def test_months_of_a_household_are_left_to_the_other_rules():
    refuse_table(rows(timedelta(days=31), 5), unit="home", time="at", stream="households")
    refuse_rows(Stream.HOUSEHOLDS, step=None)


def test_a_traces_rows_are_refused_however_coarse():
    with pytest.raises(RowReleaseRefused, match="single out 95 %"):
        refuse_table(rows(timedelta(days=90), 2), unit="home", time="at", stream="mobility")


def test_one_week_of_hours_among_months_is_hours():
    months = rows(timedelta(days=31), 5)
    hours = rows(timedelta(hours=1), 24, units=1)

    assert step_of(pa.concat_tables([months, hours]), unit="home", time="at") == timedelta(hours=1)


def test_two_readings_at_one_moment_are_no_step():
    twice = pa.concat_tables([rows(timedelta(days=31), 2)] * 2)

    assert step_of(twice, unit=["home"], time="at") == timedelta(days=31)


def test_a_policy_may_allow_a_finer_step_and_says_so_itself():
    refuse_rows("households", step=timedelta(days=7), finest="P7D")


@pytest.mark.parametrize(("unit", "time"), [("house", "at"), ("home", "home")])
def test_a_table_without_units_or_times_is_refused(unit, time):
    with pytest.raises(ColumnsInvalid):
        step_of(rows(timedelta(1), 2), unit=unit, time=time)
