"""Numbers run from one on without a gap, whatever the days."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.billing.invoices.errors import NumberOutOfOrder
from torvet.billing.invoices.numbering import Series, next_number, out_of_order

DAY = date(2026, 7, 1)


@given(st.lists(st.integers(0, 40), max_size=40), st.randoms(use_true_random=False))
def test_numbers_in_any_order_have_no_gap_and_one_less_has(days, chance):
    series, numbers, day = Series(prefix="F-"), [], DAY
    for more in days:
        day += timedelta(days=more)
        number, series = next_number(series, day)
        numbers.append(number)
    chance.shuffle(numbers)

    assert out_of_order("F-", numbers) == ()
    assert series.issued == len(numbers)
    for lost in sorted(numbers)[:-1]:
        assert out_of_order("F-", [each for each in numbers if each != lost]) == (
            f"{lost!r} is missing",
        )


def test_a_clock_set_back_numbers_nothing():
    _, series = next_number(Series(prefix="F-"), DAY)

    with pytest.raises(NumberOutOfOrder):
        next_number(series, DAY - timedelta(days=1))


def test_doubles_and_strangers_are_told():
    said = out_of_order("F-", ["F-000001", "F-000001", "F-1", "K-000002", "F-000002"])

    assert len(said) == 3


@pytest.mark.parametrize("prefix", ["f-", "F 1", "F" * 13])
def test_a_prefix_is_plain(prefix):
    with pytest.raises(NumberOutOfOrder):
        Series(prefix=prefix)


def test_a_million_documents_are_not_the_end():
    assert next_number(Series(prefix="F-", issued=999_999), DAY)[0] == "F-1000000"
