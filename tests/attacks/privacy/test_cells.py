"""Sums are attacked by one of those who were summed, and by programmes over all that is told."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from torvet.privacy import attacks
from torvet.privacy.aggregates.cells import aggregate
from torvet.privacy.aggregates.rules import MaxShare, MinContributors
from torvet.privacy.attacks import secrets
from torvet.privacy.policies import Policy
from torvet.privacy.presets import preset
from torvet.privacy.treatments import treat

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


def margins_in(lines, homes, column):
    """Which homes each published line counts, and what it says: by what is in the line alone."""
    sums = [line for line in lines if line["wh"] is not None]
    counted = [[line[column] in home for home in homes] for line in sums]
    return np.array(counted, dtype=float), np.array([line["wh"] for line in sums], dtype=float)


def test_sums_in_many_ways_reconstruct_and_what_the_gate_releases_does_not(tmp_path):
    """The weak policy adds the same homes up by eight columns; the gate by one, with totals."""
    rng = np.random.default_rng(1)
    homes = pa.table(
        {
            "meter": [f"M{n:03d}" for n in range(200)],
            "wh": rng.integers(100, 2_000, 200),
            **{f"way_{n}": rng.integers(0, 30, 200) for n in range(8)},
            "zone": [f"Z{n % 6}" for n in range(200)],
        }
    )
    truths = homes["wh"].to_numpy().astype(float)
    told = []
    for n in range(8):
        one_way = aggregate(
            homes, by=[f"way_{n}"], value="wh", unit="meter", rules=[MinContributors(1)]
        ).table
        ways = [{value} for value in homes[f"way_{n}"].to_pylist()]
        told.append(margins_in(one_way.to_pylist(), ways, f"way_{n}"))
    many, exact = (np.concatenate(part) for part in zip(*told, strict=True))
    weak = attacks.reconstruction(many, exact, truths, upper=2_000, targets=20)

    pq.write_table(homes, tmp_path / "homes.parquet")
    release = treat(gated(), [str(tmp_path / "homes.parquet")], tmp_path / "release.parquet").path
    places = [{zone, "ab"[zone > "Z2"], "*"} for zone in homes["zone"].to_pylist()]
    margins, answers = margins_in(pq.read_table(release).to_pylist(), places, "zone")
    default = attacks.reconstruction(margins, answers, truths, upper=2_000, targets=20)

    assert weak.success > 0.9
    assert len(answers) == 6 + 2 + 1
    assert (margins @ truths == answers).all()
    assert default.success <= default.control + attacks.MARGIN
    assert default.figures["narrowest"] > 1_000


def gated():
    """The default policy for meters, as the gate carries it out."""
    rows = [[f"Z{n}", "ab"[n > 2], "*"] for n in range(6)]
    return Policy.from_json(
        {
            "treatment": "aggregate",
            "roles": {"meter": "identifier", "zone": "quasi-identifier", "wh": "sensitive"},
            "aggregate": {
                "by": ["zone"],
                "value": "wh",
                "unit": "meter",
                "rules": METERS.rules(),
                "totals": {"hierarchies": {"zone": {"kind": "table", "rows": rows}}},
            },
        }
    )


def test_one_table_of_disjoint_cells_reconstructs_nobody():
    rng = np.random.default_rng(2)
    truths = rng.integers(100, 2_000, 45).astype(float)
    cells = np.kron(np.eye(3), np.ones(15))
    outcome = attacks.reconstruction(cells, cells @ truths, truths, upper=2_000)

    assert outcome.success == 0
    assert outcome.figures["narrowest"] > 1_000


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
