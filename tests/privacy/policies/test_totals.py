"""Totals beside their cells: what a rule keeps back does not follow from what is published."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from torvet import privacy
from torvet.privacy.errors import CellsInvalid, PolicyFailed, PolicyInvalid
from torvet.privacy.policies import Policy
from torvet.privacy.specifications import totals_of, try_policy
from torvet.privacy.treatments import treat

pytestmark = pytest.mark.slow

DISTRICTS = {
    "kind": "table",
    "rows": [
        ["north-1", "north", "*"],
        ["north-2", "north", "*"],
        ["north-3", "north", "*"],
        ["south-1", "south", "*"],
        ["south-2", "south", "*"],
    ],
}
HOMES = {"north-1": 5, "north-2": 20, "north-3": 30, "south-1": 20, "south-2": 25}


def policy_with(**totals):
    return Policy.from_json(
        {
            "treatment": "aggregate",
            "roles": {
                "meter": "identifier",
                "zone": "quasi-identifier",
                "hour": "quasi-identifier",
                "wh": "sensitive",
            },
            "aggregate": {
                "by": ["zone", "hour"],
                "value": "wh",
                "unit": "meter",
                "rules": [{"kind": "min-contributors", "n": 10}],
                **({"totals": totals} if totals else {}),
            },
        }
    )


WITH_TOTALS = policy_with(hierarchies={"zone": DISTRICTS})


def readings(path, homes=HOMES, hours=2, *, more=()):
    """Every home of every zone in every hour; `more` adds Wh to one (zone, hour)."""
    rng = np.random.default_rng(4)
    rows = [
        {"meter": f"{zone}-{home}", "zone": zone, "hour": hour, "wh": int(rng.integers(500, 900))}
        for zone, count in homes.items()
        for home in range(count)
        for hour in range(hours)
    ]
    for row in rows:
        row["wh"] += sum(10 for place in more if place == (row["zone"], row["hour"]))
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, path)
    return [str(path)]


def told(made):
    lines = pq.read_table(made.path).to_pylist()
    return {(line["zone"], line["hour"]): line["wh"] for line in lines}


@pytest.fixture
def source(tmp_path):
    return readings(tmp_path / "readings.parquet")


def test_a_cell_that_is_kept_back_takes_a_second_one_with_it(source, tmp_path):
    made = treat(WITH_TOTALS, source, tmp_path / "release.parquet")
    shown = told(made)

    assert ("north", 0) in shown
    assert ("*", 0) in shown
    assert ("north-1", 0) not in shown
    assert sum((zone, 0) in shown for zone in HOMES if zone.startswith("north")) == 1
    assert shown["*", 0] == shown["north", 0] + shown["south", 0]


def test_without_secondary_suppression_a_subtraction_tells_what_was_kept_back(source, tmp_path):
    made = treat(WITH_TOTALS, source, tmp_path / "release.parquet")
    cells = privacy.aggregate(
        source, by=["zone", "hour"], value="wh", unit="meter", rules=[privacy.MinContributors(10)]
    )
    default = privacy.tell(cells, totals_of(WITH_TOTALS.aggregate))
    values = [
        None if why == "primary" else int(true)
        for why, true in zip(default.every["suppressed"].to_pylist(), default.truths, strict=True)
    ]
    weak = default.every.set_column(
        default.every.schema.get_field_index("wh"), "wh", pa.array(values, pa.int64())
    )

    outcome = privacy.attacks.recomputed(privacy.attacks.Margins(table=weak, truths=default.truths))

    assert outcome.success == 1
    assert not outcome.passed
    (found,) = [it for it in made.certificate.attacks if it["name"] == "recomputed"]
    assert found["attempts"] == 2
    assert found["success"] == found["control"] == 0


def test_the_certificate_says_how_far_in_the_dark_a_figure_stays(source, tmp_path):
    made = treat(WITH_TOTALS, source, tmp_path / "release.parquet")

    assert made.certificate.models_found["protection"] == 0.1
    assert made.certificate.rows == pq.read_metadata(made.path).num_rows
    assert any("room for 10 % more and less" in it for it in made.certificate.remarks)
    assert not any("one by one" in it for it in made.certificate.remarks)


def test_merging_up_tells_one_figure_for_each_place(source, tmp_path):
    policy = policy_with(hierarchies={"zone": DISTRICTS}, method="merge-up")
    made = treat(policy, source, tmp_path / "release.parquet")

    assert {zone for zone, _ in told(made)} == {"north", "south-1", "south-2"}


def test_a_total_published_before_does_not_give_away_what_is_kept_back_now(tmp_path):
    """The same sums again, but another cell hides the few: both releases together would tell it."""
    first = treat(
        policy_with(hierarchies={"zone": DISTRICTS}, protection=0.1),
        readings(tmp_path / "1.parquet"),
        tmp_path / "first.parquet",
    )
    # Another two cells were withheld: whoever made that release chose the larger neighbour.
    before = pq.read_table(first.path).to_pylist()
    hidden = next(zone for zone in ("north-2", "north-3") if (zone, 0) not in told(first))
    shown = next(zone for zone in ("north-2", "north-3") if (zone, 0) in told(first))
    truth = pq.read_table(tmp_path / "1.parquet").group_by(["zone", "hour"]).aggregate(
        [("wh", "sum")]
    ).to_pylist()  # fmt: skip
    sums = {(row["zone"], row["hour"]): row["wh_sum"] for row in truth}
    other = [
        {**row, "zone": hidden, "wh": sums[hidden, 0]} if row["zone"] == shown else row
        for row in before
        if row["hour"] == 0
    ]
    pq.write_table(pa.Table.from_pylist(other), tmp_path / "before.parquet")

    again = treat(
        WITH_TOTALS,
        [str(tmp_path / "1.parquet")],
        tmp_path / "again.parquet",
        earlier=[[str(tmp_path / "before.parquet")]],
    )

    assert {hour for _, hour in told(again)} == {1}
    assert any("left out as a whole" in it for it in again.certificate.remarks)


def test_a_figure_that_changed_is_not_told_a_second_time(source, tmp_path):
    first = treat(WITH_TOTALS, source, tmp_path / "first.parquet")
    changed = readings(tmp_path / "changed.parquet", more=[("south-1", 0)])
    later = treat(WITH_TOTALS, changed, tmp_path / "later.parquet", earlier=[[str(first.path)]])

    gone = set(told(first)) - set(told(later))
    assert gone == {("south-1", 0), ("south", 0), ("*", 0)}
    assert any("3 cells that a release before" in it for it in later.certificate.remarks)


def test_totals_over_something_else_are_no_predecessor(source, tmp_path):
    plain = treat(policy_with(), source, tmp_path / "plain.parquet")

    with pytest.raises(CellsInvalid, match="no totals"):
        treat(WITH_TOTALS, source, tmp_path / "later.parquet", earlier=[[str(plain.path)]])


def test_where_every_cell_is_kept_back_there_is_no_release(tmp_path):
    few = readings(tmp_path / "few.parquet", {"north-1": 2, "south-1": 1})

    with pytest.raises(PolicyFailed, match="no cell is left"):
        treat(WITH_TOTALS, few, tmp_path / "release.parquet")


@pytest.mark.parametrize(("totals", "said"), [
    ({"hierarchies": {}}, "gives columns of `by` the hierarchy"),
    ({"hierarchies": {"meter": DISTRICTS}}, "gives columns of `by` the hierarchy"),
    ({"hierarchies": {"zone": {"kind": "magic"}}}, "the hierarchy of 'zone' is of a kind"),
    ({"hierarchies": {"zone": DISTRICTS}, "protection": 0}, "a share above 0"),
    ({"hierarchies": {"zone": DISTRICTS}, "method": "guess"}, "`aggregate.totals.method`"),
    ({"hierarchies": {"zone": DISTRICTS, "hour": DISTRICTS}, "method": "merge-up"}, "merging up"),
])  # fmt: skip
def test_totals_that_cannot_be_made_are_no_policy(totals, said):
    with pytest.raises(PolicyInvalid, match=said):
        policy_with(**totals)


def test_a_hierarchy_of_totals_that_is_no_tree_is_told_when_the_policy_is_set():
    torn = {"kind": "table", "rows": [["a", "x", "*"], ["a", "y", "*"]]}

    with pytest.raises(Exception, match="tree"):
        try_policy(policy_with(hierarchies={"zone": torn}))
