"""Benefits are added up so that nothing is claimed twice and no units meet."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from torvet.parties import PartyId
from torvet.reuse import summed
from torvet.reuse.model import Benefit, Shown, Unit, Use, UseId
from torvet.reuse.rules import may_be_same, overlapping

NEW_YEAR = date(2026, 1, 1)
AMOUNTS = st.integers(-10_000, 1_000_000).map(lambda thousandths: Decimal(thousandths) / 1000)


def benefits():
    return st.builds(
        lambda unit, three: Benefit(
            unit=unit, low=three[0], amount=three[1], high=three[2], method="counted"
        ),
        st.sampled_from([Unit.KG_CO2E, Unit.HOURS]),
        st.lists(AMOUNTS, min_size=3, max_size=3).map(sorted),
    )


@st.composite
def uses(draw, number=0):
    start = NEW_YEAR + timedelta(days=draw(st.integers(0, 200)))
    return Use(
        id=UseId(f"us_{draw(st.integers(0, 10**9))}_{number}"),
        contract="ct_1",
        dataset="ds_1",
        provider=PartyId("pt_alma"),
        consumer=PartyId(draw(st.sampled_from(["pt_bo", "pt_carla"]))),
        purpose="ResearchAndDevelopment",
        title="A use",
        words="",
        period_start=start,
        period_end=start + timedelta(days=draw(st.integers(0, 100))),
        benefits=tuple(
            draw(st.lists(benefits(), max_size=2, unique_by=lambda benefit: benefit.unit))
        ),
        shown=Shown.NAMED,
        public=True,
        stated_at=datetime(2026, 6, 1, tzinfo=UTC),
        stated_by=None,
    )


many = st.lists(uses(), max_size=6, unique_by=lambda use: use.id)


@given(many, st.randoms())
def test_the_order_of_statements_does_not_matter(stated, chance):
    shuffled = chance.sample(stated, len(stated))

    assert summed(stated) == summed(shuffled)


@given(many)
def test_a_sum_holds_whatever_is_true_of_what_overlaps(stated):
    for total in summed(stated):
        own = [
            (use, benefit)
            for use in stated
            for benefit in use.benefits
            if benefit.unit is total.unit
        ]
        # If nothing is the same, the truth is the sum of all.
        assert total.low <= sum(benefit.low for _, benefit in own) or total.overlapping == 0
        assert total.low <= sum(benefit.amount for _, benefit in own) <= total.high
        assert total.low <= total.amount <= total.high
        assert total.uses == len(own)


@given(many)
def test_units_never_meet(stated):
    of_one = [
        replace(use, benefits=tuple(b for b in use.benefits if b.unit is Unit.HOURS))
        for use in stated
    ]

    hours = [total for total in summed(stated) if total.unit is Unit.HOURS]
    assert hours == [total for total in summed(of_one) if total.unit is Unit.HOURS]
    assert all(total.unit is Unit.HOURS for total in summed(of_one))


@given(uses(), uses())
def test_only_one_consumer_can_count_a_benefit_twice(one, other):
    assert may_be_same(one, other) == may_be_same(other, one)
    if one.consumer != other.consumer:
        assert not may_be_same(one, other)
        return
    linked = replace(other, counted_with=one.id)
    assert may_be_same(one, linked)


@given(many, st.data())
def test_groups_are_what_may_be_the_same_joins(stated, data):
    ids = [use.id for use in stated]
    linked = [
        replace(use, counted_with=data.draw(st.sampled_from([None, *ids])), benefits=())
        for use in stated
    ]
    # Each use's benefit is told by its amount.
    marks = {use.id: mark(number) for number, use in enumerate(linked)}

    groups: list[set] = []
    for use in linked:
        touching = [group for group in groups if any(may_be_same(use, one) for one in group)]
        groups = [group for group in groups if group not in touching]
        groups.append({use}.union(*touching))

    found = overlapping([(use, marks[use.id]) for use in linked])
    assert sorted(sorted(one.amount for one in group) for group in found) == sorted(
        sorted(marks[use.id].amount for use in group) for group in groups
    )


def mark(number):
    amount = Decimal(number)
    return Benefit(unit=Unit.HOURS, low=amount, amount=amount, high=amount, method="x")


def test_the_same_benefit_for_two_datasets_counts_once_at_least_and_twice_at_most():
    stated = Benefit(
        unit=Unit.HOURS, low=Decimal(80), amount=Decimal(100), high=Decimal(120), method="x"
    )
    one = Use(
        id=UseId("us_1"),
        contract="ct_1",
        dataset="ds_1",
        provider=PartyId("pt_alma"),
        consumer=PartyId("pt_bo"),
        purpose="PublicBenefit",
        title="A use",
        words="",
        period_start=NEW_YEAR,
        period_end=date(2026, 12, 31),
        benefits=(stated,),
        shown=Shown.NAMED,
        public=True,
        stated_at=datetime(2026, 6, 1, tzinfo=UTC),
        stated_by=None,
    )

    (total,) = summed([one, replace(one, id=UseId("us_2"), dataset="ds_2")])

    assert (total.low, total.amount, total.high) == (80, 100, 240)
    assert (total.uses, total.overlapping) == (2, 2)
