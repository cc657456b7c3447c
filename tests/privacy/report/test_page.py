"""The report: one file that needs nothing else, and whose figures are those of the result."""

import random
import re
import xml.etree.ElementTree as ET

import pyarrow as pa
import pytest

from torvet.privacy import Hierarchy, KAnonymity, anonymise
from torvet.privacy.costs import lines_of
from torvet.privacy.proposals import KS
from torvet.privacy.report.page import written

LIMIT = 0.1


@pytest.fixture(scope="module")
def people():
    draw = random.Random(7)
    return pa.table(
        {
            "age": [draw.randint(18, 90) for _ in range(400)],
            "postcode": [draw.choice(["8000", "8200", "8210", None]) for _ in range(400)],
            "<b>ill</b>": [draw.choice(["yes", "no"]) for _ in range(400)],
        }
    )


@pytest.fixture(scope="module")
def result(people):
    return anonymise(
        people,
        quasi_identifiers={
            "age": Hierarchy.intervals(0, 100, (5, 10, 50)),
            "postcode": Hierarchy.prefix(4),
        },
        sensitive=["<b>ill</b>"],
        models=[KAnonymity(5)],
        suppression_limit=LIMIT,
    )


@pytest.fixture(scope="module")
def page(result, people):
    return written(result, people, title="A <script> of people", limit=LIMIT)


def test_the_file_loads_nothing_and_runs_nothing(page):
    assert not re.findall(r"(?:src|href)\s*=", page)
    assert "<script" not in page
    assert "<b>ill</b>" not in page


def test_every_picture_is_well_formed_and_says_what_it_shows(page):
    pictures = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(pictures) == 3
    for picture in pictures:
        assert ET.fromstring(picture).attrib["aria-label"]


def test_the_table_over_k_holds_what_was_chosen(result):
    lines = lines_of(result.surface(KS), KS, result.rows, suppression_limit=LIMIT)
    of_k = {line["k"]: line for line in lines}
    assert of_k[5]["loss"] == pytest.approx(result.utility.loss, abs=1e-6)
    assert of_k[5]["suppressed"] == result.suppressed
    reached = [line["loss"] for line in lines if line["possible"]]
    assert reached == sorted(reached)


def test_shares_before_and_after_are_those_of_all_rows(page):
    for picture in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)[1:]:
        shares = [float(it) for it in re.findall(r">([\d.]+)%<", picture)]
        assert sum(shares) == pytest.approx(200, abs=3)
