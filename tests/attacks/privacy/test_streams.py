"""A home is followed through new pseudonyms, a driver known by four places; sums follow nobody."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from torvet.privacy import attacks
from torvet.privacy.aggregates.cells import aggregate
from torvet.privacy.aggregates.rules import MaxShare, MinContributors
from torvet.privacy.attacks import secrets
from torvet.privacy.presets import preset

WEEK_HOURS = 168
HOMES = 2_000
TRACE = attacks.Trace(user="car", points=("place", "hour"))


@pytest.fixture(scope="module")
def weeks():
    used = secrets.readings(1, homes=HOMES)
    return used[:, :WEEK_HOURS], used[:, WEEK_HOURS:]


def followed(weeks, hours):
    return attacks.linkability(*(attacks.coarsened(week, hours) for week in weeks))


def test_hourly_readings_are_followed_through_every_rotation(weeks):
    """The reference's toy: all by the hour, 23 % by the day, 2.8 % by the week, 0.05 % by chance."""
    hourly, daily, weekly = (followed(weeks, hours) for hours in (1, 24, WEEK_HOURS))

    assert hourly.success > 0.99
    assert 0.15 < daily.success < 0.35
    assert 0.015 < weekly.success < 0.05
    assert weekly.control == 1 / HOMES
    assert not hourly.passed
    assert not daily.passed


def test_a_month_of_a_home_told_to_the_nearest_step_is_not_followed():
    """What default policies leave: sums of many homes. Here fifteen at a time, drawn anew."""
    rng = np.random.default_rng(1)
    used = secrets.readings(2, homes=HOMES)
    groups = [rng.permutation(HOMES) // 15 for _ in range(2)]
    weeks = used[:, :WEEK_HOURS], used[:, WEEK_HOURS:]
    told = [
        np.stack([np.bincount(group, weights=hour) for hour in week.T], axis=1)[group]
        for group, week in zip(groups, weeks, strict=True)
    ]
    outcome = attacks.linkability(*told)

    assert outcome.attempts == HOMES
    assert outcome.passed


def test_a_suite_on_pseudonymised_readings_follows_them():
    meters = secrets.meters(3, homes=300)
    stream = attacks.Stream(
        unit="meter", time="hour", value="wh", grain_hours=1, rotation_hours=WEEK_HOURS
    )
    report = attacks.run(
        meters.rename_columns(["pseudonym", "zone", "hour", "wh"]), meters, stream=stream
    )

    assert report["linkability"].success > 0.99
    assert not report.passed


def test_rows_in_any_order_and_units_with_gaps_are_followed_alike():
    meters = secrets.meters(3, homes=60)
    shuffled = meters.take(np.random.default_rng(0).permutation(meters.num_rows))
    stream = attacks.Stream(
        unit="meter", time="hour", value="wh", grain_hours=24, rotation_hours=WEEK_HOURS
    )
    first, second = (
        attacks.run(pa.table({"x": [1]}), table, stream=stream) for table in (meters, shuffled)
    )
    gone = meters.filter(pc.not_equal(meters["meter"], "M00007"))
    third = attacks.run(pa.table({"x": [1]}), gone, stream=stream)

    assert first.to_text() == second.to_text()
    assert third["linkability"].attempts == 59


@pytest.mark.parametrize("known", [2, 3, 4, 5])
def test_a_trace_falls_to_a_few_points(known):
    parking = secrets.town(1).parking
    outcome = attacks.unicity(parking, user="car", points=("place", "hour"), known=known)

    assert outcome.success > 0.9
    assert not outcome.passed


def test_more_points_single_out_more():
    parking = secrets.town(1).parking
    shares = [
        attacks.unicity(parking, user="car", points=("place",), known=known).success
        for known in (1, 2, 3, 4)
    ]

    assert shares == sorted(shares)
    assert shares[0] < 0.05 < shares[-1]


def test_coarser_hours_do_not_save_a_trace():
    """Coarsening a trace fails; a trace by the day is still a trace."""
    parking = secrets.town(1).parking
    days = parking.set_column(2, "hour", pc.floor_temporal(parking["hour"], unit="day"))

    assert not attacks.run(days, parking, trace=TRACE)["unicity"].passed


def test_counts_of_places_by_the_default_rules_follow_no_driver():
    mobility = preset("mobility")
    parking = secrets.town(1).parking.append_column(
        "visits", [[1] * secrets.town(1).parking.num_rows]
    )
    cells = aggregate(
        parking,
        by=["place"],
        value="visits",
        unit="car",
        rules=[MinContributors(mobility.contributors), MaxShare(mobility.max_share)],
    )
    seen = cells.table.filter(pc.is_valid(cells.table["visits"]))
    outcome = attacks.unicity(
        seen.append_column("row", [range(seen.num_rows)]), user="row", points=("suppressed",)
    )
    report = attacks.run(
        cells.table, parking, cells=attacks.Cells(by=("place",), value="visits", unit="car")
    )

    assert "car" not in cells.table.column_names
    assert outcome.success == 0
    assert report.passed
