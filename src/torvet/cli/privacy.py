"""Privacy: what a file tells of people, what could be done about it, and proof that it was."""

import json
import time
from pathlib import Path
from typing import Any

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cyclopts import App
from rich.markup import escape

from torvet.audit.notes import NoteInvalid
from torvet.audit.verifier import read_key
from torvet.privacy import classify as classified
from torvet.privacy.statements import Read
from torvet.privacy.verification import Outcome, verify

from . import anonymising
from .here import HERE, Here, exchange
from .output import ProblemSaid, answer_of, say, table, tell
from .publishing import ENDED, read_json
from .writing import written

privacy_app = App(name="privacy", help="Find personal data, make it safe, verify that it is.")
anonymising.add_to(privacy_app)
_POLL_S = 0.15
_MARKS = {
    Outcome.HOLDS: "[green]✓[/]",
    Outcome.FAILS: "[red]✗[/]",
    Outcome.UNKNOWN: "[dim]?[/]",
}


@privacy_app.command(name="classify")
def classify(file: Path, *, here: Here = HERE) -> None:
    """Say which columns of a file identify people, single them out, or are sensitive, and why.

    No exchange is asked, and no value is shown.

    Args:
        file: CSV or Parquet file, or a folder of a Delta table.
        here: How to print.
    """
    tell(here, classified(file).to_json(), _print_found)


@privacy_app.command(name="proposal")
def proposal(
    dataset: str, *, to: Path | None = None, preset: str | None = None, here: Here = HERE
) -> None:
    """Show what was found in a delivery that waits, and what each k would cost.

    Args:
        dataset: Short name of your dataset.
        to: Write the proposed policy into this file: edit it, then `torvet privacy policy`.
        preset: Whose numbers to take: households, meters, mobility, health or open.
        here: Where and as whom.
    """
    with exchange(here) as client:
        path = f"/api/datasets/{dataset}/privacy/proposal"
        found = answer_of(client.get(path, params={"preset": preset} if preset else {}))
    if to is not None:
        text = json.dumps(found["policy"], ensure_ascii=False, indent=2) + "\n"
        written(to, text.encode())
    tell(here, found, lambda it: _print_proposal(it, to))


@privacy_app.command(name="policy")
def policy(dataset: str, file: Path | None = None, *, here: Here = HERE) -> None:
    """Show the privacy policy of a dataset, or set it and see the deliveries through that waited.

    Args:
        dataset: Short name of your dataset.
        file: JSON of the policy to set, such as `torvet privacy proposal --to` writes.
        here: Where and as whom.
    """
    path = f"/api/datasets/{dataset}/privacy"
    with exchange(here) as client:
        answer = client.get(path) if file is None else client.put(path, json=read_json(file))
        held = answer_of(answer)
        if file is not None:
            held["went_on"] = _followed(client, dataset)
    tell(here, held, _print_policy if file is None else _print_set)


@privacy_app.command(name="drop")
def drop(delivery: str, *, here: Here = HERE) -> None:
    """Drop a delivery that waits for a privacy policy; its file and its rows are removed.

    Args:
        delivery: Its id, as `torvet publish` says it.
        here: Where and as whom.
    """
    with exchange(here) as client:
        answer_of(client.delete(f"/api/deliveries/{delivery}"))
    tell(here, {"dropped": delivery}, lambda _: say(f"[green]✓[/] {escape(delivery)} is dropped."))


@privacy_app.command(name="budget")
def budget(
    dataset: str, *, to: Path | None = None, key: Path | None = None, here: Here = HERE
) -> int:
    """Show what all consumers together have learned of a dataset by answers, as of now.

    It ends with 1 where another key signed it.

    Args:
        dataset: Short name of the dataset.
        to: Write the signed statement into this file.
        key: The exchange's public key, as `torvet log key` wrote it, to check the signature by.
        here: Where and as whom.
    """
    public = None if key is None else _key(key)
    with exchange(here, signed_in=here.as_ is not None) as client:
        answer = client.get(f"/api/datasets/{dataset}/budget")
        answer_of(answer)
    read = Read.from_bytes(answer.content)
    genuine = None if public is None else read.genuine(public)
    if to is not None:
        written(to, answer.content)
    tell(here, {**read.stated, "genuine": genuine}, _print_budget)
    return 1 if genuine is False else 0


@privacy_app.command(name="certificate")
def certificate(dataset: str, release: int, *, to: Path, here: Here = HERE) -> None:
    """Take the certificate of a release home, to verify it offline.

    Args:
        dataset: Short name of the dataset.
        release: Number of the release.
        to: File to write.
        here: Where and as whom.
    """
    with exchange(here, signed_in=here.as_ is not None) as client:
        answer = client.get(f"/api/datasets/{dataset}/releases/{release}/certificate")
        answer_of(answer)
    written(to, answer.content)
    tell(here, {"written": str(to)}, lambda _: say(f"[green]✓[/] {escape(str(to))}"))


@privacy_app.command(name="verify")
def verify_release(
    file: Path, certificate: Path, *, key: Path | None = None, here: Here = HERE
) -> int:
    """Compute from a release all that its certificate says and that can be computed from it.

    No exchange is asked. What cannot be computed from the release alone is named. It ends with
    1 where something differs.

    Args:
        file: The release: Parquet or CSV, or a folder of its files.
        certificate: What `torvet privacy certificate` wrote.
        key: The exchange's public key, as `torvet log key` wrote it.
        here: How to print.
    """
    public = None if key is None else _key(key)
    found = verify(file, _content(certificate), public)
    tell(here, found.to_json(), _print_verified)
    return 0 if found.holds else 1


def _key(file: Path) -> Ed25519PublicKey:
    try:
        return read_key(_content(file)).public
    except NoteInvalid as error:
        advice = "Take it from the exchange: `torvet log key FILE`."
        raise ProblemSaid({"title": f"{file} holds no key: {error}.", "advice": advice}) from error


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ProblemSaid({"title": f"{file} cannot be read: {error.strerror}."}) from error


def _print_budget(it: dict[str, Any]) -> None:
    spent, limit = it["spent_micro_rho"], it["limit_micro_rho"]
    say(
        f"{spent:,} of {limit:,} micro-ρ were spent by all consumers together"
        f" (ε {float(it['spent_epsilon']):.3g} of {float(it['limit_epsilon']):.3g}, δ"
        f" {it['delta']}), since {it['period_began_at']}."
    )
    units = "; ".join(f"{one['unit']} since release {one['from_release']}" for one in it["units"])
    say(f"What one of these contributes is hidden: {escape(units)}.")
    for remark in it["remarks"]:
        say(escape(remark))
    match it["genuine"]:
        case True:
            say("[green]✓[/] The exchange signed it.")
        case False:
            say("[red]✗ Another key signed it.[/]")


def _print_found(found: dict[str, Any]) -> None:
    say(escape(found["reason"]))
    table(
        ("column", "role", "because"),
        ((it["name"], it["role"], "; ".join(it["evidence"])) for it in found["columns"]),
        empty="There are no columns.",
    )


def _print_proposal(it: dict[str, Any], to: Path | None) -> None:
    _print_found(it["found"])
    proposed = it["policy"]
    say(f"\nProposed: [bold]{proposed['treatment']}[/], preset {escape(proposed['preset'])}.")
    table(
        ("k", "rows left out", "of all", "utility lost", "levels"),
        (_cost(line) for line in it["costs"]),
        empty="What each k costs cannot be told for these hierarchies.",
    )
    if to is None:
        say("`--to policy.json` writes the policy: edit it, then `torvet privacy policy`.")
    else:
        say(f"[green]✓[/] {escape(str(to))}: edit it, then `torvet privacy policy`.")


def _cost(line: dict[str, Any]) -> tuple[object, ...]:
    if not line["possible"]:
        return (line["k"], "not within the limit", None, None, None)
    levels = ", ".join(f"{name} {level}" for name, level in line["transformation"].items())
    share, loss = f"{line['suppressed_share']:.1%}", f"{line['loss']:.1%}"
    return (line["k"], line["suppressed"], share, loss, levels)


def _print_policy(held: dict[str, Any]) -> None:
    if held["version"] is None:
        say("There is no policy. `torvet privacy proposal` shows one to start from.")
        return
    say(f"Version {held['version']}, set at {held['set_at']}:")
    say(escape(json.dumps(held["policy"], ensure_ascii=False, indent=2)))


def _followed(client: httpx2.Client, dataset: str) -> list[dict[str, Any]]:
    """Wait for the deliveries that were let go on; raise ProblemSaid where one waits again."""
    listed = answer_of(client.get(f"/api/datasets/{dataset}/deliveries"))["items"]
    ended = []
    for it in reversed([one for one in listed if one["stage"] not in ENDED]):
        one = it
        while one["stage"] not in ENDED:
            time.sleep(_POLL_S)
            one = answer_of(client.get(f"/api/deliveries/{it['id']}"))
        if one["stage"] != "published":
            failure = one.get("failure") or {}
            raise ProblemSaid({**failure, "title": failure.get("error"), "delivery": it["id"]})
        ended.append(one)
    return ended


def _print_set(held: dict[str, Any]) -> None:
    said = held["policy"]["treatment"]
    say(f"[green]✓[/] Version {held['version']} is in force: {said}.")
    for it in held["went_on"]:
        say(f"[green]✓[/] {escape(it['file_name'])} became release {it['release']}.")


def _print_verified(found: dict[str, Any]) -> None:
    for line in found["lines"]:
        said = f"{line['stated']} → {line['computed']}" if line["stated"] else line["computed"]
        say(f"{_MARKS[Outcome(line['outcome'])]} {escape(line['what'])}: {escape(said)}")
    if found["ok"]:
        say("Nothing differs from the certificate.")
    else:
        say("[red]The release is not what the certificate says.[/]")
