"""Counter-offers: propose other terms, answer, agree, leave."""

from pathlib import Path
from typing import Any

from cyclopts import App
from rich.markup import escape

from .here import HERE, Here, exchange
from .ordering import NOTHING_ORDERED, Ordered
from .output import answer_of, say, table, tell
from .publishing import read_json
from .trading import price_in, print_contract

negotiate_app = App(name="negotiate", help="Offer and counter-offer, until both want the same.")


def add_to(app: App) -> None:
    """Add this room's commands."""
    app.command(negotiate_app)


@negotiate_app.command(name="start")
def start(
    offer: str,
    *,
    purpose: str,
    price: str | None = None,
    clauses: Path | None = None,
    levels: Path | None = None,
    words: str = "",
    ordered: Ordered = NOTHING_ORDERED,
    here: Here = HERE,
) -> None:
    """Answer an offer with other terms. Nothing is bought until one side agrees.

    Args:
        offer: Its id.
        purpose: Why you read, as a DPV purpose such as ResearchAndDevelopment.
        price: What you would pay, without VAT: "400 DKK per month", or a JSON file.
        clauses: JSON list of all clauses that you want; without it, they stay.
        levels: JSON file of all service levels that you want; without it, they stay.
        words: A few words to the provider.
        ordered: Your own reference, where your invoices go, and how much you spend.
        here: Where and as whom.
    """
    with exchange(here) as client:
        wish = {**_terms(price, clauses, levels, words), "purpose": purpose, **ordered.fields()}
        made = answer_of(client.post(f"/api/offers/{offer}/negotiations", json=wish))
    tell(here, made, _print_table)


@negotiate_app.command(name="list")
def list_negotiations(*, here: Here = HERE) -> None:
    """List what your party negotiates.

    Args:
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get("/api/negotiations"))
    tell(
        here,
        found,
        lambda it: table(
            ("negotiation", "stage", "turn", "consumer", "provider", "rounds"),
            (
                (
                    n["id"],
                    n["stage"],
                    n["turn"] or "",
                    n["consumer"]["name"],
                    n["provider"]["name"],
                    str(n["rounds"]),
                )
                for n in it["items"]
            ),
            empty="You negotiate nothing. Begin with `torvet negotiate start OFFER`.",
        ),
    )


@negotiate_app.command(name="show")
def show(negotiation: str, *, here: Here = HERE) -> None:
    """Show every round, and what each changed.

    Args:
        negotiation: Its id.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get(f"/api/negotiations/{negotiation}"))
    tell(here, found, _print_table)


@negotiate_app.command(name="answer")
def answer(
    negotiation: str,
    *,
    price: str | None = None,
    clauses: Path | None = None,
    levels: Path | None = None,
    words: str = "",
    here: Here = HERE,
) -> None:
    """Put other terms on the table, as either side.

    Args:
        negotiation: Its id.
        price: Another price, without VAT, or a JSON file; without it, it stays.
        clauses: JSON list of all clauses that you want; without it, they stay.
        levels: JSON file of all service levels that you want; without it, they stay.
        words: A few words to the other side.
        here: Where and as whom.
    """
    address = f"/api/negotiations/{negotiation}"
    with exchange(here) as client:
        wish = {
            **_terms(price, clauses, levels, words),
            "seen": answer_of(client.get(address))["seen"],
        }
        made = answer_of(client.post(f"{address}/rounds", json=wish))
    tell(here, made, _print_table)


@negotiate_app.command(name="agree")
def agree(negotiation: str, *, seen: str | None = None, here: Here = HERE) -> None:
    """Agree to what the other side proposed: it is a contract from then on.

    Args:
        negotiation: Its id.
        seen: Digest of the terms that you read, as `torvet negotiate show` prints it; without
            it, what lies on the table now.
        here: Where and as whom.
    """
    address = f"/api/negotiations/{negotiation}"
    with exchange(here) as client:
        wish = {"seen": seen or answer_of(client.get(address))["seen"]}
        made = answer_of(client.post(f"{address}/agreement", json=wish))
    tell(here, made, print_contract)


@negotiate_app.command(name="end")
def end(negotiation: str, *, reason: str, here: Here = HERE) -> None:
    """Leave the table, and say why.

    Args:
        negotiation: Its id.
        reason: What the other side is told.
        here: Where and as whom.
    """
    with exchange(here) as client:
        made = answer_of(
            client.post(f"/api/negotiations/{negotiation}/ending", json={"reason": reason})
        )
    tell(here, made, _print_table)


def _terms(
    price: str | None, clauses: Path | None, levels: Path | None, words: str
) -> dict[str, Any]:
    return {
        "price": price_in(price),
        "clauses": read_json(clauses) if clauses else None,
        "levels": read_json(levels) if levels else None,
        "words": words,
    }


def _print_table(it: dict[str, Any]) -> None:
    turn = f", the {it['turn']}'s turn" if it["turn"] else ""
    say(f"[bold]{it['stage']}[/]{turn}  [dim]{it['id']}[/]")
    for one in it["said"]:
        name = it[one["side"]]["name"]
        words = f": “{escape(one['words'])}”" if one["words"] else ""
        say(f"{one['number']}. {escape(name)}{words}")
        for change in one["changes"]:
            before, after = (
                change[side] and escape(change[side]["en"]) for side in ("before", "after")
            )
            say(f"   {change['about']}: {before or 'nothing'} → [bold]{after or 'left out'}[/]")
    say(f"[dim]Digest of what lies on the table: {it['seen']}[/]")
    if it["contract"]:
        say(f"[green]✓[/] Contract {it['contract']}.")
