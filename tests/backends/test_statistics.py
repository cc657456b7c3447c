"""Statistics that Delta keeps short still enclose every value they stand for."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from torvet.backends.statistics import ceiling, floor, from_duckdb, to_json
from torvet.ports.engine import WrittenFile

LAST = "9999-12-31T23:59:59.999999Z"


@given(st.text(max_size=60))
def test_a_text_lies_between_its_floor_and_its_ceiling(text):
    assert floor(text) <= text <= ceiling(text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_lies_between_its_floor_and_its_ceiling(instant):
    low = datetime.fromisoformat(floor(instant))
    high = datetime.fromisoformat(ceiling(instant) or LAST)

    assert low <= instant <= high
    assert high - low <= timedelta(milliseconds=1)


def test_the_last_moment_of_the_calendar_has_no_ceiling():
    assert ceiling(datetime.fromisoformat(LAST)) is None


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9
    )
)
def test_a_decimal_keeps_its_value_or_has_none(value):
    kept = floor(value)

    assert kept is None or Decimal(str(kept)) == value


@given(st.floats())
def test_what_is_written_is_json_that_every_reader_knows(value):
    file = WrittenFile(path="f", size_bytes=1, rows=1, minimum={"a": floor(value)})
    json.loads(to_json(file), parse_constant=lambda word: (_ for _ in ()).throw(ValueError(word)))


def test_a_column_that_holds_no_number_once_has_no_range():
    said = {"min": "1.0", "max": "2.0", "has_nan": "true", "null_count": "0"}
    file = from_duckdb(path="f", rows=2, size_bytes=9, columns={'"a"': said}, types={"a": "DOUBLE"})

    assert file.minimum == file.maximum == {}
    assert file.nulls == {"a": 0}
