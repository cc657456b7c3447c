"""Sums are attacked by one of those who were summed, and by programmes over all that is told."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from torvet.privacy import attacks
from torvet.privacy.aggregates.cells import aggregate
from torvet.privacy.aggregates.rules import MaxShare, MinContributors
from torvet.privacy.attacks import secrets
from torvet.privacy.presets import preset

CELLS = attacks.Cells(by=("zone", "hour"), value="wh", unit="meter")
METERS = preset("meters")
DEFAULT = (MinContributors(METERS.contributors), MaxShare(METERS.max_share))


@pytest.fixture(scope="module")
def meters():
    """Four zones where one customer is most of it, and one zone with a single home."""
    town = secrets.meters(1, homes=300, weeks=1)
    alone = pc.if_else(pc.equal(town["meter"], "M00000"), "Z999", town["zone"])
    return town.set_column(1, "zone", alone)


def summed(table, rules):
    return aggregate(table, by=["zone", "hour"], value="wh", unit="meter", rules=rules).table


def test_a_threshold_of_one_tells_the_largest_to_the_second_largest(meters):
    weak = attacks.run(summed(meters, [MinContributors(1)]), meters, cells=CELLS)
    default = attacks.run(summed(meters, DEFAULT), meters, cells=CELLS)

    assert weak["few contributors"].success > 0
    assert not weak["few contributors"].passed
    assert default["few contributors"].success == 0
    assert default["few contributors"].figures["units_min"] >= METERS.contributors
    assert default["few contributors"].attempts > 500


def test_a_dominated_cell_tells_its_largest_and_the_default_rules_keep_it_back(meters):
    two = meters.filter(pc.is_in(meters["meter"], pa.array([f"M{n:05d}" for n in range(30)])))
    weak = attacks.run(summed(two, [MinContributors(2)]), two, cells=CELLS)
    default = attacks.run(summed(meters, DEFAULT), meters, cells=CELLS)

    assert weak["insider"].success > weak["insider"].control + 0.05
    assert default["insider"].success <= default["insider"].control + attacks.MARGIN
    assert default["insider"].passed


def margins_of(rng, units, parts):
    """Every way of dividing the units: the sums of each part are released."""
    rows = []
    for count in parts:
        place = rng.integers(0, count, units)
        rows += [(place == part).astype(float) for part in range(count)]
    return np.array(rows)


def test_many_exact_margins_reconstruct_and_noisy_ones_do_not():
    rng = np.random.default_rng(1)
    truths = rng.integers(100, 2_000, 40).astype(float)
    many = margins_of(rng, 40, [8] * 8)
    exact = many @ truths
    weak = attacks.reconstruction(many, exact, truths, upper=2_000)
    rounding = 2_000.0
    noisy = exact + rng.normal(0, 1_000, len(exact)).clip(-rounding, rounding)
    default = attacks.reconstruction(many, noisy, truths, upper=2_000, rounding=rounding)

    assert weak.success > 0.9
    assert default.success <= default.control + attacks.MARGIN


def test_one_table_of_disjoint_cells_reconstructs_nobody():
    rng = np.random.default_rng(2)
    truths = rng.integers(100, 2_000, 45).astype(float)
    cells = np.kron(np.eye(3), np.ones(15))
    outcome = attacks.reconstruction(cells, cells @ truths, truths, upper=2_000)

    assert outcome.success == 0
    assert outcome.figures["narrowest"] > 1_000


def test_sums_over_many_sets_are_decoded_to_everybodys_yes_or_no():
    """Dinur and Nissim: too many answers that are too exact; noise of the default cost withstands."""
    rng = np.random.default_rng(3)
    truths = (rng.random(60) < 0.5).astype(float)
    sets = (rng.random((180, 60)) < 0.5).astype(float)
    weak = attacks.decoding(sets, sets @ truths + rng.normal(0, 1, 180), truths)
    default = attacks.decoding(sets, sets @ truths + rng.normal(0, 14, 180), truths)

    assert weak.success > 0.95
    assert default.success < weak.success


def test_a_line_for_what_is_kept_back_and_none_for_what_is_empty_tells_that_somebody_is_there():
    parking = secrets.town(1, cars=200).parking
    visits = parking.append_column("visits", [[1] * parking.num_rows]).append_column(
        "day", pc.floor_temporal(parking["hour"], unit="day")
    )
    cells = attacks.Cells(by=("place", "day"), value="visits", unit="car")
    made = aggregate(
        visits, by=cells.by, value="visits", unit="car", rules=[MinContributors(2)], window=[]
    ).table
    weak = attacks.run(made, visits, cells=cells)["existence by key"]
    default = attacks.run(made.filter(pc.is_valid(made["visits"])), visits, cells=cells)

    assert weak.success == 1
    assert weak.attempts > 1_000
    assert default["existence by key"].success == default["existence by key"].control == 0.5
