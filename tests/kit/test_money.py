"""Money is whole, is never mixed, and is never lost by dividing."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.kit.canonical import canonical
from torvet.kit.money import (
    MINOR_MAX,
    UNIT_SCALE_MAX,
    AmountOutOfBounds,
    AmountUnreadable,
    Currency,
    CurrencyMix,
    Money,
    UnitPrice,
    round_half_away,
)

DKK, EUR = Currency.DKK, Currency.EUR
amounts = st.builds(Money, st.integers(-(10**12), 10**12), st.sampled_from(Currency))
weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=12).filter(any)


def kr(minor):
    return Money(minor, DKK)


@given(amounts, weights)
def test_what_is_shared_is_neither_more_nor_less_than_what_there_was(amount, parts):
    shares = amount.share(parts)

    assert Money.total(shares, amount.currency) == amount
    assert all(
        abs(s.minor - Fraction(amount.minor * p, sum(parts))) < 1
        for s, p in zip(shares, parts, strict=True)
    )
    assert all(not share for share, part in zip(shares, parts, strict=True) if part == 0)


@given(amounts, weights)
def test_taking_back_what_was_shared_undoes_it_part_by_part(amount, parts):
    assert (-amount).share(parts) == tuple(-share for share in amount.share(parts))


def test_the_odd_minor_unit_goes_to_whom_the_cut_took_most():
    assert kr(100).share([1, 1, 1]) == (kr(34), kr(33), kr(33))
    assert kr(10).share([1, 5, 3]) == (kr(1), kr(6), kr(3))


@pytest.mark.parametrize("parts", [[], [0, 0], [3, -1]])
def test_nothing_can_be_shared_by_nothing_or_by_less(parts):
    with pytest.raises(ValueError, match="nothing can be shared"):
        kr(100).share(parts)


@pytest.mark.parametrize(
    ("exact", "whole"),
    [
        (Fraction(1, 2), 1), (Fraction(-1, 2), -1), (Fraction(3, 2), 2), (Fraction(5, 2), 3),
        (Fraction(-5, 2), -3), (Fraction(49, 100), 0), (Fraction(-49, 100), 0), (Fraction(7), 7),
    ],
)  # fmt: skip
def test_a_half_is_rounded_away_from_zero(exact, whole):
    assert round_half_away(exact) == whole


@given(st.fractions())
def test_rounding_is_as_near_as_it_can_be_and_the_same_on_both_sides_of_zero(exact):
    assert abs(round_half_away(exact) - exact) <= Fraction(1, 2)
    assert round_half_away(-exact) == -round_half_away(exact)


@pytest.mark.parametrize(
    "mixing",
    [
        lambda: kr(1) + Money(1, EUR),
        lambda: kr(1) - Money(1, EUR),
        lambda: kr(1) < Money(1, EUR),
        lambda: kr(1) >= Money(1, EUR),
        lambda: Money.total([Money(1, EUR)], DKK),
    ],
)
def test_two_currencies_never_meet(mixing):
    with pytest.raises(CurrencyMix):
        mixing()


def test_amounts_are_compared_in_their_currency():
    assert kr(1) < kr(2) <= kr(2) < kr(3)
    assert max(kr(5), kr(7)) == kr(7)
    assert kr(1) != Money(1, EUR)
    assert not kr(0)


@pytest.mark.parametrize("wrong", [1.0, "1", True, None])
def test_only_whole_minor_units_are_money(wrong):
    with pytest.raises(TypeError):
        Money(wrong, DKK)


def test_more_than_can_be_written_exactly_is_no_amount():
    assert canonical(kr(MINOR_MAX).to_json())
    with pytest.raises(AmountOutOfBounds):
        kr(MINOR_MAX) + kr(1)


def test_a_unit_price_is_exact_until_the_one_rounding():
    per_row = UnitPrice(125, 4, DKK)

    assert per_row.exact(1) == Fraction(5, 4)
    assert per_row.times(2) == kr(3)
    assert per_row.times(1_000_000) == kr(1_250_000)
    assert UnitPrice(3, 2, EUR).times(7) == Money(21, EUR)
    assert UnitPrice(250, 2, DKK).times(1_500_000_000, per=10**9) == kr(375)
    assert per_row.times(Decimal("0.4")) == kr(1)


def test_a_float_is_no_quantity():
    with pytest.raises(TypeError):
        UnitPrice(1, 2, DKK).times(0.1)


def test_a_percentage_is_rounded_once():
    assert kr(10_02).percent(25) == kr(2_51)
    assert kr(-10_02).percent(25) == kr(-2_51)
    assert kr(100).percent(Decimal("2.5")) == kr(3)


@given(amounts)
def test_what_is_written_is_read_again(amount):
    assert Money.from_json(amount.to_json()) == amount
    assert Money.from_decimal_text(amount.decimal_text(), amount.currency) == amount


@given(st.integers(-(10**9), 10**9), st.integers(0, UNIT_SCALE_MAX), st.sampled_from(Currency))
def test_a_unit_price_is_read_as_it_was_written(amount, scale, currency):
    price = UnitPrice(amount, scale, currency)

    assert UnitPrice.from_json(price.to_json()) == price
    assert Decimal(price.decimal_text()) == Decimal(amount) / 10**scale


@pytest.mark.parametrize(
    "text", ["", "1,50", "1.234,50", "1.505", ".5", "1e3", "NaN", "١", "1.50 kr", "--1"]
)
def test_what_is_no_amount_is_not_guessed_at(text):
    with pytest.raises(AmountUnreadable):
        Money.from_decimal_text(text, DKK)


@pytest.mark.parametrize(
    "written",
    [
        None, 5, {"minor": 1.5, "currency": "DKK"}, {"minor": True, "currency": "DKK"},
        {"minor": 1, "currency": "SEK"}, {"minor": 1}, {"minor": 1, "currency": "DKK", "x": 1},
    ],
)  # fmt: skip
def test_json_that_is_no_amount_is_refused(written):
    with pytest.raises(AmountUnreadable):
        Money.from_json(written)
    with pytest.raises(AmountUnreadable):
        UnitPrice.from_json(written)


def test_amounts_are_said_in_danish_and_in_english():
    assert kr(123_450).said("da") == "1.234,50\u00a0kr."
    assert kr(123_450).said("en") == "DKK\u00a01,234.50"
    assert kr(-5).said("da") == "-0,05\u00a0kr."
    assert Money(-100_000_000, EUR).said("en") == "-€1,000,000.00"
    assert Money(100, EUR).said("da") == "1,00\u00a0€"
    assert str(kr(-5)) == "-0.05 DKK"


def test_a_unit_price_is_said_as_finely_as_it_is():
    assert UnitPrice(125, 4, DKK).said("da") == "0,0125\u00a0kr."
    assert UnitPrice(1_000_000, 6, DKK).said("en") == "DKK\u00a01.00"
    assert UnitPrice(3, 0, EUR).said("en") == "€3.00"
    assert UnitPrice(35, 1, EUR).said("da") == "3,50\u00a0€"


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12.50", Money(1250, DKK)),
        (" 12,5 ", Money(1250, DKK)),
        ("12 EUR", Money(1200, Currency.EUR)),
        ("12.50eur", Money(1250, Currency.EUR)),
        ("-3", Money(-300, DKK)),
    ],
)
def test_an_amount_is_typed_as_people_do(text, amount):
    assert Money.typed(text, DKK) == amount


@pytest.mark.parametrize(
    "text", ["", "a lot", "1.250", "1,250", "12.50 SEK", "1 000", "1 D\u212a\u212a"]
)
def test_what_could_be_two_amounts_is_none(text):
    with pytest.raises(AmountUnreadable):
        Money.typed(text, DKK)
