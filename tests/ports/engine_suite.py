"""What every engine must do, whoever runs it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from torvet.kit.filters import Compare, In, Op, to_sql
from torvet.ports.dialect import NotPortable


def local(*time):
    """A moment of New Year's Day by a clock on some wall: it has no zone, and is to have none."""
    return datetime(2026, 1, 1, *time)  # noqa: DTZ001


SPACES = pa.table(
    {
        "garage": pa.array(["BRUUNS", "SALLING", 'it\'s \\ "here"', None, "BRUUNS"]),
        "occupied": pa.array([1, 2, 3, 4, None], pa.int64()),
        "rate": pa.array(
            [Decimal("1.50"), None, Decimal("-2.25"), Decimal("0.00"), Decimal("9.99")]
        ),
        "load": pa.array([0.5, 1.5, 2.5, None, -1.0]),
        "open": pa.array([True, False, None, True, True]),
        "day": pa.array([date(2026, 1, d) for d in (1, 2, 3, 4, 5)]),
        "read_at": pa.array(
            [local(hour, 59, 59, 999_999) for hour in range(5)], pa.timestamp("us")
        ),
        "sent_at": pa.array(
            [datetime(2026, 1, 1, h, tzinfo=UTC) for h in range(5)], pa.timestamp("us", "UTC")
        ),
    }
)

# One statement for every word that the engines share, with the rows that both must give.
STATEMENTS = {
    "select garage from spaces where garage = 'it''s \\ \"here\"'": [('it\'s \\ "here"',)],
    "select count(*), count(occupied), sum(occupied), min(occupied), max(occupied) from spaces": [
        (5, 4, 10, 1, 4)
    ],
    "select avg(occupied) from spaces": [(2.5,)],
    "select garage, count(*) as n from spaces group by garage order by n desc, garage": [
        ("BRUUNS", 2),
        ("SALLING", 1),
        ('it\'s \\ "here"', 1),
        (None, 1),
    ],
    "select occupied from spaces order by occupied": [(1,), (2,), (3,), (4,), (None,)],
    "select occupied from spaces order by occupied desc": [(4,), (3,), (2,), (1,), (None,)],
    "select occupied from spaces order by occupied limit 2 offset 1": [(2,), (3,)],
    "select rate from spaces where rate > 1.25 order by rate": [
        (Decimal("1.50"),),
        (Decimal("9.99"),),
    ],
    "select count(*) from spaces where load between 0 and 2 and open is not null": [(2,)],
    "select occupied from spaces where garage in ('SALLING', 'x') or garage is null order by 1": [
        (2,),
        (4,),
    ],
    "select count(*) from spaces where garage like 'BR%' and not garage like '%x'": [(2,)],
    "select count(*) from spaces where occupied is distinct from 1": [(4,)],
    "select day from spaces where day >= DATE '2026-01-04' order by day": [
        (date(2026, 1, 4),),
        (date(2026, 1, 5),),
    ],
    "select count(*) from spaces where read_at < TIMESTAMP '2026-01-01 02:00:00'": [(2,)],
    "select sent_at from spaces where sent_at = TIMESTAMPTZ '2026-01-01 03:00:00+00'": [
        (datetime(2026, 1, 1, 3, tzinfo=UTC),)
    ],
    "select date_trunc('hour', read_at) from spaces where occupied = 1": [(local(0),)],
    "select extract(year from day), extract(day from day) from spaces where occupied = 2": [
        (2026, 2)
    ],
    "select coalesce(garage, 'none') || '!' from spaces where occupied = 4": [("none!",)],
    "select lower(garage), upper('æøå'), length('æøå'), trim('  x '), substring('torvet', 1, 3)"
    " from spaces where occupied = 1": [("bruuns", "ÆØÅ", 3, "x", "tor")],
    "select case when occupied > 2 then 'many' else 'few' end from spaces where occupied = 3": [
        ("many",)
    ],
    "select try_cast('7' as bigint), try_cast('seven' as bigint), cast(3 as double)": [
        (7, None, 3.0)
    ],
    "select cast('2026-01-02' as date), cast('1.25' as decimal(10, 2))": [
        (date(2026, 1, 2), Decimal("1.25"))
    ],
    "select round(2.5), abs(-3), nullif(1, 1), 7 / 2": [(Decimal(3), 3, None, 3.5)],
    "select count(*) filter (where open) from spaces": [(3,)],
    "select approx_count_distinct(garage) from spaces": [(3,)],
    "select cast(floor(-1.5) as bigint), least(3, 2), cast(least(floor(7.9), 5) as bigint)": [
        (-2, 2, 5)
    ],
    "select date_diff('second', TIMESTAMP '2026-01-01 00:00:00', TIMESTAMP '2026-01-02 00:00:01')": [
        (86_401,)
    ],
    "select distinct garage from spaces where garage = 'BRUUNS'": [("BRUUNS",)],
    "select occupied, row_number() over (order by occupied) from spaces where occupied < 3"
    " order by 1": [(1, 1), (2, 2)],
    "select occupied, lag(occupied) over (order by occupied),"
    " last_value(occupied ignore nulls) over (order by day) from spaces where occupied < 3"
    " order by 1": [(1, None, 1), (2, 1, 2)],
    "with few as (select * from spaces where occupied < 3) select count(*) from few": [(2,)],
    "select a.occupied from spaces a join spaces b on a.occupied = b.occupied + 1 order by 1": [
        (2,),
        (3,),
        (4,),
    ],
    "select occupied from spaces where occupied = 1 union all"
    " select occupied from spaces where occupied = 2 order by 1": [(1,), (2,)],
    "select (occupied - 1) * 2 + -1, true from spaces where occupied <= 2 and occupied <> 1": [
        (1, True)
    ],
    "select count(*) from spaces where occupied is not distinct from 2": [(1,)],
    "select occupied, lead(occupied) over (order by day),"
    " first_value(occupied) over (order by day rows between 1 preceding and current row)"
    " from spaces where occupied < 4 order by 1": [(1, 2, 1), (2, 3, 1), (3, None, 2)],
    "select cast(occupied as int) as i, cast(occupied as varchar) as v, cast('true' as boolean),"
    " cast('2026-01-01 10:00:00' as timestamp) from spaces where occupied = 2": [
        (2, "2", True, local(10))
    ],
    "select max(n) from (select garage, count(*) as n from spaces group by garage having count(*) > 1)": [
        (2,)
    ],
}

AWKWARD = (
    "it's", "''", "'", "\\", "\\'", "\\\\", "\\n", "\n", "a\tb", "\r", '"', '\\"', "`", "%", "_", "\\%",
    "--", "/* x */", ";", "$1", "${x}", ":name", "?", "{}", "{{x}}", "'; drop table t; --", "\\u0041",
    "\\x41", "\\101", "æøå", "e\u0301", "\U0001f600", " ", "", "NULL", "r'x'", "E'x'", "x' 'y", "\u2028",
)  # fmt: skip
"""Texts that one engine or the other might take for something else."""

FITTING = {
    "occupied": (3, 3),
    "rate": (Decimal("-2.25"), Decimal("-2.25")),
    "load": (Decimal("0.5"), 0.5),
    "day": (date(2026, 1, 3), date(2026, 1, 3)),
    "read_at": (local(2, 59, 59, 999_999), local(2, 59, 59, 999_999)),
    "sent_at": (datetime(2026, 1, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, 2, tzinfo=UTC)),
    "garage": ("SALLING", "SALLING"),
}
"""A value for each column, as a filter holds it and as Python compares it."""

MEANINGS = {Op.EQUAL: eq, Op.UNLIKE: ne, Op.LESS: lt, Op.AT_MOST: le, Op.MORE: gt, Op.AT_LEAST: ge}


class EngineSuite:
    """Inherit it, and give a fixture `engine`."""

    @pytest.fixture
    def spaces(self, tmp_path):
        pq.write_table(SPACES, tmp_path / "spaces.parquet")
        return {"spaces": [str(tmp_path / "spaces.parquet")]}

    @pytest.fixture
    def folder(self, tmp_path):
        (tmp_path / "table").mkdir()
        return str(tmp_path / "table")

    @pytest.mark.parametrize("sql", STATEMENTS)
    def test_a_shared_statement_gives_the_same_rows(self, engine, spaces, sql):
        rows = [tuple(row.values()) for row in engine.rows(sql, spaces)]

        assert rows == STATEMENTS[sql]

    def test_a_contracts_filter_means_the_same_whatever_its_text_and_names(self, engine, tmp_path):
        column = """a "b" `c` 'd' \\ e; -- f"""
        pq.write_table(
            pa.table({"n": range(len(AWKWARD)), column: list(AWKWARD)}), tmp_path / "t.parquet"
        )
        inputs = {"t": [str(tmp_path / "t.parquet")]}

        def found(condition):
            rows = engine.rows(f"SELECT n FROM t WHERE {to_sql(condition)} ORDER BY n", inputs)
            return [row["n"] for row in rows]

        assert [found(Compare(column, Op.EQUAL, text)) for text in AWKWARD] == [
            [n] for n in range(len(AWKWARD))
        ]
        assert found(In(column, AWKWARD[::2])) == list(range(0, len(AWKWARD), 2))

    def test_a_sample_is_of_rows_that_are_there_each_once_and_is_the_same_every_time(
        self, engine, tmp_path
    ):
        pq.write_table(pa.table({"n": range(5_000)}), tmp_path / "t.parquet")
        uris = [str(tmp_path / "t.parquet")]

        drawn = engine.sample(uris, 400)["n"].to_pylist()

        assert 300 < len(set(drawn)) == len(drawn) < 500
        assert min(drawn) < 500
        assert max(drawn) >= 4_500
        assert engine.sample(uris, 400)["n"].to_pylist() == drawn
        assert sorted(engine.sample(uris, 9_000)["n"].to_pylist()) == list(range(5_000))

    @pytest.mark.parametrize("column", FITTING)
    def test_a_contracts_filter_means_the_same_whatever_its_type(self, engine, spaces, column):
        value, fits = FITTING[column]

        for op, meaning in MEANINGS.items():
            sql = f"SELECT count(*) AS n FROM spaces WHERE {to_sql(Compare(column, op, value))}"
            expected = sum(
                meaning(held, fits)
                for held in SPACES.column(column).to_pylist()
                if held is not None
            )
            assert engine.rows(sql, spaces) == [{"n": expected}], sql

    def test_rows_stream_in_batches_of_the_size_that_is_asked_for(self, engine, spaces):
        with engine.stream("select * from spaces", spaces, batch_rows=2) as batches:
            sizes = [batch.num_rows for batch in batches]

        assert sum(sizes) == 5
        assert max(sizes) <= 2

    def test_a_streamed_column_keeps_its_type(self, engine, spaces):
        with engine.stream("select * from spaces", spaces) as batches:
            table = pa.Table.from_batches(batches)

        assert table.schema.types == SPACES.schema.types
        assert table.sort_by("day").to_pylist() == SPACES.to_pylist()

    def test_what_is_written_is_what_was_selected(self, engine, spaces, folder):
        files = engine.write(
            "select * from spaces where occupied < 4", spaces, folder, prefix="r1-"
        )

        assert sum(file.rows for file in files) == 3
        assert all(file.path.startswith("r1-") for file in files)
        assert all(file.path.endswith(".parquet") for file in files)
        written = {"t": [f"{folder}/{file.path}" for file in files]}
        assert engine.rows("select count(*) as n, sum(occupied) as s from t", written) == [
            {"n": 3, "s": 6}
        ]

    def test_the_statistics_of_a_file_enclose_its_values(self, engine, spaces, folder):
        (file,) = engine.write("select * from spaces", spaces, folder, prefix="r1-")

        assert file.rows == 5
        assert (file.minimum["occupied"], file.maximum["occupied"]) == (1, 4)
        assert (file.minimum["day"], file.maximum["day"]) == ("2026-01-01", "2026-01-05")
        assert file.minimum["read_at"] == "2026-01-01T00:59:59.999"
        # Delta keeps milliseconds: a maximum is rounded up, or readers would miss the last row.
        assert file.maximum["read_at"] == "2026-01-01T05:00:00.000"
        assert file.maximum["sent_at"] == "2026-01-01T04:00:00.000Z"
        assert file.nulls["garage"] == 1

    def test_an_empty_result_is_a_file_that_knows_its_columns(self, engine, spaces, folder):
        files = engine.write("select * from spaces where 1 = 0", spaces, folder, prefix="r1-")
        written = {"t": [f"{folder}/{file.path}" for file in files]}

        assert sum(file.rows for file in files) == 0
        with engine.stream("select garage, occupied from t", written) as batches:
            assert sum(batch.num_rows for batch in batches) == 0

    def test_a_column_that_an_older_file_lacks_is_null_there(self, engine, tmp_path):
        pq.write_table(pa.table({"a": [1]}), tmp_path / "old.parquet")
        pq.write_table(pa.table({"a": [2], "b": ["new"]}), tmp_path / "new.parquet")
        inputs = {"t": [str(tmp_path / "old.parquet"), str(tmp_path / "new.parquet")]}

        assert engine.rows("select a, b from t order by a", inputs) == [
            {"a": 1, "b": None},
            {"a": 2, "b": "new"},
        ]

    def test_a_write_that_fails_leaves_nothing(self, engine, spaces, folder, tmp_path):
        with pytest.raises(Exception, match=r"(?i)cast|convert|malformed|parse"):
            engine.write(
                "select cast(garage as bigint) as x from spaces where garage is not null",
                spaces,
                folder,
                prefix="r1-",
            )

        assert [path for path in (tmp_path / "table").rglob("*") if path.is_file()] == []

    def test_the_engine_says_what_it_is(self, engine):
        assert engine.name.split()[0] in engine.check()


REFUSED = (
    "select count(*) from spaces where (occupied, garage) in ((2, 'SALLING'))",
    "select * from read_csv('/etc/passwd')",
    "select * from '/etc/passwd'",
    "select quantile_cont(occupied, 0.5) from spaces",
    "select approx_quantile(occupied, 0.5) from spaces",
    "select hash(garage) from spaces",
    "select getenv('HOME')",
    "drop table spaces",
    "select 1; select 2",
    "copy spaces to 'x'",
    "select * from other.spaces",
    "select cast(garage as json) from spaces",
    "selec",
)

__all__ = ["REFUSED", "EngineSuite", "NotPortable"]
