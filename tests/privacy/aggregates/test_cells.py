"""Cells: units are counted and not rows, and what a rule objects to has no figure."""

from collections import defaultdict
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from torvet.privacy.aggregates.cells import aggregate
from torvet.privacy.aggregates.rules import (
    FIFTEEN_FIFTEEN,
    Dominance,
    MaxShare,
    MinContributors,
    PPercent,
    rules_from_json,
    rules_to_json,
)
from torvet.privacy.errors import CellsInvalid, RulesInvalid

pytestmark = pytest.mark.slow

MIDNIGHT = datetime(2026, 1, 1)  # noqa: DTZ001 - columns of local time have no zone
ALL_FOUR = (MinContributors(15), MaxShare(0.15), PPercent(10), Dominance(n=2, k=85))

readings = st.lists(
    st.tuples(
        st.sampled_from(["north", "south"]),
        st.integers(0, 2),
        st.integers(0, 6),
        st.integers(0, 50),
    ),
    max_size=60,
)
rules = st.one_of(
    st.integers(1, 6).map(MinContributors),
    st.sampled_from([0.15, 0.3, 0.5, 0.9]).map(MaxShare),
    st.sampled_from([1, 12.5, 50, 100]).map(PPercent),
    st.builds(Dominance, n=st.integers(1, 3), k=st.sampled_from([33.3, 70, 95])),
)


def table(rows):
    zones, hours, meters, values = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pa.table(
        {
            "zone": pa.array(zones, pa.string()),
            "hour": pa.array([MIDNIGHT + timedelta(hours=it) for it in hours], pa.timestamp("us")),
            "meter": pa.array(meters, pa.int64()),
            "wh": pa.array(values, pa.int64()),
        }
    )


def cells_of(rows, kept, **more):
    return aggregate(table(rows), by=("zone", "hour"), value="wh", unit="meter", rules=kept, **more)


def shown(found):
    return {(row["zone"], row["hour"].hour): row["wh"] for row in found.table.to_pylist()}


def objects(rule, parts):
    """Each rule as its definition says it, over the contributions of one cell, largest first."""
    match rule:
        case MinContributors(n):
            return len(parts) < n
        case MaxShare(share):
            return round(parts[0] * 1000) > round(share * 1000) * sum(parts)
        case PPercent(p):
            return 1000 * sum(parts[2:]) < round(p * 10) * parts[0]
        case Dominance(n=n, k=k):
            return 1000 * sum(parts[:n]) > round(k * 10) * sum(parts)


def by_hand(rows, kept):
    """Return what may be shown of each cell, counted without SQL: sums, or None."""
    places, moments = defaultdict(lambda: defaultdict(int)), defaultdict(set)
    for zone, hour, meter, wh in rows:
        places[zone, hour][meter] += wh
        moments[zone].add(hour)
    found = {}
    for (zone, hour), meters in places.items():
        parts = sorted(
            (
                wh
                for meter, wh in meters.items()
                if all(meter in places[zone, each] for each in moments[zone])
            ),
            reverse=True,
        )
        hidden = not parts or any(objects(rule, parts) for rule in kept)
        found[zone, hour] = None if hidden else sum(parts)
    return found


@settings(max_examples=examples(25))
@given(readings, st.lists(rules, min_size=1, max_size=4))
def test_cells_are_those_that_one_counts_by_hand(rows, kept):
    assert shown(cells_of(rows, kept)) == by_hand(rows, kept)


@settings(max_examples=examples(12))
@given(readings, st.lists(rules, min_size=1, max_size=3), rules)
def test_a_rule_more_never_publishes_more(rows, kept, extra):
    before, after = shown(cells_of(rows, kept)), shown(cells_of(rows, [*kept, extra]))

    assert before.keys() == after.keys()
    assert all(after[place] in (None, before[place]) for place in before)


@settings(max_examples=examples(12))
@given(readings, st.lists(rules, min_size=1, max_size=3), st.randoms())
def test_the_order_and_the_names_of_units_do_not_matter(rows, kept, chance):
    before = cells_of(rows, kept)
    names = chance.sample(range(100), 7)
    shuffled = [(zone, hour, names[meter], wh) for zone, hour, meter, wh in rows]
    chance.shuffle(shuffled)

    assert cells_of(shuffled, kept).table.equals(before.table)


def homes(count, hours, wh=lambda meter, hour: 100 + meter + hour):
    return [
        ("north", hour, meter, wh(meter, hour)) for hour in range(hours) for meter in range(count)
    ]


def test_a_household_with_many_rows_is_one_contributor():
    rows = homes(14, 2) + [("north", 0, 0, 1)] * 30

    assert set(shown(cells_of(rows, FIFTEEN_FIFTEEN)).values()) == {None}


def test_who_joins_within_the_window_counts_nowhere_so_that_no_difference_is_its_own():
    rows = [*homes(20, 3), ("north", 2, 99, 5_000)]

    found = cells_of(rows, FIFTEEN_FIFTEEN)

    assert shown(found) == shown(cells_of(homes(20, 3), FIFTEEN_FIFTEEN))
    assert found.units_left_out == 1
    assert "Fewer than ten units were not there" in found.certificate.remarks[0]


def test_a_certificate_tells_no_number_by_which_one_unit_is_known():
    rows = [*homes(20, 3), ("north", 2, 99, 5_000)]
    one_less = [*homes(20, 3), *(("north", 2, 100 + meter, 5_000) for meter in range(4))]

    one, other = cells_of(rows, FIFTEEN_FIFTEEN), cells_of(one_less, FIFTEEN_FIFTEEN)

    assert one.units_left_out != other.units_left_out
    assert one.certificate == other.certificate


def test_a_key_whose_units_change_can_be_suppressed_as_a_whole():
    rows = [*homes(20, 3), ("north", 2, 99, 5_000)]
    rows += [("south", hour, 500 + meter, wh) for _, hour, meter, wh in homes(20, 3)]

    found = shown(cells_of(rows, FIFTEEN_FIFTEEN, changing="suppress"))

    assert {zone for (zone, _), wh in found.items() if wh is not None} == {"south"}


def test_a_swap_of_two_units_that_keeps_their_number_is_noticed():
    rows = homes(20, 2)
    rows[-1] = ("north", 1, 77, rows[-1][3])

    found = cells_of(rows, FIFTEEN_FIFTEEN)

    assert found.units_left_out == 2
    assert set(found.table["contributors"].to_pylist()) == {19}


def test_a_suppressed_cell_has_neither_figure_nor_number_of_contributors():
    found = cells_of(homes(3, 1), FIFTEEN_FIFTEEN)

    (row,) = found.table.to_pylist()
    assert (row["wh"], row["contributors"], row["suppressed"]) == (None, None, "primary")
    assert found.objections == {"min-contributors": 1, "max-share": 1}
    assert (found.certificate.rows, found.certificate.suppressed) == (1, 1)


def test_rows_without_key_unit_or_value_are_counted_and_said():
    held = pa.concat_tables(
        [
            table(homes(20, 1)),
            pa.table({"zone": [None], "hour": [MIDNIGHT], "meter": [1], "wh": [5]}).cast(
                table([]).schema
            ),
        ]
    )

    found = aggregate(held, by=("zone", "hour"), value="wh", unit="meter")

    assert found.rows_left_out == 1
    assert found.table["wh"].to_pylist() == [sum(100 + meter for meter in range(20))]


def test_sums_are_exact_where_floats_would_not_be():
    huge = 2**55 + 1
    found = cells_of(homes(20, 1, wh=lambda *_: huge), FIFTEEN_FIFTEEN)

    assert found.table["wh"].to_pylist() == [20 * huge]


def test_a_sum_beyond_64_bits_is_refused_rather_than_wrong():
    with pytest.raises(CellsInvalid, match="64 bits"):
        cells_of(homes(20, 1, wh=lambda *_: 2**62), FIFTEEN_FIFTEEN)


def test_moments_finer_than_a_microsecond_are_counted_too():
    rows = table(homes(14, 1) + [("north", 0, 0, 1)] * 5)
    fine = pa.array([MIDNIGHT] * len(rows), pa.timestamp("ns")).cast(pa.int64())
    moments = pa.array([each.as_py() + 7 for each in fine]).cast(pa.timestamp("ns"))

    found = aggregate(
        rows.set_column(1, "hour", moments), by=("zone", "hour"), value="wh", unit="meter"
    )

    assert found.table["suppressed"].to_pylist() == ["primary"]


def test_without_a_window_units_are_counted_in_each_cell():
    found = aggregate(
        table(homes(16, 4)), by=("zone",), value="wh", unit="meter", rules=(MinContributors(16),)
    )

    assert found.table["contributors"].to_pylist() == [16]
    assert found.table["wh"].to_pylist() == [sum(row[3] for row in homes(16, 4))]


def test_a_unit_in_two_keys_is_told_for_those_who_make_totals():
    alone = cells_of(homes(20, 2), FIFTEEN_FIFTEEN)
    twice = cells_of(homes(20, 2) + [("south", *row[1:]) for row in homes(20, 2)], FIFTEEN_FIFTEEN)

    assert (alone.disjoint, twice.disjoint) == (True, False)


@pytest.mark.parametrize("kind", ["parquet", "csv", "stream"])
def test_every_kind_of_source_gives_the_same_cells(kind, tmp_path):
    held = table([*homes(20, 3), ("south", 0, 7, 50)])
    if kind == "parquet":
        source = tmp_path / "readings.parquet"
        pq.write_table(held, source)
    elif kind == "csv":
        source = tmp_path / "readings.csv"
        lines = [
            f"{row['zone']},{row['hour']:%Y-%m-%dT%H:%M:%S},{row['meter']},{row['wh']}\n"
            for row in held.to_pylist()
        ]
        source.write_text("zone,hour,meter,wh\n" + "".join(lines))
    else:
        source = held.to_reader()

    found = aggregate(source, by=("zone", "hour"), value="wh", unit="meter", rules=ALL_FOUR)

    assert shown(found) == shown(cells_of([*homes(20, 3), ("south", 0, 7, 50)], ALL_FOUR))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.rename_columns(["zone", "hour", "home", "wh"]), "no column 'meter'"),
        (lambda t: t.set_column(3, "wh", t["wh"].cast(pa.float64())), "whole numbers"),
        (lambda t: t.set_column(3, "wh", pa.array([-1] * len(t))), "negative"),
    ],
)
def test_what_cannot_be_added_up_exactly_is_refused(change, words):
    with pytest.raises(CellsInvalid, match=words):
        aggregate(change(table(homes(3, 1))), by=("zone", "hour"), value="wh", unit="meter")


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [{"kind": "no-such-rule"}],
        [{"kind": "min-contributors", "n": 0}],
        [{"kind": "max-share", "share": 1.5}],
        [{"kind": "dominance", "n": 2}],
        [{"kind": "p-percent", "p": -1}],
    ],
)
def test_rules_that_are_none_are_refused(wrong):
    with pytest.raises(RulesInvalid):
        cells_of(homes(3, 1), rules_from_json(wrong))


def test_rules_are_written_as_they_are_read():
    assert rules_from_json(rules_to_json(ALL_FOUR)) == ALL_FOUR


def test_an_empty_table_has_no_cells():
    assert cells_of([], FIFTEEN_FIFTEEN).cells == 0
