"""The Shapley value by its own laws, against its definition, and sampled within its error."""

from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.billing.shares.shapley import EXACT_MAX, Use, exact, of_uses

PARTIES = 4


def by_definition(parties, worth):
    """The average over all orders of arrival of what each adds when it comes."""
    values = [Fraction(0)] * parties
    orders = list(permutations(range(parties)))
    for order in orders:
        there = 0
        for party in order:
            before, there = worth(there), there | 1 << party
            values[party] += Fraction(worth(there) - before, len(orders))
    return tuple(values)


def worth_of(uses):
    def worth(coalition):
        return sum(
            use.worth
            for use in uses
            if use.needs and all(any(coalition >> p & 1 for p in need) for need in use.needs)
        )

    return worth


needs = st.frozensets(st.integers(0, PARTIES - 1), min_size=1)
use = st.builds(Use, worth=st.integers(0, 10_000), needs=st.lists(needs, max_size=3).map(tuple))
games = st.lists(use, max_size=4)
tables = st.lists(st.integers(0, 1_000), min_size=1 << PARTIES, max_size=1 << PARTIES).map(
    lambda worths: [0, *worths[1:]]
)


@given(tables)
def test_looking_at_coalitions_is_looking_at_all_orders(table):
    assert exact(PARTIES, table.__getitem__).values == by_definition(PARTIES, table.__getitem__)


@given(games)
def test_uses_taken_apart_are_the_game_that_they_make(uses):
    assert of_uses(PARTIES, uses, seed=1).values == by_definition(PARTIES, worth_of(uses))


@given(tables)
def test_all_that_is_earned_is_divided(table):
    assert sum(exact(PARTIES, table.__getitem__).values) == table[-1]


@given(tables)
def test_who_adds_the_same_to_everything_gets_the_same(table):
    def alike(coalition):
        """Parties 0 and 1 count only by how many of them are there."""
        return table[coalition & ~3 | (1 << (coalition & 3).bit_count()) - 1]

    values = exact(PARTIES, alike).values

    assert values[0] == values[1]


@given(tables)
def test_who_adds_nothing_gets_nothing(table):
    assert exact(PARTIES, lambda coalition: table[coalition & ~1]).values[0] == 0


@given(tables, tables)
def test_two_games_together_are_worth_their_sum(one, other):
    both = [a + b for a, b in zip(one, other, strict=True)]

    apart = zip(
        exact(PARTIES, one.__getitem__).values,
        exact(PARTIES, other.__getitem__).values,
        strict=True,
    )
    assert exact(PARTIES, both.__getitem__).values == tuple(a + b for a, b in apart)


def test_more_parties_than_can_be_looked_at_are_refused():
    with pytest.raises(ValueError):
        exact(EXACT_MAX + 1, lambda _: 0)


def grouped(sizes):
    """One use that needs one of each group, and its exact values by Owen's integral.

    Of the multilinear extension f(x) = Π (1 - (1 - x)^size), the value of a party is the integral
    of its partial derivative along the diagonal.
    """
    groups, first = [], 0
    for size in sizes:
        groups.append(frozenset(range(first, first + size)))
        first += size
    values = []
    for number, size in enumerate(sizes):
        # As a polynomial in y = 1 - x.
        polynomial = {size - 1: 1}
        for other, its in enumerate(sizes):
            if other != number:
                grown = dict(polynomial)
                for power, factor in polynomial.items():
                    grown[power + its] = grown.get(power + its, 0) - factor
                polynomial = grown
        value = sum(Fraction(factor, power + 1) for power, factor in polynomial.items())
        values += [value] * size
    return groups, values


@pytest.mark.parametrize("sizes", [(13,), (3, 11), (2, 2, 20), (1, 6, 8)])
def test_what_is_sampled_is_within_its_stated_error(sizes):
    worth = 1_000_000
    groups, values = grouped(sizes)

    for seed in range(6):
        found = of_uses(len(values), [Use(worth=worth, needs=tuple(groups))], seed=seed)

        assert sum(found.values) == worth
        assert found.sampled.seed == seed
        off = [abs(got - worth * value) for got, value in zip(found.values, values, strict=True)]
        assert max(off) <= found.sampled.error
        assert max(off) > 0, "sampling has an error: exact values were not sampled"


def test_the_same_seed_gives_the_same_values():
    groups, values = grouped((3, 11))
    uses = [Use(worth=999, needs=tuple(groups))]

    assert of_uses(14, uses, seed=7) == of_uses(14, uses, seed=7)
    assert of_uses(14, uses, seed=7) != of_uses(14, uses, seed=8)
    assert len(values) == 14


def test_what_can_be_computed_is_not_sampled_however_many_take_part():
    alone = tuple(frozenset({party}) for party in range(200))

    found = of_uses(200, [Use(worth=1_000, needs=alone)], seed=1)

    assert found.sampled is None
    assert found.values == (Fraction(5),) * 200
