"""Pseudonyms: one per unit, consumer and period, and nothing to join two of them by."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.privacy.errors import ColumnsInvalid, KeyTooShort, PeriodUnclear
from torvet.privacy.streams.periods import Period
from torvet.privacy.streams.pseudonyms import Pseudonymiser

KEY = bytes(range(32))
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEKLY = Pseudonymiser(key=KEY, rotation="P7D")
words = st.text(max_size=8)


@given(words, words, words, words)
def test_two_units_or_two_consumers_never_have_one_pseudonym(unit, consumer, other, elsewhere):
    one = WEEKLY.pseudonym(unit, consumer=consumer, at=MONDAY)
    another = WEEKLY.pseudonym(other, consumer=elsewhere, at=MONDAY)

    assert (one == another) == ((unit, consumer) == (other, elsewhere))


@given(st.datetimes(min_value=datetime(1990, 1, 1)), st.timedeltas(max_value=timedelta(days=20)))  # noqa: DTZ001
def test_a_pseudonym_lasts_as_long_as_its_period(at, later):
    at = at.replace(tzinfo=UTC)
    period = Period.from_text("P7D")
    try:
        then = at + later
    except OverflowError:
        return

    same = WEEKLY.pseudonym("m1", consumer="c", at=at) == WEEKLY.pseudonym(
        "m1", consumer="c", at=then
    )

    assert same == (period.start(at) == period.start(then))
    assert period.start(at).weekday() == 0
    assert period.start(at) <= at < period.start(at) + timedelta(days=7)


def test_another_key_gives_other_pseudonyms():
    other = Pseudonymiser(key=bytes(32), rotation="P7D")

    assert WEEKLY.pseudonym("m1", consumer="c", at=MONDAY) != other.pseudonym(
        "m1", consumer="c", at=MONDAY
    )


def test_a_table_is_labelled_pseudonymised_and_joins_only_within_a_period():
    times = [MONDAY, MONDAY + timedelta(days=3), MONDAY + timedelta(days=8)]
    table = pa.table(
        {"meter": ["m1", "m1", "m1", None], "at": [*times, MONDAY], "wh": [1, 2, 3, 4]}
    )

    found = WEEKLY.pseudonymise(table, "meter", consumer="dtu", at="at")

    names = found["meter"].to_pylist()
    assert names[0] == names[1] != names[2]
    assert names[3] is None
    assert names[0] == WEEKLY.pseudonym("m1", consumer="dtu", at=MONDAY)
    assert found.schema.metadata[b"torvet.treatment"] == b"pseudonymised"
    assert found["wh"].to_pylist() == [1, 2, 3, 4]


def test_the_key_is_not_shown():
    assert KEY.hex() not in repr(WEEKLY)
    assert str(KEY) not in repr(WEEKLY)


def test_a_short_key_is_refused():
    with pytest.raises(KeyTooShort):
        Pseudonymiser(key=b"secret")


@pytest.mark.parametrize("at", ["when", "wh"])
def test_a_table_without_instants_is_refused(at):
    with pytest.raises(ColumnsInvalid):
        WEEKLY.pseudonymise(pa.table({"meter": ["m"], "wh": [1]}), "meter", consumer="c", at=at)


@pytest.mark.parametrize("text", ["", "P", "PT", "7D", "P0D", "P1M2D", "weekly"])
def test_what_is_no_period_is_refused(text):
    with pytest.raises(PeriodUnclear):
        Period.from_text(text)
