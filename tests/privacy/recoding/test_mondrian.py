"""Mondrian cuts only where every class keeps what was asked, and shows what its rows hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.privacy.errors import CodesNotOrdered, ModelOutOfReach
from torvet.privacy.recoding.demands import Demand, Kind
from torvet.privacy.recoding.mondrian import recode

THREE_VALUES = Demand(kind=Kind.DISTINCT, bound=3)


def town(rows, seed=4, *, secrets=5):
    """Households: age, income class, size of the home; and one sensitive attribute."""
    draw = np.random.default_rng(seed)
    codes = np.stack(
        [draw.integers(0, 90, rows), draw.geometric(0.1, rows), draw.integers(20, 300, rows)],
        axis=1,
    )
    return codes, draw.integers(0, secrets, (rows, 1))


@st.composite
def tables(draw):
    rows = draw(st.integers(1, 60))
    width = draw(st.integers(1, 3))
    ends = draw(st.sampled_from([2, 10, 70_000]))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    return rng.integers(0, ends, (rows, width)), rng.integers(0, 4, (rows, 1))


@given(tables(), st.integers(1, 8))
def test_every_row_is_in_one_class_of_at_least_k_rows_that_shows_its_codes(table, k):
    codes, _ = table
    if k > len(codes):
        with pytest.raises(ModelOutOfReach):
            recode(codes, k=k)
        return

    found = recode(codes, k=k)

    assert found.sizes.sum() == len(codes)
    assert found.sizes.min() >= k
    assert (np.bincount(found.partition, minlength=len(found.sizes)) == found.sizes).all()
    for place in range(len(found.sizes)):
        held = codes[found.partition == place]
        assert (held.min(axis=0) == found.least[place]).all()
        assert (held.max(axis=0) == found.most[place]).all()
        assert (found.low[place] <= found.least[place]).all()
        assert (found.high[place] >= found.most[place]).all()


@given(tables(), st.integers(1, 8))
def test_what_classes_show_lies_beside_each_other_and_covers_everything(table, k):
    """Nobody can tell from a range where its rows end: the next one begins where it ends."""
    codes, _ = table
    if k > len(codes):
        return

    found = recode(codes, k=k)
    widths = (found.high - found.low + 1).astype(object)

    assert widths.prod(axis=1).sum() == (np.ptp(codes, axis=0) + 1).astype(object).prod()
    for row in codes:
        assert ((found.low <= row) & (row <= found.high)).all(axis=1).sum() == 1


def test_a_cut_is_made_at_a_round_code():
    codes = np.arange(100).reshape(-1, 1)

    found = recode(codes, k=50 - 10)

    assert sorted(zip(found.low[:, 0], found.high[:, 0], strict=True)) == [(0, 47), (48, 99)]


def test_a_cut_parts_dense_rows_from_sparse_ones():
    codes = np.concatenate([np.arange(90) % 16, 100 + 90 * np.arange(10)]).reshape(-1, 1)

    found = recode(codes, k=10)

    alone = codes[found.partition == found.partition[-1]]
    assert sorted(alone[:, 0]) == sorted(codes[90:, 0])


def by_medians(codes, k):
    """Loss of Mondrian as it was published: the widest column is cut at its median."""
    span = np.ptp(codes, axis=0)
    waiting, lost = [(codes, codes.min(axis=0), codes.max(axis=0))], 0.0
    while waiting:
        rows, low, high = waiting.pop()
        for column in np.argsort(-np.ptp(rows, axis=0) / span, kind="stable"):
            left = rows[:, column] < np.median(rows[:, column])
            if min(left.sum(), (~left).sum()) >= k:
                upto, upon = high.copy(), low.copy()
                upon[column] = rows[~left, column].min()
                upto[column] = upon[column] - 1
                waiting += [(rows[left], low, upto), (rows[~left], upon, high)]
                break
        else:
            lost += len(rows) * float(((high - low) / span).mean())
    return lost / len(codes)


@pytest.mark.parametrize("seed", [1, 2])
def test_cuts_where_least_is_lost_lose_a_tenth_less_than_cuts_at_medians(seed):
    draw = np.random.default_rng(seed)
    bell, skewed = draw.normal(500, 100, 5_000).clip(0, 1000), draw.geometric(0.05, 5_000)
    even = draw.integers(0, 100, 5_000)
    codes = np.stack([even, np.minimum(skewed, 200), bell.astype(int)], axis=1)

    found = recode(codes, k=10)

    assert found.loss(np.ptp(codes, axis=0) + 1) <= 0.9 * by_medians(codes, 10)


@given(tables(), st.integers(1, 5))
def test_a_class_that_could_be_cut_in_the_middle_was_cut(table, k):
    codes, _ = table
    if k > len(codes):
        return

    found = recode(codes, k=k)

    for place in range(len(found.sizes)):
        held = codes[found.partition == place]
        for column in held.T:
            assert not [
                value
                for value in set(column)
                if min((column <= value).sum(), (column > value).sum()) >= k
            ]


@given(tables(), st.integers(1, 6), st.integers(1, 5))
def test_a_larger_k_never_makes_more_classes_than_the_rows_allow(table, k, more):
    codes, _ = table
    if k + more > len(codes):
        return

    loose, strict = recode(codes, k=k), recode(codes, k=k + more)

    assert strict.sizes.min() >= k + more
    assert len(strict.sizes) <= len(codes) // (k + more)
    assert len(loose.sizes) >= 1


@given(tables(), st.integers(0, 2**32 - 1))
def test_the_order_of_rows_does_not_matter(table, seed):
    codes, secret = table
    order = np.random.default_rng(seed).permutation(len(codes))

    one = recode(codes, sensitive=secret, demands=())
    other = recode(codes[order], sensitive=secret[order], demands=())

    assert (one.low[one.partition][order] == other.low[other.partition]).all()
    assert (one.high[one.partition][order] == other.high[other.partition]).all()


def test_threads_find_the_same_classes_as_one():
    codes, secret = town(400_000)

    alone = recode(codes, k=7, sensitive=secret, demands=(THREE_VALUES,), threads=1)
    together = recode(codes, k=7, sensitive=secret, demands=(THREE_VALUES,), threads=4)

    assert (alone.partition == together.partition).all()
    assert (alone.low == together.low).all()


def entropy(shares):
    held = shares[shares > 0]
    return float(-(held * np.log(held)).sum())


def distance_equal(shares, whole):
    return np.abs(shares - whole).sum() / 2


def distance_ordered(shares, whole):
    return np.abs(np.cumsum(shares - whole)).sum() / (len(whole) - 1)


def distance_in_pairs(shares, whole):
    """Values 0,1 | 2,3 stand under a node each: moving within costs 1/2, across costs 1."""
    pairs = [(shares - whole)[:2].sum(), (shares - whole)[2:].sum()]
    return np.abs(shares - whole).sum() / 4 + np.abs(pairs).sum() / 4


EQUALLY_FAR = Demand(kind=Kind.TREE, bound=0.3, tree=((0, 1, 2, 3),))
IN_PAIRS = Demand(kind=Kind.TREE, bound=0.3, tree=((0, 1, 2, 3), (0, 0, 1, 1)))


@pytest.mark.parametrize(
    ("demand", "kept"),
    [
        (Demand(kind=Kind.DISTINCT, bound=3), lambda s, _: (s > 0).sum() >= 3),
        (Demand(kind=Kind.ENTROPY, bound=2.5), lambda s, _: entropy(s) >= np.log(2.5) - 1e-9),
        (
            Demand(kind=Kind.RECURSIVE, bound=2, c=1.5),
            lambda s, _: np.sort(s)[-1] < 1.5 * np.sort(s)[::-1][1:].sum() + 1e-9,
        ),
        (Demand(kind=Kind.ORDERED, bound=0.2), lambda s, w: distance_ordered(s, w) <= 0.2 + 1e-9),
        (EQUALLY_FAR, lambda s, w: distance_equal(s, w) <= 0.3 + 1e-9),
        (IN_PAIRS, lambda s, w: distance_in_pairs(s, w) <= 0.3 + 1e-9),
    ],
    ids=["distinct-l", "entropy-l", "recursive-l", "ordered-t", "equal-t", "tree-t"],
)
def test_every_class_keeps_the_demand_and_without_it_some_class_does_not(demand, kept):
    codes, secret = town(3_000, secrets=4)
    whole = np.bincount(secret[:, 0], minlength=4) / len(secret)

    def faults(found):
        shares = np.zeros((len(found.sizes), 4))
        np.add.at(shares, (found.partition, secret[:, 0]), 1)
        return sum(not kept(each / each.sum(), whole) for each in shares)

    held = recode(codes, k=3, sensitive=secret, demands=(demand,))

    assert faults(held) == 0
    assert len(held.sizes) > 20
    assert faults(recode(codes, k=3)) > 0


def test_a_demand_that_the_whole_table_breaks_is_refused():
    codes, secret = town(100, secrets=2)

    with pytest.raises(ModelOutOfReach, match="distinct 3-diversity"):
        recode(codes, k=3, sensitive=secret, demands=(THREE_VALUES,))


@pytest.mark.parametrize(
    "codes",
    [np.zeros(4, int), np.zeros((4, 2)), np.full((4, 2), -1), np.zeros((4, 0), int)],
    ids=["one dimension", "floats", "negative", "no column"],
)
def test_what_has_no_order_is_refused(codes):
    with pytest.raises(CodesNotOrdered):
        recode(codes, k=2)


def test_loss_is_nothing_for_rows_shown_as_they_are_and_all_for_one_class():
    codes = np.array([[0], [0], [1], [1]])

    assert recode(codes, k=2).loss((2,)) == 0
    assert recode(codes, k=3).loss((2,)) == 1


def test_loss_is_measured_as_ranges_are_shown_and_not_as_rows_lie():
    codes = np.array([[0, 0], [0, 0], [9, 4], [9, 4]])

    found = recode(codes, k=2)

    assert found.tight_loss((10, 5)) == 0
    assert found.loss((10, 5)) == pytest.approx((1 + 3 / 2 / 4) / 2)
