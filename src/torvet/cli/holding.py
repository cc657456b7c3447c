"""Money that is held: for prepaid contracts and pledges, what moved on it, and back again."""

from typing import Any

from cyclopts import App

from .here import HERE, Here, exchange
from .output import answer_of, money, say, table, tell


def add_to(app: App) -> None:
    """Add this room's commands to those of billing."""
    app.command(held)
    app.command(deposit)
    app.command(return_held, name="return")


def held(hold: str | None = None, *, every: bool = False, here: Here = HERE) -> None:
    """List what is held of your party and for what; with a hold's id, what moved on it.

    Args:
        hold: The id of one hold.
        every: Of all parties, for the operator.
        here: Where and as whom.
    """
    with exchange(here) as client:
        if hold is not None:
            found = answer_of(client.get(f"/api/billing/held/{hold}"))
        else:
            asked = {"every": str(every).lower()}
            found = answer_of(client.get("/api/billing/held", params=asked))
    tell(here, found, _print_holds if hold is None else _print_moves)


def deposit(contract: str, *, here: Here = HERE) -> None:
    """Tell how to pay in for a prepaid contract: what to write on your transfer.

    Args:
        contract: Its id.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.post(f"/api/contracts/{contract}/deposit"))
    tell(
        here,
        found,
        lambda it: say(
            f"Write [bold]{it['reference']}[/] on your transfer. "
            f"{money(it['rest'])} is held for {it['subject']}  [dim]{it['id']}[/]"
        ),
    )


def return_held(hold: str, *, amount_minor: int | None = None, here: Here = HERE) -> None:
    """Ask for held money of a prepaid contract back; all of it where no amount is named.

    Args:
        hold: Its id, as `torvet billing held` shows it.
        amount_minor: Øre or cent, in the currency of the hold.
        here: Where and as whom.
    """
    with exchange(here) as client:
        wish: dict[str, Any] = {}
        if amount_minor is not None:
            there = answer_of(client.get(f"/api/billing/held/{hold}"))["hold"]["rest"]
            wish = {"amount": {"minor": amount_minor, "currency": there["currency"]}}
        found = answer_of(client.post(f"/api/billing/held/{hold}/return", json=wish))
    tell(here, found, _print_moves)


def _print_holds(it: dict[str, Any]) -> None:
    table(
        ("hold", "purpose", "for", "rest", "reference", "settled"),
        (
            (
                one["id"],
                one["purpose"],
                one["subject"],
                money(one["rest"]),
                one["reference"],
                one["closed_at"] is not None,
            )
            for one in it["items"]
        ),
        empty="Nothing is held. `torvet billing deposit` tells how to pay in for a contract.",
    )


def _print_moves(it: dict[str, Any]) -> None:
    say(f"{money(it['hold']['rest'])} is held for {it['hold']['subject']}")
    table(
        ("at", "what", "amount", "invoice", "transaction"),
        (
            (one["at"], one["move"], money(one["amount"]), one["invoice"], one["transaction"])
            for one in it["items"]
        ),
        empty="Nothing moved yet.",
    )
