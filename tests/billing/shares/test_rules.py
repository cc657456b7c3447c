"""Shares come to the income, to the øre, whatever the way; and go back as they came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.billing.shares.model import Member, Terms, Way, Worth
from torvet.billing.shares.rules import faults_of, parts_of, portion_of, taken_back
from torvet.kit.money import Currency, Money

COLUMNS = ("street", "spaces", "free", "price", "air")


def kr(minor):
    return Money(minor, Currency.DKK)


def everything(_column):
    return True


members = st.lists(
    st.builds(
        Member,
        party=st.integers(0, 99).map(lambda n: f"pt_{n:02}"),
        weight=st.integers(1, 1_000),
        columns=st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3, unique=True).map(tuple),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda member: member.party,
).map(tuple)


@st.composite
def agreements(draw):
    who, way = draw(members), draw(st.sampled_from(Way))
    worths = ()
    if way is Way.TABLE:
        worths = (Worth(members=tuple(m.party for m in who), worth=draw(st.integers(1, 50))),)
    portion = draw(st.integers(0, 10_000))
    return Terms(portion=portion, way=way, members=who, worths=worths)


@given(agreements(), st.integers(0, 10**9))
def test_shares_are_together_the_portion_of_the_income(terms, minor):
    parts, _ = parts_of(terms, kr(minor), everything, source="F-1:ct_1")

    assert faults_of(terms) == ()
    assert Money.total([p.amount for p in parts], Currency.DKK) == portion_of(terms, kr(minor))
    assert all(part.amount.minor > 0 for part in parts)


@given(agreements(), st.lists(st.integers(1, 10**6), min_size=1, max_size=5))
def test_what_is_credited_bit_by_bit_takes_back_all_that_was_shared(terms, steps):
    income = sum(steps)
    first, _ = parts_of(terms, kr(income), everything, source="F-1:ct_1")
    since, left = [], income
    for step in steps:
        left -= step
        since.append(taken_back(first, since, portion_of(terms, kr(left))))

    have = {part.party: part.amount.minor for part in first}
    for parts in since:
        for part in parts:
            have[part.party] += part.amount.minor
            assert have[part.party] >= 0
    assert set(have.values()) <= {0}


def test_a_use_is_shared_by_those_whose_columns_it_shows():
    terms = Terms(
        portion=5_000,
        way=Way.COLUMNS,
        members=(
            Member(party="pt_a", columns=("street",)),
            Member(party="pt_b", columns=("free", "street")),
            Member(party="pt_c", columns=("air",)),
        ),
    )

    parts, _ = parts_of(terms, kr(2_000), {"street", "free"}.__contains__, source="x")
    # The street comes from either, the free spaces from one alone: b is always needed.
    assert [(part.party, part.amount.minor) for part in parts] == [("pt_b", 1_000)]

    parts, _ = parts_of(terms, kr(2_000), {"street", "air"}.__contains__, source="x")
    # The value of c is two thirds; of what is left by rounding, the first get an øre more.
    assert [part.amount.minor for part in parts] == [167, 167, 666]


def test_a_use_that_needs_no_member_is_the_providers_own():
    who = (Member(party="pt_a", columns=("air",)),)
    terms = Terms(portion=10_000, way=Way.COLUMNS, members=who)

    assert parts_of(terms, kr(500), lambda _column: False, source="x")[0] == ()


def test_a_table_says_what_coalitions_are_worth():
    terms = Terms(
        portion=10_000,
        way=Way.TABLE,
        members=(Member(party="pt_a"), Member(party="pt_b"), Member(party="pt_c")),
        worths=(
            Worth(members=("pt_a",), worth=10),
            Worth(members=("pt_a", "pt_b"), worth=30),
        ),
    )

    parts, how = parts_of(terms, kr(300), everything, source="x")

    assert {part.party: part.amount.minor for part in parts} == {"pt_a": 200, "pt_b": 100}
    assert how.seed is None


@pytest.mark.parametrize(
    ("terms", "fault"),
    [
        (Terms(portion=10_001, way=Way.EQUAL, members=()), "portion"),
        (Terms(portion=1, way=Way.EQUAL, members=(Member(party="pt_a"),) * 2), "twice"),
        (Terms(portion=1, way=Way.COLUMNS, members=(Member(party="pt_a"),)), "column"),
        (
            Terms(portion=1, way=Way.CONTRIBUTION, members=(Member(party="pt_a", weight=0),)),
            "no member has a weight",
        ),
        (Terms(portion=1, way=Way.TABLE, members=(Member(party="pt_a"),)), "worth anything"),
        (
            Terms(
                portion=1,
                way=Way.TABLE,
                members=(Member(party="pt_a"),),
                worths=(Worth(members=("pt_b",), worth=1),),
            ),
            "no member",
        ),
        (
            Terms(
                portion=1,
                way=Way.TABLE,
                members=tuple(Member(party=f"pt_{n}") for n in range(13)),
                worths=(Worth(members=("pt_1",), worth=1),),
            ),
            "at most 12",
        ),
        (
            Terms(
                portion=1,
                way=Way.COLUMNS,
                members=tuple(Member(party=f"pt_{n}", columns=("a",)) for n in range(201)),
            ),
            "200 are most",
        ),
    ],
)
def test_terms_that_cannot_be_divided_by_are_refused(terms, fault):
    assert fault in "; ".join(faults_of(terms))
