"""Service levels, questions, and disputes: how promises are kept, and what follows when not."""

import json
from pathlib import Path
from typing import Any, Literal

from cyclopts import App
from rich.markup import escape

from .here import HERE, Here, exchange
from .output import answer_of, say, table, tell

service_app = App(name="service", help="What is promised of a service, and how it is kept.")
dispute_app = App(name="dispute", help="What two parties do not agree about, and who decides it.")


def add_to(app: App) -> None:
    """Add this room's commands."""
    app.command(service_app)
    app.command(dispute_app)


@service_app.command(name="report")
def report(contract: str, *, month: str | None = None, here: Here = HERE) -> None:
    """Tell how a contract's promises were kept, measured by the exchange itself.

    Args:
        contract: Its id.
        month: Like 2026-06; without it, this month so far.
        here: Where and as whom.
    """
    asked = {"month": month} if month else {}
    with exchange(here) as client:
        found = answer_of(client.get(f"/api/contracts/{contract}/service", params=asked))
    tell(here, found, _print_report)


@service_app.command(name="months")
def months(contract: str, *, here: Here = HERE) -> None:
    """List how a contract's promises were kept in the months that are over.

    Args:
        contract: Its id.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get(f"/api/contracts/{contract}/service/months"))
    tell(
        here,
        found,
        lambda it: table(
            ("month", "kept", "percent back", "credit", "amount"),
            (
                (
                    one["month"],
                    not any(each["breach"] for each in one["findings"]),
                    one["percent"],
                    one["credit"],
                    _amount(one["amount"]),
                )
                for one in it["items"]
            ),
            empty="No month is over yet: `torvet service report` tells how this one goes.",
        ),
    )


@service_app.command(name="announce")
def announce(dataset: str, *, begins: str, ends: str, words: str, here: Here = HERE) -> None:
    """Announce work on a dataset of yours, before it begins.

    Args:
        dataset: Its short name.
        begins: When it begins, RFC 3339.
        ends: When it is over, RFC 3339.
        words: What is done.
        here: Where and as whom.
    """
    wish = {"begins_at": begins, "ends_at": ends, "words": words}
    with exchange(here) as client:
        made = answer_of(client.post(f"/api/datasets/{dataset}/maintenance", json=wish))
    tell(here, made, lambda it: say(f"[green]✓[/] {it['id']} is announced."))


@service_app.command(name="planned")
def planned(dataset: str, *, here: Here = HERE) -> None:
    """List the work on a dataset that is announced.

    Args:
        dataset: Its short name.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get(f"/api/datasets/{dataset}/maintenance"))
    tell(
        here,
        found,
        lambda it: table(
            ("work", "begins", "ends", "announced", "called off", "what"),
            (
                (
                    m["id"],
                    m["begins_at"],
                    m["ends_at"],
                    m["announced_at"],
                    m["withdrawn_at"] is not None,
                    m["words"],
                )
                for m in it["items"]
            ),
            empty="No work is announced.",
        ),
    )


@service_app.command(name="call-off")
def call_off(dataset: str, work: str, *, here: Here = HERE) -> None:
    """Take announced work back.

    Args:
        dataset: Its short name.
        work: Its id, as `torvet service planned` shows it.
        here: Where and as whom.
    """
    with exchange(here) as client:
        made = answer_of(client.delete(f"/api/datasets/{dataset}/maintenance/{work}"))
    tell(here, made, lambda it: say(f"[green]✓[/] {it['id']} is called off."))


@service_app.command(name="questions")
def questions(contract: str, *, here: Here = HERE) -> None:
    """List what was asked under a contract.

    Args:
        contract: Its id.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get(f"/api/contracts/{contract}/questions"))
    tell(
        here,
        found,
        lambda it: table(
            ("question", "title", "asked", "answered", "closed"),
            (
                (q["id"], q["title"], q["asked_at"], q["answered_at"], q["closed_at"])
                for q in it["items"]
            ),
            empty="Nothing was asked. `torvet service ask` asks the provider.",
        ),
    )


@service_app.command(name="ask")
def ask(contract: str, title: str, words: str, *, here: Here = HERE) -> None:
    """Ask the provider of a contract something; where support is promised, its clock runs.

    Args:
        contract: Its id.
        title: The question in a few words.
        words: What you want to know.
        here: Where and as whom.
    """
    with exchange(here) as client:
        made = answer_of(
            client.post(
                f"/api/contracts/{contract}/questions", json={"title": title, "words": words}
            )
        )
    tell(here, made, _print_thread)


@service_app.command(name="answer")
def answer(contract: str, question: str, words: str, *, here: Here = HERE) -> None:
    """Write into a question: as the provider the first words are the answer.

    Args:
        contract: Its id.
        question: The question's id.
        words: What you have to say.
        here: Where and as whom.
    """
    path = f"/api/contracts/{contract}/questions/{question}/messages"
    with exchange(here) as client:
        made = answer_of(client.post(path, json={"words": words}))
    tell(here, made, _print_thread)


@service_app.command(name="close")
def close(contract: str, question: str, *, here: Here = HERE) -> None:
    """Close a question that is settled, as the consumer.

    Args:
        contract: Its id.
        question: The question's id.
        here: Where and as whom.
    """
    with exchange(here) as client:
        made = answer_of(client.post(f"/api/contracts/{contract}/questions/{question}/closing"))
    tell(here, made, _print_thread)


@dispute_app.command(name="open")
def open_dispute(
    contract: str,
    about: Literal["invoice", "period", "service"],
    words: str,
    *,
    subject: str = "",
    here: Here = HERE,
) -> None:
    """Open a dispute; what the log says of it is collected at once.

    Args:
        contract: The contract's id.
        about: An invoice, a month, or the service.
        words: What you do not agree with.
        subject: The invoice's number, or the month like 2026-06.
        here: Where and as whom.
    """
    wish = {"about": about, "subject": subject, "words": words}
    with exchange(here) as client:
        made = answer_of(client.post(f"/api/contracts/{contract}/disputes", json=wish))
    tell(here, made, _print_dispute)


@dispute_app.command(name="list")
def list_disputes(*, every: bool = False, live: bool = False, here: Here = HERE) -> None:
    """List the disputes of your party, the newest first.

    Args:
        every: Of all parties, for the operator.
        live: Only those that are not over.
        here: Where and as whom.
    """
    asked = {"every": str(every).lower(), "live": str(live).lower()}
    with exchange(here) as client:
        found = answer_of(client.get("/api/disputes", params=asked))
    tell(
        here,
        found,
        lambda it: table(
            ("dispute", "contract", "about", "subject", "stage", "decision by"),
            (
                (d["id"], d["contract"], d["about"], d["subject"], d["stage"], d["decide_until"])
                for d in it["items"]
            ),
            empty="Nothing is disputed.",
        ),
    )


@dispute_app.command(name="show")
def show(dispute: str, *, here: Here = HERE) -> None:
    """Show a dispute: what was said, what the log says, what was decided.

    Args:
        dispute: Its id.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get(f"/api/disputes/{dispute}"))
    tell(here, found, _print_dispute)


@dispute_app.command(name="write")
def write(dispute: str, words: str, *, here: Here = HERE) -> None:
    """Write into a dispute; the other party's first words are its answer.

    Args:
        dispute: Its id.
        words: What you have to say.
        here: Where and as whom.
    """
    with exchange(here) as client:
        made = answer_of(client.post(f"/api/disputes/{dispute}/messages", json={"words": words}))
    tell(here, made, _print_dispute)


@dispute_app.command(name="withdraw")
def withdraw(dispute: str, *, here: Here = HERE) -> None:
    """Take a dispute of yours back.

    Args:
        dispute: Its id.
        here: Where and as whom.
    """
    with exchange(here) as client:
        made = answer_of(client.post(f"/api/disputes/{dispute}/withdrawal"))
    tell(here, made, _print_dispute)


@dispute_app.command(name="evidence")
def evidence(dispute: str, to: Path, *, here: Here = HERE) -> None:
    """Take home what the log says of a dispute; `torvet verify` checks it without the exchange.

    Args:
        dispute: Its id.
        to: File to write.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get(f"/api/disputes/{dispute}/evidence"))
    to.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
    number = len(found["facts"])
    tell(here, {"written": str(to)}, lambda _: say(f"[green]✓[/] {to}: {number} facts, proven"))


@dispute_app.command(name="decide")
def decide(
    dispute: str,
    outcome: Literal["rejected", "credited", "cancelled"],
    reason: str,
    *,
    amount_minor: int | None = None,
    currency: Literal["DKK", "EUR"] = "DKK",
    invoice: str | None = None,
    here: Here = HERE,
) -> None:
    """Decide a dispute, as the operator; what is decided is done at once.

    Args:
        dispute: Its id.
        outcome: Reject it, credit an amount, or cancel invoice and contract.
        reason: Why; both parties are told.
        amount_minor: Øre or cent that are credited, without VAT.
        currency: Of the amount.
        invoice: Which invoice is credited, where the dispute is not about one.
        here: Where and as whom.
    """
    amount = None if amount_minor is None else {"minor": amount_minor, "currency": currency}
    wish = {"outcome": outcome, "reason": reason, "amount": amount, "invoice": invoice}
    with exchange(here) as client:
        made = answer_of(client.post(f"/api/disputes/{dispute}/decision", json=wish))
    tell(here, made, _print_dispute)


def _print_report(it: dict[str, Any]) -> None:
    say(f"[bold]{it['month']}[/]  {it['start']} to {it['end']}")
    for one in it["findings"]:
        mark = "–" if one["measured"] is None else "[red]✗[/]" if one["breach"] else "[green]✓[/]"
        back = f"; {one['percent']} % back" if one["percent"] else ""
        say(f"{mark} {one['measure']}: {escape(one['words']['en'])}{back}")
    if it["percent"]:
        said = _amount(it["amount"]) or f"{it['percent']} % of the month's charges"
        say(f"Given back: {said} ({it['credit']})")
    say(f"[dim]{len(it['evidence'])} facts in the log: `torvet log receipt POSITION FILE`[/]")


def _print_thread(it: dict[str, Any]) -> None:
    say(f"[bold]{escape(it['title'])}[/]  [dim]{it['id']}[/]")
    _print_said(it)


def _print_said(it: dict[str, Any]) -> None:
    for one in it["messages"]:
        say(f"  [dim]{one['side']}, {one['at']}[/]  {escape(one['words'])}")


def _print_dispute(it: dict[str, Any]) -> None:
    say(f"[bold]{it['stage']}[/]  {it['about']} {it['subject']}  [dim]{it['id']}[/]")
    _print_said(it)
    if it["decision"]:
        made = it["decision"]
        amount = f" {_amount(made['amount'])}" if made["amount"] else ""
        say(f"{made['outcome']}{amount}: {escape(made['reason'])}")
    say(f"[dim]{len(it['evidence'])} facts: `torvet dispute evidence {it['id']} FILE`[/]")


def _amount(written: dict[str, Any] | None) -> str | None:
    if written is None:
        return None
    minor = int(written["minor"])
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100:,}.{abs(minor) % 100:02} {written['currency']}"
