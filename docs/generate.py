"""Write docs/reference from the code: settings, commands, errors, the interface; list decisions.

`python -m docs.generate` writes; a test compares what is written with what would be.
"""

import contextlib
import functools
import importlib
import inspect
import io
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rich.console import Console

import torvet
from torvet.cli.main import app as commands
from torvet.kit.errors import ExchangeError
from torvet.ports.clock import WallClock
from torvet.server import application
from torvet.settings import Settings
from torvet.web.problems import STATUS

REFERENCE = Path(__file__).parent / "reference"
DECISIONS = Path(__file__).parent / "decisions"
_WIDTH = 96


def main() -> None:
    """Write every page of the reference, and the list of decisions."""
    REFERENCE.mkdir(exist_ok=True)
    for name, page in pages().items():
        (REFERENCE / name).write_text(page, encoding="utf-8")
    (DECISIONS / "README.md").write_text(decisions_page(), encoding="utf-8")


def pages() -> dict[str, str]:
    """Return every page of the reference by file name."""
    makers: dict[str, Callable[[], str]] = {
        "settings.md": settings_page,
        "commands.md": commands_page,
        "errors.md": errors_page,
        "interface.md": interface_page,
    }
    return {name: maker() for name, maker in makers.items()}


def decisions_page() -> str:
    """Return the page of decisions as it is, with the list of all of them made anew."""
    written = (DECISIONS / "README.md").read_text(encoding="utf-8")
    said, heading, _ = written.partition("\n## All of them\n")
    listed = [f"- [{number} {title}]({path.name})" for path, number, title in decisions()]
    return "\n".join([said.rstrip(), heading or "\n## All of them\n", *listed, ""])


def decisions() -> Iterator[tuple[Path, str, str]]:
    """Return file, number and title of each decision, in order."""
    for path in sorted(DECISIONS.glob("[0-9]*.md")):
        _, number, title = path.read_text(encoding="utf-8").partition("\n")[0].split(" ", 2)
        yield path, number, title


def settings_page() -> str:
    """Return the page of settings."""
    rows = [
        f"| `TORVET_{name.upper()}` | `{_default(name, field)}` | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            "Each is an environment variable, or a line in `torvet.toml` in the home folder without",
            "the prefix and in lower case. `torvet check` says where each came from.",
            "",
            "| setting | default | what it chooses |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _default(name: str, field: Any) -> str:
    return "~/.torvet" if name == "home" else str(field.default)


def commands_page() -> str:
    """Return the page of commands: the help of each, as it prints it."""
    lines = ["# Commands", "", "All take `--help`; those that answer something take `--json`.", ""]
    for path in command_paths():
        lines += [f"## `torvet {' '.join(path)}`", "", "```text", _help(path), "```", ""]
    return "\n".join(lines)


def command_paths() -> Iterator[tuple[str, ...]]:
    """Return every command as the words that name it."""
    for name in _names(commands):
        inner = _names(commands[name])
        if inner:
            yield from ((name, deeper) for deeper in inner)
        else:
            yield (name,)


def _names(app: Any) -> list[str]:
    return sorted(name for name in app if not name.startswith("-"))


@functools.cache
def _help(path: tuple[str, ...]) -> str:
    out = io.StringIO()
    console = Console(file=out, width=_WIDTH, color_system=None, force_terminal=False)
    with contextlib.suppress(SystemExit):
        commands([*path, "--help"], console=console)
    return "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())


def errors_page() -> str:
    """Return the page of error codes."""
    lines = [
        "# Errors",
        "",
        "Every error is `application/problem+json` with these codes; fields are members beside",
        "`title` and `advice`.",
        "",
        "| code | status | what it means | fields | advice |",
        "|---|---|---|---|---|",
    ]
    for error in sorted(errors(), key=lambda each: each.code):
        held = ", ".join(f"`{f.name}`" for f in fields(error)) if is_dataclass(error) else ""
        meaning = (inspect.getdoc(error) or "").split("\n\n")[0].replace("\n", " ")
        advice = error.advice if isinstance(error.advice, str) else ""
        lines.append(f"| `{error.code}` | {STATUS[error.kind]} | {meaning} | {held} | {advice} |")
    return "\n".join([*lines, ""])


def errors() -> list[type[ExchangeError]]:
    """Return every error that the package defines."""
    for module in pkgutil.walk_packages(torvet.__path__, "torvet."):
        if "migrations" not in module.name:
            importlib.import_module(module.name)
    found: list[type[ExchangeError]] = []
    waiting = [ExchangeError]
    while waiting:
        for error in waiting.pop().__subclasses__():
            waiting.append(error)
            if "code" in vars(error) and error.__module__.startswith("torvet."):
                found.append(error)
    return found


@functools.cache
def openapi() -> dict[str, Any]:
    """Return the OpenAPI description; no part is opened for it."""
    parts = SimpleNamespace(settings=Settings(), clock=WallClock())
    return application(parts).openapi()  # type: ignore[arg-type]


def interface_page() -> str:
    """Return the page of HTTP calls."""
    rooms: dict[str, list[str]] = {}
    for path, methods in openapi()["paths"].items():
        for method, deed in methods.items():
            says = (deed.get("description") or "").split("\n\n")[0].replace("\n", " ")
            answers = ", ".join(deed["responses"])
            line = f"| `{method.upper()} {path}` | {says} | {answers} |"
            rooms.setdefault((deed.get("tags") or ["other"])[0], []).append(line)
    lines = [
        "# The interface",
        "",
        "`/openapi.json` describes every call for machines, `/docs` for people.",
    ]
    for room, deeds in sorted(rooms.items()):
        lines += ["", f"## {room.capitalize()}", "", "| call | what it does | answers |"]
        lines += ["|---|---|---|", *deeds]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
