"""CSV that a person opens in a spreadsheet runs nothing; what programs read is as it was published."""

import csv
import io
import json

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from torvet.delivery.formats import RowFormat, write

CELLS = ["=1+1", "+45 12 34", "-cmd|' /C calc'!A0", "@SUM(A1)", "\tx", "\r=x", "\n=x", "＝1", "-5", "+1,5", "a=b", "", None]  # fmt: skip
SAFE = ["'=1+1", "+45 12 34", "'-cmd|' /C calc'!A0", "'@SUM(A1)", "'\tx", "'\r=x", "'\n=x", "'＝1", "-5", "+1,5", "a=b", "", ""]  # fmt: skip


@pytest.fixture
def reader(cast, http):
    table = pa.table({"=name": pa.array(CELLS), "n": pa.array([-1.5] * len(CELLS))})
    contract = cast.agree(cast.dataset_with_release(table))
    secret = cast.token(cast.bo, f"share:{contract.id}")

    def read(**params):
        return http.get(
            f"/api/contracts/{contract.id}/rows",
            params=params,
            headers={"Authorization": f"Bearer {secret}"},
        )

    return read


def cells(answer):
    assert answer.status_code == 200, answer.text
    header, *rows = csv.reader(io.StringIO(answer.content.decode(), newline=""))
    return header, [row[0] for row in rows], {row[1] for row in rows}


@pytest.mark.parametrize("limit", [{}, {"limit": 100}])
def test_csv_for_a_spreadsheet_holds_no_cell_that_it_would_run(reader, limit):
    assert cells(reader(format="csv", csv_safe="true", **limit)) == (
        ["'=name", "n"],
        SAFE,
        {"-1.5"},
    )


def test_csv_for_programs_is_what_was_published(reader):
    plain = [cell or "" for cell in CELLS]

    assert cells(reader(format="csv")) == (["=name", "n"], plain, {"-1.5"})
    assert cells(reader(format="csv", csv_safe="false"))[1] == plain


def test_other_formats_are_left_alone_and_nonsense_is_refused(reader):
    lines = reader(format="ndjson", csv_safe="true").text.splitlines()

    assert [json.loads(line)["=name"] for line in lines] == CELLS
    assert reader(format="csv", csv_safe="perhaps").status_code == 422


def test_what_is_safe_and_what_is_not_are_different_to_a_cache(reader):
    assert (
        reader(format="csv").headers["etag"] != reader(format="csv", csv_safe=True).headers["etag"]
    )


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), min_size=1))
@example(["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_safe_text_is_the_text_itself_perhaps_behind_an_apostrophe(texts):
    batch = pa.record_batch({"t": pa.array(texts, pa.string())})
    written = b"".join(write(RowFormat.CSV, batch.schema, [batch], csv_safe=True)).decode()
    _, *rows = csv.reader(io.StringIO(written, newline=""))
    found = [row[0] if row else "" for row in rows]

    assert [cell.removeprefix("'") for cell in found] == [text.removeprefix("'") for text in texts]
    for cell in found:
        assert not cell.startswith(("=", "@", "\t", "\r", "\n")), cell
        assert not cell.startswith(("+", "-")) or cell[1:2].isdigit(), cell
