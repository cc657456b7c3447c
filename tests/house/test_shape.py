"""The house keeps its shape: small files, small functions, no late imports, nothing left undone."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
INDENTED_IMPORT = re.compile(r"^[ \t]+(from \S+ )?import ", re.MULTILINE)


def _name(path):
    return str(path.relative_to(ROOT))


def _nodes(path):
    return ast.walk(ast.parse(path.read_text()))


def test_a_file_can_be_read_in_one_sitting():
    lines = {_name(path): len(path.read_text().splitlines()) for path in SOURCES}

    assert {name: number for name, number in lines.items() if number > FILE_LINES_MAX} == {}


def test_a_function_fits_on_one_screen():
    long = [
        f"{_name(path)}:{node.lineno} {node.name}"
        for path in SOURCES
        for node in _nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno >= FUNCTION_LINES_MAX
    ]

    assert long == []


def test_first_party_modules_are_imported_at_the_top():
    late = [
        f"{_name(path)}:{node.lineno}"
        for path in SOURCES
        if INDENTED_IMPORT.search(path.read_text())
        for function in _nodes(path)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if (isinstance(node, ast.ImportFrom) and (node.level or _ours(node.module)))
        or (isinstance(node, ast.Import) and any(_ours(each.name) for each in node.names))
    ]

    assert late == []


def _ours(module):
    return (module or "").split(".")[0] == "torvet"


def test_nothing_is_left_undone():
    marks = ("TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error", "pragma: no " + "cover")
    left = [
        f"{_name(path)}: {mark}"
        for path in [*SOURCES, *TESTS]
        for mark in marks
        if mark in path.read_text()
    ]

    assert left == []


def test_a_switched_off_test_says_why():
    unexplained = [
        f"{_name(path)}:{node.lineno}"
        for path in TESTS
        for node in _nodes(path)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith(("mark.skip", "mark.skipif", "mark.xfail"))
        and not any(each.arg == "reason" for each in node.keywords)
    ]

    assert unexplained == []


def test_every_suppressed_rule_says_why():
    bare = [
        f"{_name(path)}:{number}"
        for path in SOURCES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if "# noqa" in line and " - " not in line.split("# noqa", 1)[1]
    ]

    assert bare == []
