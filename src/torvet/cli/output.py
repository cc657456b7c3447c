"""What a command prints: JSON for programs, tables and sentences for people."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import httpx2
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_MINOR = 100

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


class Printed(Protocol):
    """Whoever says how to print."""

    @property
    def json(self) -> bool:
        """Whether JSON is wanted."""


class ProblemSaid(Exception):
    """The exchange answered with a problem; the command prints it and ends with status 1."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        super().__init__(problem.get("title", "The exchange refused."))
        self.problem = problem


def answer_of(response: httpx2.Response) -> Any:
    """Return the JSON of `response`; raise ProblemSaid where it is a problem."""
    if response.is_success:
        return response.json() if response.content else None
    response.read()
    try:
        problem = response.json()
    except ValueError:
        problem = {"title": f"HTTP {response.status_code}: {response.text[:300]}"}
    raise ProblemSaid(problem)


def tell(here: Printed, value: Any, people: Callable[[Any], None]) -> None:
    """Print `value` as JSON where `--json` asks for it, else as `people` prints it."""
    if here.json:
        print_json(value)
    else:
        people(value)


def print_json(value: Any) -> None:
    """Print `value` as indented JSON on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def say(text: str) -> None:
    """Print one line for a person; `text` may hold rich markup."""
    out.print(text)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print `rows` under `columns`, or `empty`: what to do where there is nothing yet."""
    grid = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        grid.add_column(name)
    for row in rows:
        grid.add_row(*(escape(_cell(value)) for value in row))
    if grid.row_count:
        out.print(grid)
    else:
        out.print(empty)


def _cell(value: object) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case _:
            return str(value)


def print_problem(problem: Mapping[str, Any]) -> None:
    """Print a problem so that the person who caused it can act on it."""
    err.print(f"[bold red]✗[/] {escape(str(problem.get('title', problem)))}")
    for reason in problem.get("reasons") or ():
        err.print(f"  • {escape(str(reason))}")
    if problem.get("advice"):
        err.print(f"  [dim]{escape(str(problem['advice']))}[/]")


def money(written: Any) -> str:
    """Return an amount as the interface writes it for a person: `-1,234.50 DKK`."""
    minor = int(written["minor"])
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // _MINOR:,}.{abs(minor) % _MINOR:02} {written['currency']}"


def words(text: Any, language: str = "en") -> str:
    """Return a text of a dataset in `language`, or in the one it has."""
    if isinstance(text, Mapping):
        return str(text.get(language) or next(iter(text.values()), ""))
    return "" if text is None else str(text)
