"""Make a file safe at your own desk: anonymise it, attack it, and see what safety costs."""

import tempfile
from pathlib import Path
from typing import Any

from cyclopts import App
from rich.markup import escape

from torvet.privacy.policies import Policy, Treatment
from torvet.privacy.proposals import proposed_for
from torvet.privacy.report.page import written as drawn
from torvet.privacy.treatments import Tried, attacked, broken_by, recoded, strengthened

from .here import HERE, Here
from .output import ProblemSaid, err, say, table, tell
from .publishing import read_json
from .writing import replaced, writing

TRIED = Tried(rows=20_000)


def add_to(app: App) -> None:
    """Add this room's commands."""
    app.command(anonymise)
    app.command(attack)
    app.command(report)


def anonymise(
    file: Path,
    *,
    to: Path,
    policy: Path | None = None,
    preset: str | None = None,
    here: Here = HERE,
) -> int:
    """Write a release of a file in which nobody is singled out, or say why there is none.

    No exchange is asked. The release is attacked before it is written: it ends with 1, and
    writes nothing, where an attack succeeds.

    Args:
        file: CSV or Parquet file, or a folder of a Delta table.
        to: Parquet file to write.
        policy: What to do; without it, what is proposed for the file.
        preset: Which numbers the proposal takes: households, meters, mobility, health or open.
        here: How to print.
    """
    chosen = _policy(file, policy, preset)
    with writing(to):
        to.parent.mkdir(parents=True, exist_ok=True)
        room = tempfile.TemporaryDirectory(prefix=".torvet-", dir=to.parent)
    with room as folder:
        made = Path(folder) / "release.parquet"
        result = recoded(chosen, file, output=made)
        found = attacked(chosen, file, made, TRIED)
        safe = not broken_by(found)
        if safe:
            with writing(to):
                made.replace(to)
    told = {
        "written": str(to) if safe else None,
        "rows": result.rows,
        "suppressed": result.suppressed,
        "transformation": dict(result.transformation),
        "risk": {"k": result.risk.k, "prosecutor": result.risk.prosecutor},
        "loss": result.utility.loss,
        "policy": chosen.to_json(),
        "attacks": found.to_json(),
    }
    tell(here, told, _print_made)
    return 0 if safe else 1


def attack(
    release: Path,
    source: Path,
    *,
    policy: Path | None = None,
    preset: str | None = None,
    here: Here = HERE,
) -> int:
    """Attack a release with all that somebody who holds its source could know.

    It ends with 1 where an attack succeeds.

    Args:
        release: The file that would be published.
        source: The file that it was made of.
        policy: What was done; without it, what is proposed for the source.
        preset: Which numbers the proposal takes.
        here: How to print.
    """
    found = attacked(_policy(source, policy, preset), source, release, TRIED)
    tell(here, found.to_json(), _print_attacks)
    return 1 if broken_by(found) else 0


def report(
    file: Path,
    *,
    html: Path,
    policy: Path | None = None,
    preset: str | None = None,
    here: Here = HERE,
) -> None:
    """Draw what safety costs: risk and loss over k, and each column before and after.

    Args:
        file: CSV or Parquet file, or a folder of a Delta table.
        html: File to write: one page that needs no network.
        policy: What to do; without it, what is proposed for the file.
        preset: Which numbers the proposal takes: households, meters, mobility, health or open.
        here: How to print.
    """
    chosen = _policy(file, policy, preset)
    result = recoded(chosen, file)
    limit = chosen.anonymise.suppression_limit if chosen.anonymise else 0.0
    replaced(html, drawn(result, file, title=file.name, limit=limit).encode())
    tell(here, {"written": str(html)}, lambda _: say(f"[green]✓[/] {escape(str(html))}"))


def _policy(file: Path, given: Path | None, preset: str | None) -> Policy:
    if given is not None:
        chosen = Policy.from_json(read_json(given))
    else:
        with err.status(f"Looking for personal data in {escape(file.name)} …"):
            chosen = strengthened(proposed_for(file, preset), file, TRIED)
        if not chosen.anonymise or not chosen.anonymise.hierarchies:
            raise ProblemSaid(
                {
                    "title": f"Nothing in {file.name} singles anybody out, so nothing is proposed.",
                    "advice": "`torvet privacy classify` shows why. `--policy` says it yourself.",
                }
            )
    if chosen.treatment is not Treatment.ANONYMISE:
        raise ProblemSaid(
            {
                "title": f"What is proposed for {file.name} is no release of rows, but of"
                " aggregates: whoever is seen many times is known by the pattern.",
                "advice": "Publish it: the exchange aggregates. Or give a `--policy` for rows.",
            }
        )
    return chosen


def _print_made(told: dict[str, Any]) -> None:
    levels = ", ".join(f"{name} {level}" for name, level in told["transformation"].items())
    say(
        f"{told['rows']:,} rows read, {told['suppressed']:,} left out, k = {told['risk']['k']},"
        f" {told['loss']:.1%} of the detail lost."
    )
    say(f"Levels: {escape(levels or 'cut locally')}.")
    _print_attacks(told["attacks"])
    if told["written"]:
        say(f"[green]✓[/] {escape(told['written'])}")
    else:
        say("[red]Nothing was written: an attack succeeded.[/]")


def _mark(outcome: dict[str, Any]) -> str:
    """Mark what chance alone may have done with a question mark: too few people to tell."""
    if outcome["passed"]:
        return "✓"
    return "✗" if outcome["low"] > outcome["control"] else "?"


def _print_attacks(found: dict[str, Any]) -> None:
    table(
        ("", "attack", "success", "by chance", "what came of it"),
        (
            (
                _mark(it),
                it["name"],
                f"{it['success']:.1%}",
                f"{it['control']:.1%}",
                it["words"],
            )
            for it in found["outcomes"]
        ),
        empty="No attack fits this release.",
    )
