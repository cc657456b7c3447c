"""The prepared table, and exact sums of it: bounded, complete, and the same on both engines."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from torvet.backends.spark_engine import SparkEngine
from torvet.ports.dialect import shared
from torvet.privacy.answers import exact as exact_sums
from torvet.privacy.answers import prepare
from torvet.privacy.answers.exact import exact
from torvet.privacy.answers.question import (
    Count,
    Histogram,
    Mean,
    Quantile,
    Question,
    Sum,
    fitted,
)

from .asked import made, policy

ROWS = [
    ("m1", 1, 0, "a", 4.0),
    ("m1", 1, 0, "a", 3.0),  # the same slot: summed
    ("m1", 1, 1, "b", 99.0),  # clipped
    ("m1", 2, 0, "b", math.nan),  # no number: a row without a value
    ("m2", 1, 0, "b", -99.0),
    ("m2", 1, 0, "a", 1.0),  # two zones in one slot: the first of them counts
    ("m2", 1, 9, "a", 1.0),  # an hour that is not public
    ("m3", 1, 1, "elsewhere", 1.0),  # a zone that is not public
    (None, 1, 1, "a", 1.0),  # nobody's
    *(("m4", day, 0, "a", 2.0) for day in range(9)),  # more slots than a unit may have
]
QUESTION = Question(
    measures=(
        Count(),
        Sum("wh"),
        Mean("wh"),
        Histogram("wh", (Decimal(0), Decimal(5))),
        Quantile("wh", Decimal("0.5")),
    ),
    group_by=("zone", "hour"),
)


@pytest.fixture(scope="module")
def spark_engine(sail_url):
    opened = SparkEngine(sail_url, files=fsspec.filesystem("file"))
    yield opened
    opened.close()


def sums(engine, folder, spec=None, question=QUESTION):
    spec = spec or policy()
    asked = fitted(question, spec)
    found = exact(engine, made(engine, folder, spec, ROWS), spec, asked.vectors)
    return [found[vector] for vector in asked.vectors]


def check(engine, folder):
    rows, total, centred, values, bins, grid = sums(engine, folder)

    # Cells by hour, then zone (a, b).
    assert rows.tolist() == [[6, 1], [0, 1]]
    assert total.tolist() == [[7 + 1 + 4 * 2, 0], [0, 10]]
    assert values.tolist() == [[6, 0], [0, 1]]
    assert centred.tolist() == [[16 - 6 * 3, 0], [0, 10 - 3]]
    assert bins.tolist() == [[[0, 5, 1], [0, 0, 0]], [[0, 0, 0], [0, 0, 1]]]
    assert grid.sum() == values.sum()


def test_sums_are_over_one_row_a_unit_and_slot(engine, tmp_path):
    check(engine, tmp_path)


@pytest.mark.slow
def test_sums_are_the_same_on_spark(spark_engine, tmp_path):
    check(spark_engine, tmp_path)


def test_the_prepared_table_names_no_unit(engine, tmp_path):
    spec = policy()
    (file,) = made(engine, tmp_path, spec, ROWS)
    table = pq.read_table(file)

    said = prepare.schema(spec)
    assert (table.schema.names, table.schema.types) == (said.names, said.types)
    assert b"m4" not in Path(file).read_bytes()


@pytest.mark.parametrize("slot", [["hour"], ["day", "hour"], ["day", "hour", "zone"]])
def test_all_that_is_run_is_in_the_words_of_both_engines(slot):
    spec = policy(slot=slot, derive={"day": {"of": "at", "take": "date"}})
    asked = fitted(QUESTION, spec)

    assert shared(prepare.statement(spec))
    for vector in asked.vectors:
        assert shared(exact_sums.statement(spec, [vector]))


def test_a_key_may_be_part_of_a_moment(engine, tmp_path):
    moments = [datetime(2026, 1, day, hour, 30, tzinfo=UTC) for day in (1, 2) for hour in (0, 1)]
    table = pa.table({"meter": ["m"] * 4, "at": moments, "wh": [1, 2, 3, 4]})
    pq.write_table(table, tmp_path / "source.parquet")
    spec = policy(
        slot=["at"],
        keys={"hour": [0, 1], "date": ["2026-01-02", "2026-01-03"]},
        derive={"hour": {"of": "at", "take": "hour"}, "date": {"of": "at", "take": "date"}},
    )
    files = prepare.prepared(engine, [str(tmp_path / "source.parquet")], spec, str(tmp_path))
    asked = fitted(Question(measures=(Sum("wh"),), group_by=("hour", "date")), spec)
    found = exact(engine, [str(tmp_path / f.path) for f in files], spec, asked.vectors)

    # Cells by date, then hour.
    assert found[asked.vectors[0]].tolist() == [[3, 4], [0, 0]]


def test_values_are_counted_in_steps(engine, tmp_path):
    spec = policy(bounds={"wh": {"low": -30, "high": 100, "step": "0.1"}})
    total = sums(engine, tmp_path, spec, Question(measures=(Sum("wh"),)))

    assert total[0].tolist() == 70 + 100 + 10 + 4 * 20  # tenths; 99 is clipped to 10


def test_a_table_without_a_row_has_every_cell(engine):
    spec = policy()
    asked = fitted(QUESTION, spec)
    found = exact(engine, [], spec, asked.vectors)

    assert all(not numbers.any() for numbers in found.values())
    assert found[asked.vectors[0]].shape == (2, 2)


def test_a_question_without_keys_is_one_cell(engine, tmp_path):
    found = sums(engine, tmp_path, question=Question(measures=(Count(),)))

    assert np.asarray(found[0]).shape == ()
    assert int(found[0]) == 8
