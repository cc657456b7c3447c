"""Charges and spending caps: what use has cost so far, and how much more it may."""

from typing import Any

from cyclopts import App

from .billing import billing_app
from .here import HERE, Here, exchange
from .output import answer_of, money, say, table, tell
from .trading import contract_app

_MINOR = 100
_TIMEOUT_S = 3600.0


def add_to(_app: App) -> None:
    """Nothing more: these commands stand under `torvet billing` and `torvet contract`."""


@billing_app.command(name="charge")
def charge(*, here: Here = HERE) -> None:
    """Charge everything that is due now, which happens by itself every minute.

    For the operator. However often it is called, nothing is charged twice.

    Args:
        here: Where and as whom.
    """
    with exchange(here) as client:
        done = answer_of(client.post("/api/billing/charges", timeout=_TIMEOUT_S))
    tell(here, done, lambda it: say(f"[green]✓[/] {it['charges']:,} charges were added"))


@billing_app.command(name="charges")
def charges(
    contract: str,
    *,
    from_: str | None = None,
    to: str | None = None,
    waiting: bool = False,
    limit: int = 1_000,
    here: Here = HERE,
) -> None:
    """List what a contract was charged, the newest first.

    Args:
        contract: Its id.
        from_: Only what began since, RFC 3339.
        to: Only what began before.
        waiting: Only what is not invoiced yet.
        limit: How many at most.
        here: Where and as whom.
    """
    asked = {
        "limit": str(limit),
        **({"from": from_} if from_ else {}),
        **({"to": to} if to else {}),
        **({"invoiced": "false"} if waiting else {}),
    }
    with exchange(here) as client:
        found = answer_of(client.get(f"/api/contracts/{contract}/charges", params=asked))
    tell(here, found, _print_charges)


@contract_app.command(name="spending")
def spending(contract: str, *, here: Here = HERE) -> None:
    """Tell what this month's use of a contract has come to, and what is left of its cap.

    Args:
        contract: Its id.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get(f"/api/contracts/{contract}/spending"))
    tell(here, found, _print_spending)


@contract_app.command(name="cap")
def cap(contract: str, to: str | None = None, *, none: bool = False, here: Here = HERE) -> None:
    """Raise, lower or take away the spending cap of a contract, as its consumer.

    Args:
        contract: Its id.
        to: The most that use may cost in a month, such as "2000 DKK".
        none: No cap any more.
        here: Where and as whom.
    """
    if (to is None) != none:
        say('Give an amount such as "2000 DKK", or --none.')
        raise SystemExit(2)
    with exchange(here) as client:
        found = answer_of(client.put(f"/api/contracts/{contract}/cap", json={"cap": to}))
    tell(here, found, _print_spending)


def _print_charges(found: Any) -> None:
    table(
        ("begin", "for", "by", "counted", "amount", "portion", "invoice"),
        (
            (
                one["begin"],
                one["cause"],
                one["meter"],
                f"{one['counted']:,}",
                money(one["amount"]),
                str(one["portion"]),
                one["invoice"] or "not yet",
            )
            for one in found["items"]
        ),
        empty="Nothing was charged: use is charged when its hour is over.",
    )
    for each in found["sums"]:
        say(f"{money(each['charged'])} without VAT; {money(each['waiting'])} not invoiced yet")


def _print_spending(found: Any) -> None:
    if found["spent"] is None:
        say("Nothing that this contract costs depends on use.")
        return
    said = f"{money(found['spent'])} without VAT since {found['start']}"
    if found["cap"] is not None:
        said += f" of {money(found['cap'])} ({found['percent']} %)"
        said += f", {money(found['left'])} left"
    say(f"{said}; the month is over at {found['end']}.")
    if found["near"]:
        say("[yellow]Most of the spending cap is spent.[/]")
