"""The threat model names tests that exist: a defence is not claimed that nothing shows."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "threat-model.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
HEAD = ["attack", "defence", "test"]


def rows():
    """The rows of every table of attacks, each as its three cells."""
    lines = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    attacks = cells[cells.index(HEAD) :]
    return [row for row in attacks if row != HEAD and set(row) != {"---"}]


@cache
def declared_in(path):
    """The names of all tests of a file, within classes too."""
    return {
        node.name
        for node in ast.walk(ast.parse((ROOT / path).read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_there_is_a_table_for_every_door():
    doors = re.findall(r"^### (.+)$", DOCUMENT.read_text(), re.MULTILINE)

    assert len(doors) == 15
    assert len(rows()) >= 5 * len(doors)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:50])
def test_every_attack_names_tests_that_exist(row):
    _attack, defence, shown = row
    named = NAMED.findall(shown)
    missing = [f"{path}::{name}" for path, name in named if name not in declared_in(path)]

    assert defence
    assert named, "no test shows this defence"
    assert missing == []


def test_everything_that_looks_like_a_test_is_read_as_one():
    """A slip of the pen in a name would otherwise take it out of sight."""
    text = DOCUMENT.read_text()

    assert text.count("::") == len(NAMED.findall(text))
