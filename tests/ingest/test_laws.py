"""Laws of reading: nothing is lost, nothing is changed, and nothing crashes."""

import csv
import io
import json
from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from examples import examples
from torvet.ingest import ReadOptions, receive
from torvet.ingest.dialect import column_names, sniff
from torvet.ingest.geometry import to_wkt
from torvet.ingest.splitting import Fault, split
from torvet.kit.errors import ExchangeError

pytestmark = pytest.mark.slow

OFTEN = settings(
    max_examples=examples(20),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
RARE = settings(OFTEN, max_examples=examples(12))

words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12
)
years = {"min_value": date(1000, 1, 1), "max_value": date(9999, 12, 30)}
moments = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 30))  # noqa: DTZ001 - local


def danish(number):
    whole, _, rest = f"{abs(number):,.2f}".partition(".")
    sign = "-" if number < 0 else ""
    return f"{sign}{whole.replace(',', '.')},{rest}"


def hundredths(n):
    return n / 100


NOTATIONS = {
    "integer": (st.integers(-(10**17), 10**17), str),
    "number": (
        st.floats(-1e15, 1e15).filter(lambda x: x == 0 or abs(x) > 1e-280),
        lambda x: repr(x + 0.0),
    ),
    "danish number": (st.integers(-(10**12), 10**12).map(hundredths), danish),
    "date": (st.dates(**years), date.isoformat),
    "danish date": (st.dates(**years), lambda d: f"{d:%d-%m}-{d.year}"),
    "slashed date": (st.dates(**years), lambda d: f"{d:%d/%m}/{d.year}"),
    "time": (st.times(), time.isoformat),
    "timestamp": (moments, lambda t: t.isoformat(sep=" ")),
    "timestamp with T": (moments, datetime.isoformat),
    "instant": (
        moments.map(lambda t: t.replace(tzinfo=timezone(timedelta(hours=2)))),
        datetime.isoformat,
    ),
    "instant in UTC": (
        moments.map(lambda t: t.replace(tzinfo=UTC)),
        lambda t: t.isoformat().replace("+00:00", "Z"),
    ),
}


def written_csv(rows, delimiter=";"):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerows(rows)
    return out.getvalue()


def day_settled(values):
    """Whether dates are read in one way only, or the same in both."""
    return any(d.day > 12 for d in values) or all(d.day == d.month for d in values)


@pytest.mark.parametrize("notation", NOTATIONS)
@OFTEN
@given(st.data())
def test_values_are_read_back_exactly(read, notation, data):
    values, write = NOTATIONS[notation]
    expected = data.draw(st.lists(values, min_size=1, max_size=8))
    rows = [["v", "n"], *([write(value), number] for number, value in enumerate(expected))]
    became = read(written_csv(rows))
    found = became.column("v")
    if notation == "time":
        expected = [value.isoformat() for value in expected]
        found = [time.fromisoformat(value).isoformat() for value in found]
    if notation in {"danish date", "slashed date"} and not day_settled(expected):
        # Day first is taken; that is what was written.
        assert "two ways" in became.said
    assert became.source.rejected == 0
    assert [float(v) if isinstance(v, float) else v for v in found] == expected


@OFTEN
@given(st.lists(st.tuples(words, words, st.integers()), min_size=1, max_size=10))
def test_texts_are_read_back_exactly(read, rows):
    became = read(
        written_csv([["a", "b", "n"], *((f"x{a}", f"y{b}", n) for a, b, n in rows)]),
        delimiter=";",
        header=True,
    )
    assert became.column("a") == [f"x{a}" for a, _, _ in rows]
    assert became.column("b") == [f"y{b}" for _, b, _ in rows]


@OFTEN
@given(
    st.lists(
        st.lists(st.text(alphabet='ab1";,\r ', max_size=6), min_size=1, max_size=4),
        min_size=1,
        max_size=12,
    )
)
def test_every_record_becomes_a_row_or_a_fault(rows):
    """Rows in = rows out + rejected, where every record is one line."""
    lines = [";".join(cells).replace("\r", "") for cells in rows]
    lines = [line.replace('"', "'") for line in lines if line]
    found = list(split([f"{line}\n" for line in lines], delimiter=";", width=3))
    assert len(found) == len(lines)


@OFTEN
@given(st.lists(st.text(alphabet='ab";\n', max_size=15), max_size=12))
def test_splitting_keeps_every_line(lines):
    """Whatever the quotes, each line is in a row or in a fault, and nowhere twice."""
    text = "".join(f"{line}\n" for line in lines)
    found = list(split(io.StringIO(text), delimiter=";", width=2))
    letters = sum(
        (item.text if isinstance(item, Fault) else "".join(c or "" for c in item)).count("a")
        for item in found
    )
    assert letters == text.count("a")


@RARE
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["a", "b", "Ab", "æ"]),
            st.none() | st.booleans() | st.integers() | words | st.lists(st.integers(), max_size=2),
            max_size=4,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_every_json_object_becomes_a_row(read, objects):
    if not any(objects):
        return
    became = read("".join(json.dumps(item) + "\n" for item in objects), name="x.ndjson")
    assert became.source.rows + became.source.rejected == len(objects)
    assert became.source.rejected == 0


@given(st.lists(st.text(max_size=8), max_size=20))
def test_column_names_are_all_different_and_none_is_empty(raw):
    names, _ = column_names(raw)
    assert len(names) == len(raw)
    assert all(names)
    assert len({name.casefold() for name in names}) == len(names)


@given(st.text(max_size=300), st.booleans())
def test_sniffing_never_fails(text, whole):
    assert sniff(text, whole=whole).delimiter


@given(
    st.recursive(
        st.none() | st.floats() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["type", "coordinates", "geometries"]), inner, max_size=3
            )
        ),
        max_leaves=12,
    )
)
def test_a_geometry_is_written_or_refused(value):
    try:
        wkt = to_wkt(value)
    except (ValueError, TypeError, KeyError):
        return
    assert wkt is None or wkt.split()[0].isalpha()


@pytest.mark.parametrize("name", ["x.csv", "x.ndjson", "x.parquet", "x.xlsx", "x.geojson", "x.gz"])
@RARE
@given(content=st.binary(max_size=400))
def test_garbage_becomes_a_table_or_an_error_in_words(parts, tmp_path, name, content):
    magic = {"x.parquet": b"PAR1", "x.xlsx": b"PK\x03\x04", "x.gz": b"\x1f\x8b\x08"}.get(name, b"")
    magic += b'{"type":"FeatureCollection"' if name == "x.geojson" else b""
    assert_table_or_error(parts, tmp_path, magic + content, name)


@RARE
@example(content="[]")
@example(content="{}")
@given(content=st.text(alphabet='ab01;,"\n\r\t-./:{}[] æ', max_size=200))
@pytest.mark.parametrize("name", ["x.csv", "x.ndjson", "x.geojson"])
def test_torn_text_becomes_a_table_or_an_error_in_words(parts, tmp_path, name, content):
    assert_table_or_error(parts, tmp_path, content.encode(), name)


def assert_table_or_error(parts, tmp_path, content, name):
    path = tmp_path / "upload"
    path.write_bytes(content)
    source, fault, became = parts.new_id("src"), None, None
    try:
        became = receive(
            parts,
            source_id=source,
            party="pa_test",
            path=path,
            file_name=name,
            options=ReadOptions(),
        )
    except ExchangeError as error:
        fault = error
    if fault is None:
        assert became.rows > 0
        assert became.rejected >= 0
    else:
        assert str(fault)
        assert fault.advice
        assert parts.tables.version(f"sources/{source}") is None
