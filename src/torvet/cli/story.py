"""`torvet demo`: the whole main job on real city data, told step by step."""

import json
import shutil
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.markup import escape
from rich.status import Status

from torvet.demo.cast import people
from torvet.demo.clock import A_MONTH_AGO, StoryClock
from torvet.demo.play import Played, play
from torvet.demo.stage import Machine, Step
from torvet.exchange import open_parts
from torvet.jobs import known, periodic
from torvet.kit.errors import ExchangeError, Kind
from torvet.kit.home import default_home
from torvet.parties import make_operator
from torvet.ports.parts import Parts
from torvet.server import application
from torvet.settings import load

from .near import near
from .output import out, say
from .serving import served, working

_MARK = "demo.json"


@dataclass(eq=False)
class HomeInUse(ExchangeError):
    """The home folder holds an exchange already."""

    kind, code = Kind.CONFLICT, "home-in-use"
    advice = "Choose an empty folder with --home, or play a demo's folder anew with --again."
    home: str

    def __str__(self) -> str:
        return f"{self.home} holds an exchange already, and the story needs an empty one."


@dataclass(eq=False)
class AddressTaken(ExchangeError):
    """Somebody else listens there."""

    kind, code = Kind.UNAVAILABLE, "address-taken"
    advice = "Choose another with --port, or end the program that listens there."
    address: str

    def __str__(self) -> str:
        return f"The exchange cannot listen at {self.address}."


def demo(
    *,
    once: bool = False,
    json_: Annotated[Path | None, Parameter(name="--json")] = None,
    port: int = 8000,
    again: bool = False,
    home: Path | None = None,
) -> int:
    """Play the main job on real city data, then keep serving.

    Args:
        once: End after the story; the status says whether every step went well.
        json_: File to write what was seen to.
        port: Port to serve at on 127.0.0.1.
        again: Remove what an earlier demo left in the folder, and play anew.
        home: The demo's own folder; `demo` in the exchange's home folder where not given.
    """
    home = home or default_home() / "demo"
    marked = home / _MARK
    if again and marked.exists():
        shutil.rmtree(home)
    if home.exists() and any(home.iterdir()):
        if once or not marked.exists():
            raise HomeInUse(str(home))
        return _serve_again(home, port)
    seen = _play(home, port, keep=not once)
    if json_:
        json_.write_text(json.dumps(seen, ensure_ascii=False, indent=2), encoding="utf-8")
    return 0 if seen["ok"] else 1


def _play(home: Path, port: int, *, keep: bool) -> dict[str, Any]:
    url = f"http://127.0.0.1:{port}"
    say(f"[bold]Torvet[/] plays its story in {escape(str(home))}")
    with ExitStack() as stack:
        with Status("Starting PostgreSQL, tables, engine …", console=out):
            settings, _ = load(home=home, url=url, port=port)
            clock = StoryClock(behind=A_MONTH_AGO)
            parts = replace(stack.enter_context(open_parts(settings)), clock=clock)
            _listen(stack, parts, port)
        taken = home / "taken-home"
        taken.mkdir()
        machine = Machine(
            clock=clock,
            appoint=partial(make_operator, parts),
            tick=partial(_do_what_comes_back, parts),
        )
        seen = play(url, taken, machine, _tell)
        marks = [{"email": who.email, "password": who.password} for who in people()]
        mark = home / _MARK
        mark.touch(mode=0o600)
        mark.write_text(json.dumps(marks), encoding="utf-8")
        if seen["ok"]:
            say(f"\n[bold green]Every step went well[/] in {seen['seconds']:.1f} s.")
        else:
            say("\n[bold red]The story broke[/] at the step above.")
        if keep and seen["ok"]:
            _keep_serving(url, marks)
    return seen


def _do_what_comes_back(parts: Parts) -> None:
    for one in periodic():
        known()[one.name].deed(parts)


def _serve_again(home: Path, port: int) -> int:
    url = f"http://127.0.0.1:{port}"
    say(f"The story was played here before; {escape(str(home))} is served as it was left.")
    with ExitStack() as stack:
        parts = stack.enter_context(open_parts(load(home=home, url=url, port=port)[0]))
        _listen(stack, parts, port)
        _keep_serving(url, json.loads((home / _MARK).read_text(encoding="utf-8")))
    return 0


def _listen(stack: ExitStack, parts: Parts, port: int) -> None:
    try:
        stack.enter_context(served(application(parts), host="127.0.0.1", port=port))
    except OSError as error:
        raise AddressTaken(f"127.0.0.1:{port}") from error
    stack.enter_context(working(parts))
    stack.enter_context(near(parts))


def _keep_serving(url: str, signs_in: list[dict[str, str]]) -> None:
    say(f"\nThe exchange goes on at [bold]{url}[/]. Sign in as:")
    for who in signs_in:
        say(f"  {who['email']:<30} {who['password']}")
    say("[dim]End it with Ctrl-C; `torvet demo` serves it again as it was left.[/]")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        say("\nEnded. Nothing is lost.")


def _tell(number: int, of: int, step: Step) -> Callable[[Played], None]:
    status = Status(f"{number:>2}/{of} {step.says} …", console=out)
    status.start()

    def done(it: Played) -> None:
        status.stop()
        mark = "[green]✓[/]" if it.ok else "[red]✗[/]"
        say(
            f"{mark} {number:>2}/{of} [dim]{step.chapter:<8}[/]{escape(step.says)}"
            f" [dim]{it.seconds:.2f} s[/]\n           [dim]{escape(it.said)}[/]"
        )

    return done
