"""Offers and contracts: make, accept, approve, refuse, revoke, explain."""

import json
from pathlib import Path
from typing import Any, Literal

from cyclopts import App
from rich.markup import escape

from .here import HERE, Here, exchange
from .ordering import NOTHING_ORDERED, Ordered
from .output import answer_of, say, table, tell
from .publishing import read_json

offer_app = App(name="offer", help="Terms under which a dataset may be had.")
contract_app = App(name="contract", help="What has been agreed, and how to end it.")


def add_to(app: App) -> None:
    """Add this room's commands."""
    app.command(offer_app)
    app.command(contract_app)
    app.command(accept)
    app.command(revoke)


@offer_app.command(name="make")
def make_offer(
    dataset: str,
    title: str,
    *,
    clauses: Path | None = None,
    price: str | None = None,
    levels: Path | None = None,
    approval: Literal["at-once", "on-request"] = "at-once",
    audience: list[str] | None = None,
    preview_acknowledged: bool = False,
    here: Here = HERE,
) -> None:
    """Offer a dataset under clauses.

    Args:
        dataset: Its short name.
        title: The offer in a few words.
        clauses: JSON list of clauses, or an ODRL offer; without it, everything is allowed.
        price: What it costs without VAT: "500 DKK per month + 12.50 DKK per 1000 rows, first
            10000 free", or a JSON file for tiers and cases; without it, it is free.
        levels: JSON file of what you promise of your service, and give back where you break it.
        approval: Whether acceptance makes a contract at once or waits for you.
        audience: Short names of the only parties that may have it.
        preview_acknowledged: You know that the preview shows more than this offer gives.
        here: Where and as whom.
    """
    wish = {
        "title": title,
        "clauses": read_json(clauses) if clauses else [],
        "price": price_in(price),
        "levels": read_json(levels) if levels else None,
        "approval": approval,
        "audience": audience,
        "preview_acknowledged": preview_acknowledged,
    }
    with exchange(here) as client:
        made = answer_of(client.post(f"/api/datasets/{dataset}/offers", json=wish))
    tell(here, made, _print_offer)


@offer_app.command(name="list")
def list_offers(dataset: str, *, here: Here = HERE) -> None:
    """List the open offers of a dataset.

    Args:
        dataset: Its short name.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get(f"/api/datasets/{dataset}/offers"))
    tell(
        here,
        found,
        lambda it: table(
            ("offer", "title", "price", "terms"),
            (
                (
                    o["id"],
                    o["title"],
                    " ".join(o["price"]["words"]["en"]),
                    "; ".join(o["words"]["en"]),
                )
                for o in it["items"]
            ),
            empty="No open offers. Make one with `torvet offer make`.",
        ),
    )


@offer_app.command(name="show")
def show_offer(offer: str, *, odrl: bool = False, here: Here = HERE) -> None:
    """Show an offer's terms in plain words.

    Args:
        offer: Its id.
        odrl: Print it as ODRL JSON-LD.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get(f"/api/offers/{offer}{'/odrl' if odrl else ''}"))
    tell(here, found, _print_odrl if odrl else _print_offer)


@offer_app.command(name="withdraw")
def withdraw_offer(offer: str, *, here: Here = HERE) -> None:
    """Withdraw an offer. Contracts that were made under it go on.

    Args:
        offer: Its id.
        here: Where and as whom.
    """
    with exchange(here) as client:
        answer_of(client.delete(f"/api/offers/{offer}"))
    tell(here, {"withdrawn": offer}, lambda _: say(f"[green]✓[/] {offer} is withdrawn."))


def accept(
    offer: str,
    *,
    purpose: str,
    note: str = "",
    seen: str | None = None,
    ordered: Ordered = NOTHING_ORDERED,
    here: Here = HERE,
) -> None:
    """Accept an offer, or request it where the provider wants to approve.

    What is accepted is what the offer says now; with `--seen`, only what you read before.

    Args:
        offer: Its id.
        purpose: Why you read, as a DPV purpose such as ResearchAndDevelopment.
        note: A few words to the provider.
        seen: Digest of the terms that you read, as `torvet offer show` prints it.
        ordered: Your own reference, where your invoices go, and how much you spend.
        here: Where and as whom.
    """
    with exchange(here) as client:
        wish = {
            "purpose": purpose,
            "note": note,
            "seen": seen or answer_of(client.get(f"/api/offers/{offer}"))["digest"],
            **ordered.fields(),
        }
        made = answer_of(client.post(f"/api/offers/{offer}/contracts", json=wish))
    tell(here, made, print_contract)


@contract_app.command(name="list")
def list_contracts(*, here: Here = HERE) -> None:
    """List the contracts of the party that you act for.

    Args:
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get("/api/contracts"))
    tell(
        here,
        found,
        lambda it: table(
            ("contract", "stage", "dataset", "consumer", "share"),
            (
                (c["id"], c["stage"], c["dataset"]["slug"], c["consumer"]["name"], c["share"])
                for c in it["items"]
            ),
            empty="No contracts. Find a dataset with `torvet search` and accept one of its offers.",
        ),
    )


@contract_app.command(name="show")
def show_contract(contract: str, *, odrl: bool = False, here: Here = HERE) -> None:
    """Show what a contract allows, in plain words.

    Args:
        contract: Its id.
        odrl: Print it as ODRL JSON-LD.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get(f"/api/contracts/{contract}{'/odrl' if odrl else ''}"))
    tell(here, found, _print_odrl if odrl else print_contract)


@contract_app.command(name="approve")
def approve(contract: str, *, here: Here = HERE) -> None:
    """Approve a request.

    Args:
        contract: Its id.
        here: Where and as whom.
    """
    with exchange(here) as client:
        made = answer_of(client.post(f"/api/contracts/{contract}/approval"))
    tell(here, made, print_contract)


@contract_app.command(name="refuse")
def refuse(contract: str, *, reason: str, here: Here = HERE) -> None:
    """Refuse a request, and say why.

    Args:
        contract: Its id.
        reason: What the other party is told.
        here: Where and as whom.
    """
    with exchange(here) as client:
        made = answer_of(client.post(f"/api/contracts/{contract}/refusal", json={"reason": reason}))
    tell(here, made, print_contract)


@contract_app.command(name="explain")
def explain(
    contract: str,
    *,
    columns: list[str] | None = None,
    rows: int | None = None,
    here: Here = HERE,
) -> None:
    """Ask whether a read would be allowed, and why not, without reading.

    Args:
        contract: Its id.
        columns: Columns that you would read.
        rows: How many rows.
        here: Where and as whom.
    """
    wish = {name: value for name, value in {"columns": columns, "rows": rows}.items() if value}
    with exchange(here) as client:
        found = answer_of(client.post(f"/api/contracts/{contract}/explanation", json=wish))
    tell(here, found, _print_verdict)


def revoke(contract: str, *, reason: str, here: Here = HERE) -> None:
    """End a contract; it bites on the next read.

    Args:
        contract: Its id.
        reason: What the other party is told.
        here: Where and as whom.
    """
    with exchange(here) as client:
        made = answer_of(
            client.post(f"/api/contracts/{contract}/revocation", json={"reason": reason})
        )
    tell(here, made, print_contract)


def price_in(text: str | None) -> Any:
    """Return the price in a JSON file of that name, or else what is typed."""
    return read_json(Path(text)) if text and text.endswith(".json") else text


def _print_offer(it: dict[str, Any]) -> None:
    say(f"[bold]{escape(it['title'])}[/]  [dim]{it['id']}[/]")
    for line in _sentences(it):
        say(f"  • {escape(line)}")
    say(f"[dim]Digest of these terms: {it['digest']}[/]")


def print_contract(it: dict[str, Any]) -> None:
    """Print a contract for a person."""
    say(f"[bold]{it['stage']}[/]  [dim]{it['id']}[/]  share {it['share']}")
    for line in _sentences(it):
        say(f"  • {escape(line)}")
    if it["stage"] == "agreed":
        say(f"[dim]Read it: `torvet read {it['id']}`, or `torvet profile {it['id']}`.[/]")


def _sentences(it: dict[str, Any]) -> list[str]:
    levels = it["levels"]["words"]["en"] if it["levels"] else []
    return [*it["words"]["en"], *it["price"]["words"]["en"], *levels]


def _print_verdict(it: dict[str, Any]) -> None:
    say("[green]✓[/] It would be allowed." if it["allowed"] else "[red]✗[/] It would be refused:")
    for reason in it["reasons"]:
        say(f"  • {escape(reason)}")


def _print_odrl(it: dict[str, Any]) -> None:
    say(escape(json.dumps(it, ensure_ascii=False, indent=2)))
