import pytest

from torvet.catalogue.checks import Pair, columns_of, fitted, kept, rule_from_text
from torvet.kit.filters import FilterInvalid, Op

TYPES = {"occupied": "integer", "capacity": "integer", "garage": "text", "free spaces": "number"}


def test_two_columns_can_be_compared():
    rule = rule_from_text("occupied <= capacity")

    assert rule == Pair("occupied", Op.AT_MOST, "capacity")
    assert columns_of(rule) == ("occupied", "capacity")
    assert kept(rule) == '"occupied" <= "capacity"'


def test_names_with_spaces_stand_in_quotes():
    rule = rule_from_text('"free spaces" <= capacity')

    assert fitted(rule, TYPES) == rule
    assert kept(rule) == '"free spaces" <= "capacity"'


def test_a_name_cannot_end_its_own_quotes():
    rule = rule_from_text('"a"" or 1=1 --" <= capacity')

    assert kept(rule) == '"a"" or 1=1 --" <= "capacity"'


def test_any_filter_can_be_a_check():
    rule = fitted(rule_from_text("occupied >= 0 and garage <> ''"), TYPES)

    assert columns_of(rule) == ("garage", "occupied")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("occupied <= seats", "seats"),
        ("occupied <= garage", "cannot be compared"),
        ("garage > 7", "garage"),
        ("occupied <= ", "cannot be used"),
        ("occupied <= capacity; drop table x", "cannot be used"),
    ],
)
def test_what_cannot_be_checked_says_why(text, said):
    with pytest.raises(FilterInvalid) as caught:
        fitted(rule_from_text(text), TYPES)

    assert said in str(caught.value)
