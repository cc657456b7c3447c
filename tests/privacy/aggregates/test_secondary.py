"""Secondary suppression and its audit: what is kept back stays back, and sums stay sums."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from examples import examples
from torvet.privacy.aggregates.cells import Aggregated, published
from torvet.privacy.aggregates.cube import Facts, rolled_up, sums_of, tree_of
from torvet.privacy.aggregates.feasible import audit, intervals, matrix_of
from torvet.privacy.aggregates.rules import Dominance, MinContributors
from torvet.privacy.aggregates.secondary import suppress_secondary
from torvet.privacy.errors import CellsInvalid, HierarchyMissesValue
from torvet.privacy.recoding.hierarchies import Hierarchy

PROTECTION = 0.1
PLACES = Hierarchy.from_paths(
    [
        ("a1", "a", "*"),
        ("a2", "a", "*"),
        ("a3", "a", "*"),
        ("b1", "b", "*"),
        ("b2", "b", "*"),
        ("c1", "c", "*"),
    ]
)
TRADES = Hierarchy.from_paths([("shop", "*"), ("home", "*"), ("farm", "*")])
RULES = (MinContributors(4), Dominance(n=2, k=85))


def cells_of(facts, by=("place", "trade"), *, disjoint=True, rules=RULES):
    """Cells as `aggregate` gives them: {labels: (total, units, largest)}."""
    labels = sorted(facts)
    exact = pa.table(
        {
            "total": pa.array([facts[each][0] for each in labels], pa.int64()),
            "units": pa.array([facts[each][1] for each in labels], pa.int64()),
            "largest": pa.array([facts[each][2] for each in labels], pa.int64()),
        }
    )
    why = [None if units >= 4 and 2 * top * 100 <= 85 * total else "primary"
           for total, units, top in (facts[each] for each in labels)]  # fmt: skip
    places = pa.table(
        {name: pa.array([each[at] for each in labels], pa.string()) for at, name in enumerate(by)}
    )
    table = published(places, exact.append_column("kept_back", pa.array(why, pa.string())), "wh")
    return Aggregated(
        table=table,
        exact=exact,
        by=by,
        window=(),
        value="wh",
        rules=rules,
        objections={},
        units_left_out=0,
        rows_left_out=0,
        disjoint=disjoint,
    )


fact = st.tuples(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 30)).map(
    lambda it: (it[0], it[1], min(it[0], -(-it[0] // it[1]) + it[2]))
)
towns = st.dictionaries(
    st.tuples(st.sampled_from(PLACES.leaves), st.sampled_from(TRADES.leaves)),
    fact,
    min_size=1,
    max_size=14,
)
HIERARCHY = {"place": PLACES, "trade": TRADES}


@settings(max_examples=examples(12))
@given(towns, st.sampled_from([0.05, PROTECTION, 0.5]))
def test_no_suppressed_cell_can_be_narrowed_to_less_than_the_protection(facts, protection):
    found = suppress_secondary(cells_of(facts), HIERARCHY, protection)

    seen = audit(found.table)
    true = np.array(found.exact["total"].to_pylist(), dtype=float)[seen.rows]
    slack = 1e-5 * (1 + max(facts[each][0] for each in facts) * 18)

    assert len(seen.rows) == found.primary + found.secondary
    assert (seen.low <= true * (1 - protection) + slack).all()
    assert (seen.high >= true + np.maximum(1, true * protection) - slack).all()


@settings(max_examples=examples(8))
@given(towns)
def test_published_sums_are_the_sums_of_their_cells(facts):
    found = suppress_secondary(cells_of(facts), HIERARCHY, PROTECTION)

    for row, total in zip(found.table.to_pylist(), found.exact["total"].to_pylist(), strict=True):
        below = [
            value
            for (place, trade), (value, *_) in facts.items()
            if PLACES.value(place, row["place_level"]) == row["place"]
            and TRADES.value(trade, row["trade_level"]) == row["trade"]
        ]
        assert total == sum(below)
        assert row["wh"] in (None, total)
        assert (row["wh"] is None) == (row["suppressed"] is not None)


@settings(max_examples=examples(10))
@given(towns)
def test_a_cell_that_a_rule_objected_to_is_never_published(facts):
    cells = cells_of(facts)
    found = suppress_secondary(cells, HIERARCHY, PROTECTION)
    shown = {(row["place"], row["trade"]): row["suppressed"] for row in found.table.to_pylist()}

    for row in cells.table.to_pylist():
        if row["suppressed"]:
            assert shown[row["place"], row["trade"]] == "primary"


def test_one_suppressed_cell_beside_its_total_needs_a_second():
    facts = {("a1",): (1000, 2, 600), ("a2",): (5000, 20, 300), ("b1",): (7000, 20, 400)}

    cells = cells_of(facts, ("place",))
    found = suppress_secondary(cells, {"place": PLACES}, PROTECTION)

    hidden = {row["place"]: row["suppressed"] for row in found.table.to_pylist()}
    assert hidden == {
        "*": None,
        "a": None,
        "a1": "primary",
        "a2": "secondary",
        "b": None,
        "b1": None,
    }
    assert audit(found.table).table.to_pylist() == [
        {"place": "a1", "place_level": 0, "low": 0.0, "high": 6000.0},
        {"place": "a2", "place_level": 0, "low": 0.0, "high": 6000.0},
    ]


@settings(max_examples=examples(40))
@given(
    st.dictionaries(st.sampled_from(PLACES.leaves), st.integers(0, 1_000), min_size=1),
    st.lists(st.booleans(), min_size=20, max_size=20),
)
def test_bounds_over_one_hierarchy_are_those_of_linear_programs(values, hidden):
    tree = tree_of("place", PLACES, set(values))
    leaves = {
        ((), ((0, leaf),)): Facts(total=it, units=9, largest=1) for leaf, it in values.items()
    }
    known = rolled_up(leaves, [tree], disjoint=[True])
    places = list(known)
    sums = sums_of(places, [tree])
    true = np.array([known[place].total for place in places], dtype=float)
    masked = np.array(hidden[: len(places)])

    low, high = intervals(true, masked, sums)

    matrix = matrix_of(sums, len(places)).toarray()
    given_ = [(0, None) if it else (value, value) for it, value in zip(masked, true, strict=True)]
    for cell in range(len(places)):
        wish = np.eye(len(places))[cell]
        least = linprog(wish, A_eq=matrix, b_eq=np.zeros(len(matrix)), bounds=given_)
        most = linprog(-wish, A_eq=matrix, b_eq=np.zeros(len(matrix)), bounds=given_)
        assert low[cell] == pytest.approx(least.fun, abs=1e-6)
        assert high[cell] == pytest.approx(-most.fun if most.status == 0 else np.inf, abs=1e-6)


def test_without_secondary_suppression_the_audit_finds_the_cell_out():
    facts = {("a1",): (1000, 2, 600), ("a2",): (5000, 20, 300), ("b1",): (7000, 20, 400)}
    found = suppress_secondary(cells_of(facts, ("place",)), {"place": PLACES}, PROTECTION).table
    weak = found.set_column(
        found.schema.get_field_index("wh"),
        "wh",
        pa.array([5000 if row["place"] == "a2" else row["wh"] for row in found.to_pylist()]),
    )

    seen = audit(weak)

    assert seen.table["place"].to_pylist() == ["a1"]
    assert (seen.low[0], seen.high[0]) == (1000, 1000)
    assert seen.narrowest == 0


def test_a_lone_contributor_does_not_find_out_its_neighbour():
    """Two lone units under one total: whoever takes its own figure off has the other's."""
    facts = {("a1",): (900, 1, 900), ("a2",): (1100, 1, 1100), ("a3",): (8000, 20, 500)}
    facts |= {("b1",): (7000, 20, 400)}

    found = suppress_secondary(cells_of(facts, ("place",)), {"place": PLACES}, PROTECTION)

    hidden = {row["place"] for row in found.table.to_pylist() if row["suppressed"]}
    assert hidden >= {"a1", "a2"}
    assert len(hidden) > 2


def test_units_in_several_cells_are_not_counted_twice_in_a_total():
    facts = {("a1",): (1000, 3, 400), ("a2",): (1000, 3, 400)}

    apart = suppress_secondary(cells_of(facts, ("place",)), {"place": PLACES})
    shared = suppress_secondary(cells_of(facts, ("place",), disjoint=False), {"place": PLACES})

    assert [row["suppressed"] for row in apart.table.to_pylist() if row["place"] == "a"] == [None]
    assert {row["suppressed"] for row in shared.table.to_pylist()} == {"primary"}


def test_merging_up_gives_every_place_one_figure_that_keeps_the_rules():
    facts = {
        ("a1",): (1000, 2, 600),
        ("a2",): (5000, 20, 300),
        ("b1",): (7000, 20, 400),
        ("b2",): (9000, 30, 400),
        ("c1",): (300, 9, 50),
    }

    found = suppress_secondary(cells_of(facts, ("place",)), {"place": PLACES}, method="merge-up")

    assert {row["place"]: row["wh"] for row in found.table.to_pylist()} == {
        "a": 6000,
        "b1": 7000,
        "b2": 9000,
        "c1": 300,
    }
    assert (found.primary, found.secondary) == (0, 0)


def test_merging_up_is_the_same_in_every_moment():
    facts = {(place, hour): (5000, 20, 300) for place in ("a1", "a2", "b1") for hour in ("0", "1")}
    facts["a1", "1"] = (5000, 3, 3000)

    cells = cells_of(facts, ("place", "hour"))
    found = suppress_secondary(cells, {"place": PLACES}, method="merge-up")

    assert {(row["place"], row["hour"]) for row in found.table.to_pylist()} == {
        (place, hour) for place in ("a", "b1") for hour in ("0", "1")
    }


def test_blocks_are_protected_each_for_itself():
    facts = {("a1", "0"): (1000, 2, 600), ("a2", "0"): (5000, 20, 300)}
    facts |= {("a1", "1"): (1000, 20, 60), ("a2", "1"): (5000, 20, 300)}

    found = suppress_secondary(cells_of(facts, ("place", "hour")), {"place": PLACES})

    assert {row["hour"] for row in found.table.to_pylist() if row["suppressed"]} == {"0"}


@pytest.mark.parametrize("place", ["a2", "b1"])
def test_an_audit_notices_that_published_cells_do_not_add_up(place):
    facts = {("a1",): (1000, 2, 600), ("a2",): (5000, 20, 300), ("a3",): (900, 20, 60)}
    facts |= {("b1",): (7000, 20, 400), ("b2",): (7000, 20, 400)}
    found = suppress_secondary(cells_of(facts, ("place",)), {"place": PLACES}).table
    wrong = [50_000 if row["place"] == place else row["wh"] for row in found.to_pylist()]

    with pytest.raises(CellsInvalid, match="do not add up"):
        audit(found.set_column(found.schema.get_field_index("wh"), "wh", pa.array(wrong)))


def test_a_table_without_totals_cannot_be_audited():
    with pytest.raises(CellsInvalid, match="totals"):
        audit(cells_of({("a1",): (1, 1, 1)}, ("place",)).table)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"hierarchy": {}}, CellsInvalid),
        ({"hierarchy": {"street": PLACES}}, CellsInvalid),
        ({"protection": 0}, CellsInvalid),
        ({"method": "merge-up"}, CellsInvalid),
        ({"hierarchy": {"place": TRADES}}, HierarchyMissesValue),
    ],
)
def test_what_cannot_be_protected_is_refused(change, error):
    with pytest.raises(error):
        suppress_secondary(
            cells_of({("a1", "shop"): (1000, 2, 600)}),
            **({"hierarchy": HIERARCHY, "protection": 0.1} | change),
        )
