"""What one unit can change is never more than what is charged for: for every form of question."""

import math
from decimal import Decimal
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from torvet.privacy.answers.accounting import MICRO, calibrated, cost, price_of, root_up
from torvet.privacy.answers.exact import exact
from torvet.privacy.answers.noise import hidden
from torvet.privacy.answers.question import (
    Count,
    Histogram,
    Kind,
    Mean,
    Quantile,
    Question,
    Sum,
    fitted,
)
from torvet.privacy.answers.sensitivity import l2_squared
from torvet.privacy.errors import AnswersInvalid

from .asked import made, policy

pytestmark = pytest.mark.slow

MEASURES = (
    Count(),
    Sum("wh"),
    Mean("wh"),
    Histogram("wh", (Decimal(1), Decimal(2))),
    Quantile("wh", Decimal("0.5")),
)
specs = st.builds(
    policy,
    slot=st.sampled_from([["hour"], ["day", "hour"], ["day", "hour", "zone"], ["day"]]),
    slots_per_unit=st.integers(1, 5),
    bounds=st.sampled_from(
        [{"wh": [-3, 10]}, {"wh": [-9, 6]}, {"wh": {"low": 0, "high": 4, "step": "0.5"}}]
    ),
)
questions = st.builds(
    Question,
    measures=st.just(MEASURES),
    where=st.sampled_from([{}, {"zone": ("a",)}, {"hour": (1,)}, {"zone": ("b",), "hour": (0,)}]),
    group_by=st.sampled_from([(), ("zone",), ("hour",), ("hour", "zone")]),
)
rows = st.tuples(
    st.integers(0, 4),
    st.integers(-1, 3),
    st.sampled_from(["a", "b", "elsewhere", None]),
    st.sampled_from([None, math.nan, math.inf, -1e30, 1e30, -3.0, 0.0, 2.5, 4.0, 10.0]),
)


@pytest.mark.slow
@settings(max_examples=examples(40))
@given(
    asked=st.tuples(specs, questions),
    mine=st.lists(rows, min_size=1, max_size=30),
    others=st.lists(rows, max_size=6),
)
def test_a_unit_more_moves_no_vector_further_than_is_claimed(
    engine, tmp_path_factory, asked, mine, others
):
    """Neighbouring source tables, whatever the unit's rows are: far more than bounds allow."""
    folder = tmp_path_factory.mktemp("neighbours")
    spec, question = asked
    vectors = fitted(question, spec).vectors
    without = [("others", *row) for row in others]
    tables = [
        made(engine, folder, spec, each)
        for each in (without, [*without, *(("me", *r) for r in mine)])
    ]
    before, after = (exact(engine, table, spec, vectors) for table in tables)

    for vector in vectors:
        moved = int(((after[vector] - before[vector]) ** 2).sum())
        assert moved <= l2_squared(spec, vector), vector


def worst(spec, vector):
    """Try every table that a unit can leave behind, and return the largest move of `vector`."""
    days = range(spec.rows_per_unit) if "day" in spec.slot else (0,)
    slots = list(product(days, range(2))) if "hour" in spec.slot else [(d, None) for d in days]
    most = 0
    for placed in product((None, *product((0, 1), (0, 1))), repeat=len(slots)):
        rows = [
            {"hour": slot[1] if slot[1] is not None else key[1], "zone": key[0]}
            for slot, key in zip(slots, placed, strict=True)
            if key is not None
        ]
        if len(rows) > spec.rows_per_unit:
            continue
        kept = [r for r in rows if all(r[name] in places for name, places in vector.where)]
        cells = {}
        for row in kept:
            cell = tuple(row[name] for name in vector.group_by)
            cells[cell] = cells.get(cell, 0) + 1
        most = max(most, sum(n**2 for n in cells.values()))
    factor = {Kind.SUM: 10, Kind.CENTRED: 7}.get(vector.kind, 1)
    return most * factor**2


@pytest.mark.parametrize("slot", [["hour"], ["day", "hour"], ["day"]])
@pytest.mark.parametrize("slots_per_unit", [1, 3])
@pytest.mark.parametrize("where", [{}, {"zone": ("a",)}, {"hour": (1,)}])
@pytest.mark.parametrize("group_by", [(), ("zone",), ("hour",), ("hour", "zone")])
def test_the_claim_is_the_worst_that_any_unit_can_do_and_no_less(
    slot, slots_per_unit, where, group_by
):
    spec = policy(slot=slot, slots_per_unit=slots_per_unit)
    asked = fitted(Question(measures=MEASURES, where=where, group_by=group_by), spec)

    for vector in asked.vectors:
        assert l2_squared(spec, vector) == worst(spec, vector), vector


@given(st.integers(1, 10**24), st.integers(1, 10**10))
def test_what_is_charged_is_never_below_the_true_cost(squared, price):
    """True ρ of a Gaussian is Δ²/2σ², here in exact fractions (arXiv 1605.02065)."""
    how = calibrated(squared, price)
    true = Fraction(squared) / (2 * Fraction(how.scale) ** 2)

    assert true * MICRO <= how.micro_rho <= price


@given(st.integers(1, 10**30), st.floats(0.01, 1e15))
def test_the_price_of_an_error_buys_it(squared, half_width):
    how = calibrated(squared, price_of(squared, half_width))

    assert how.half_width <= max(half_width, 1)


@given(st.integers(1, 10**40))
def test_roots_are_rounded_up(squared):
    assert Fraction(root_up(squared)) ** 2 >= squared


def test_two_vectors_cost_what_both_cost():
    """The shape of OpenDP's bug 2945: two releases of one unit that were charged as one."""
    spec = policy()
    both = fitted(Question(measures=(Count(), Sum("wh"))), spec)
    hows = [calibrated(l2_squared(spec, vector), 100_000) for vector in both.vectors]
    true = sum(
        Fraction(l2_squared(spec, vector)) / (2 * Fraction(how.scale) ** 2)
        for vector, how in zip(both.vectors, hows, strict=True)
    )

    assert len(both.vectors) == 2
    assert 0.999 * 200_000 < true * MICRO <= sum(how.micro_rho for how in hows) <= 200_000


def test_rows_that_come_after_the_bound_was_set_change_nothing(engine, tmp_path):
    """The shape of OpenDP's bug 2949: a unit with 5,000 rows where a few were promised."""
    spec = policy(slots_per_unit=3)
    asked = fitted(Question(measures=(Count(), Sum("wh"))), spec)
    flood = [("me", day, day % 2, "ab"[day % 2], 1e9) for day in range(5_000)]
    found = exact(engine, made(engine, tmp_path, spec, flood), spec, asked.vectors)

    assert [int(found[vector]) for vector in asked.vectors] == [3, 30]


def test_nothing_may_stand_for_the_unit_but_the_unit():
    for wrong in ({"slot": ["meter"]}, {"keys": {"meter": ["m1"]}}, {"slots_per_unit": None}):
        with pytest.raises(AnswersInvalid):
            policy(**wrong)


@pytest.mark.parametrize("shift", [1, 3, 17])
@pytest.mark.parametrize("scale", [0.7, 5.0, 40.0])
def test_the_worst_ratio_of_the_noise_is_within_its_cost(shift, scale):
    """Rényi divergence of order α is at most ρα, from the probabilities themselves."""
    numbers = np.arange(-4000, 4001, dtype=np.float64)
    logs = -((numbers) ** 2) / (2 * scale**2), -((numbers - shift) ** 2) / (2 * scale**2)
    first, second = (log - np.logaddexp.reduce(log) for log in logs)
    rho = cost(scale, float(shift))

    for order in (1.5, 2.0, 8.0, 32.0):
        divergence = np.logaddexp.reduce(order * first + (1 - order) * second) / (order - 1)
        assert divergence <= rho * order * (1 + 1e-9)
        assert order > 2 or divergence >= rho * order * 0.9


def test_the_noise_that_is_drawn_is_as_wide_as_it_is_said_to_be():
    how = calibrated(100, 5_000)
    drawn = hidden(np.zeros(20_000, dtype=np.int64), how)
    said = how.scale**2

    # Eight standard errors either way.
    assert abs(drawn.var() / said - 1) < 8 * math.sqrt(2 / drawn.size)
    assert abs(drawn.mean()) < 8 * how.scale / math.sqrt(drawn.size)
    assert (np.abs(drawn) <= how.half_width).mean() > 0.95 - 8 * math.sqrt(0.05 / drawn.size)
