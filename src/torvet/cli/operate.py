"""What the operator does on the exchange's own machine."""

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from rich.markup import escape

from torvet.audit import verify_log
from torvet.exchange import back_up, check, open_parts, restore_from, stop_embedded
from torvet.jobs import run_worker
from torvet.parties import make_operator
from torvet.server import application, settled
from torvet.settings import Settings, load

from .here import HERE, Here
from .logs import configure
from .near import near
from .output import err, say, tell
from .serving import working

_STOP_WITHIN_S = 10


def serve(*, host: str | None = None, port: int | None = None, here: Here = HERE) -> None:
    """Serve the exchange: pages, interfaces and, beside them, one worker.

    Args:
        host: Address to listen on.
        port: Port to listen on.
        here: Where.
    """
    given = {"host": host, "port": port, "home": here.home}
    settings, _ = load(**{name: value for name, value in given.items() if value is not None})
    configure(settings.log_level)
    with open_parts(settings) as parts:
        err.print(f"Torvet serves at [bold]{settings.url}[/] from {escape(str(settings.home))}")
        app = application(parts)
        with settled(), working(parts), near(parts):
            uvicorn.run(
                app,
                host=settings.host,
                port=settings.port,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_STOP_WITHIN_S,
            )


def worker(*, once: bool = False, here: Here = HERE) -> None:
    """Do background work: publish, seal, sweep. Start as many as you like.

    Args:
        once: Do what is waiting and end.
        here: Where.
    """
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    settings = _settings(here)
    configure(settings.log_level)
    with open_parts(settings) as parts:
        run_worker(parts, stop=ended, once=once)


def migrate(*, here: Here = HERE) -> None:
    """Bring the database to this version's form. `serve` and `worker` do it by themselves.

    Args:
        here: Where.
    """
    with open_parts(_settings(here)):
        tell(here, {"migrated": True}, lambda _: say("[green]✓[/] The database is up to date."))


def stop(*, here: Here = HERE) -> None:
    """Stop the embedded database, where one was left running.

    Args:
        here: Where.
    """
    stopped = stop_embedded(_settings(here))
    tell(
        here,
        {"stopped": stopped},
        lambda _: say("[green]✓[/] Stopped." if stopped else "No embedded database is running."),
    )


def backup(archive: Path, *, here: Here = HERE) -> None:
    """Write everything that is here into one archive, while work goes on.

    Args:
        archive: The file to write, ending in .tar.
        here: Where.
    """
    done = back_up(_settings(here), archive)
    tell(here, done, lambda it: say(f"[green]✓[/] {escape(str(archive))}: {it['bytes']:,} bytes."))


def restore(archive: Path, *, here: Here = HERE) -> None:
    """Bring a backup back into an empty home folder.

    Args:
        archive: A file that `torvet backup` wrote.
        here: Where.
    """
    done = restore_from(_settings(here), archive)
    tell(here, done, lambda _: say("[green]✓[/] Restored. Start it with `torvet serve`."))


def operator(email: str, *, here: Here = HERE) -> None:
    """Make an account the operator of this exchange.

    Args:
        email: The account.
        here: Where.
    """
    with open_parts(_settings(here)) as parts:
        make_operator(parts, email)
    tell(here, {"operator": email}, lambda _: say(f"[green]✓[/] {email} operates this exchange."))


def verify_whole_log(*, here: Here = HERE) -> int:
    """Compute the whole log again from its facts, and compare it with tree and checkpoints.

    On the exchange's own machine, while work goes on: a fact that was changed, moved or taken out
    in the database shows here. Ends with 1 where anything is wrong.

    Args:
        here: Where.
    """
    with open_parts(_settings(here)) as parts, err.status("Hashing every fact again …"):
        report = verify_log(parts)
    said = {
        "ok": report.ok,
        "facts": report.facts,
        "checkpoints": report.checkpoints,
        "faults": list(report.faults),
    }
    tell(here, said, _print_log_report)
    return 0 if report.ok else 1


def _print_log_report(report: dict[str, Any]) -> None:
    for fault in report["faults"]:
        say(f"[red]✗[/] {escape(fault)}")
    if report["ok"]:
        say(
            f"[green]✓[/] {report['facts']:,} facts and {report['checkpoints']:,} checkpoints: "
            "whole and unchanged."
        )


def check_parts(*, here: Here = HERE) -> int:
    """Try every part, and say where each setting came from.

    Args:
        here: Where.
    """
    settings, origins = load(**({"home": here.home} if here.home else {}))
    findings = check(settings, origins)
    tell(here, {"ok": all(f["ok"] for f in findings), "parts": findings}, _print_findings)
    return 0 if all(finding["ok"] for finding in findings) else 1


def _print_findings(report: dict[str, Any]) -> None:
    for it in report["parts"]:
        mark = "[green]✓[/]" if it["ok"] else "[red]✗[/]"
        say(f"{mark} [bold]{it['part']}[/]  {escape(it['said'])}  [dim]({it['origin']})[/]")
        if not it["ok"] and it["advice"]:
            say(f"    {escape(it['advice'])}")


def _settings(here: Here) -> Settings:
    return load(**({"home": here.home} if here.home else {}))[0]
