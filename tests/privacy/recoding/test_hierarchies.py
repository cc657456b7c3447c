"""Hierarchies are trees of even height, or are told where they are not."""

import h3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.privacy import Hierarchy
from torvet.privacy.errors import HierarchyMissesValue, HierarchyNotATree, HierarchyUneven
from torvet.privacy.recoding.leaves import Leaves


def test_a_file_in_the_form_of_arx_is_read(tmp_path):
    file = tmp_path / "marital.csv"
    file.write_text("Divorced;spouse not present;*\nMarried;spouse present;*\n")

    marital = Hierarchy.from_csv(file)

    assert marital.levels == 3
    assert marital.leaves == ("Divorced", "Married")
    assert marital.value("Married", 1) == "spouse present"


@pytest.mark.parametrize(
    ("lines", "error", "says"),
    [
        ("a;x;*\nb;*\n", HierarchyUneven, "2 levels for the value 'b', and 3 are needed"),
        ("a\nb\n", HierarchyUneven, "1 levels"),
        ("a;x;p;*\nb;x;q;*\n", HierarchyNotATree, "'x' on level 1 belongs to 'p' and to 'q'"),
        ("a;x;*\na;y;*\n", HierarchyNotATree, "'a' stands in it twice"),
        ("a;x\nb;y\n", HierarchyNotATree, "several roots (x, y)"),
        ("", HierarchyNotATree, "it holds no value"),
    ],
)
def test_a_file_that_is_no_tree_is_refused_with_the_place(tmp_path, lines, error, says):
    file = tmp_path / "levels.csv"
    file.write_text(lines)

    with pytest.raises(error) as refused:
        Hierarchy.from_csv(file)

    assert says in str(refused.value)
    assert refused.value.advice


def test_numbers_become_intervals():
    ages = Hierarchy.intervals(0, 100, (5, 10, 20))

    assert [ages.value(37, level) for level in range(5)] == ["37", "35-39", "30-39", "20-39", "*"]
    assert Hierarchy.intervals(0.0, 9.5, (2.5, 5)).value(3.2, 1) == "[2.5, 5)"


@pytest.mark.parametrize("value", [-1, 100, 3.5, "old"])
def test_a_number_outside_its_bounds_is_missed(value):
    with pytest.raises(HierarchyMissesValue):
        Hierarchy.intervals(0, 100, (5, 10)).value(value, 1)


@pytest.mark.parametrize("widths", [(5, 12), (0,), (-5,)])
def test_widths_that_do_not_nest_are_refused(widths):
    with pytest.raises(HierarchyNotATree):
        Hierarchy.intervals(0, 100, widths)


def test_texts_lose_their_end():
    postcodes = Hierarchy.prefix(4)

    assert [postcodes.value("2100", level) for level in range(5)] == [
        "2100",
        "210*",
        "21**",
        "2***",
        "*",
    ]
    assert Hierarchy.prefix(["2100", "8000"]).leaves == ("2100", "8000")
    with pytest.raises(HierarchyMissesValue):
        postcodes.value("DK-2100", 1)


def test_days_become_months_and_years():
    days = Hierarchy.calendar(("month", "quarter", "year", "decade"))

    found = [days.value("2024-05-17", level) for level in range(6)]
    assert found == ["2024-05-17", "2024-05", "2024-Q2", "2024", "2020s", "*"]


def test_steps_of_the_calendar_that_do_not_nest_are_found_out():
    leaves = Leaves(Hierarchy.calendar(("week", "month")))
    leaves.code("2024-04-30")

    with pytest.raises(HierarchyNotATree, match="2024-W18"):
        leaves.code("2024-05-01")


def test_cells_become_their_parents_however_they_are_written():
    places = Hierarchy.geo((8, 6))
    cell = h3.latlng_to_cell(55.676, 12.568, 10)

    assert places.value(cell, 1) == h3.cell_to_parent(cell, 8)
    assert places.value(h3.str_to_int(cell), 2) == h3.cell_to_parent(cell, 6)
    with pytest.raises(HierarchyMissesValue):
        places.value(h3.cell_to_parent(cell, 8), 1)


def test_areas_become_larger_areas():
    areas = Hierarchy.geo(areas={"0101": ("Hovedstaden",), "0461": ("Syddanmark",)})

    assert areas.value("0461", 1) == "Syddanmark"
    assert areas.value("0461", 2) == "*"


@given(st.sets(st.integers(0, 99), min_size=1), st.booleans())
def test_what_is_equal_on_a_level_stays_equal_above_it(values, none):
    leaves = Leaves(Hierarchy.intervals(0, 100, (5, 10, 50)))
    for value in [*values, *([None] if none else [])]:
        leaves.code(value)
    tree = leaves.tree()

    for low, high in zip(tree.codes, tree.codes[1:], strict=False):
        assert len({*zip(low.tolist(), high.tolist(), strict=True)}) == len({*low.tolist()})
    assert tree.labels[-1] == ("*",)
    assert sum(tree.below[1]) == len(leaves)
