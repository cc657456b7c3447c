"""The books: your party's accounts and statements; for the operator their proof and export."""

from pathlib import Path
from typing import Any, Literal

from cyclopts import App

from .here import HERE, Here, exchange
from .output import answer_of, money, say, table, tell

billing_app = App(name="billing", help="The books: accounts, statements, proof and export.")

Kind = Literal["bank", "receivable", "payable", "escrow", "revenue", "vat", "fee", "contributor"]
_EXPORT_TIMEOUT_S = 3600.0


def add_to(app: App) -> None:
    """Add this room's commands."""
    app.command(billing_app)


@billing_app.command(name="accounts")
def accounts(*, every: bool = False, here: Here = HERE) -> None:
    """List your party's accounts with their balances.

    Args:
        every: All accounts of the exchange, the trial balance: for its operator.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get(f"/api/billing/{'trial-balance' if every else 'accounts'}"))
    tell(
        here,
        found,
        lambda it: table(
            ("account", "party", "currency", "debited", "credited", "balance"),
            (
                (
                    one["kind"],
                    one["party"] or "the exchange",
                    one["currency"],
                    *(money(one[name]) for name in ("debited", "credited", "balance")),
                )
                for one in it["items"]
            ),
            empty="Nothing was posted yet: accounts are opened by what is bought and sold.",
        ),
    )


@billing_app.command(name="statement")
def statement(
    kind: Kind,
    *,
    currency: Literal["DKK", "EUR"] = "DKK",
    from_: str | None = None,
    to: str | None = None,
    limit: int = 1_000,
    house: bool = False,
    here: Here = HERE,
) -> None:
    """Tell what moved on one account, with its balance after each entry.

    Args:
        kind: Which of your party's accounts.
        currency: In which currency.
        from_: Begin of the period, RFC 3339; else 31 days before its end.
        to: End of the period, which is not in it; else now.
        limit: How many entries at most.
        house: The exchange's own account, for its operator.
        here: Where and as whom.
    """
    asked = {
        "kind": kind,
        "currency": currency,
        "limit": str(limit),
        "house": str(house).lower(),
        **({"from": from_} if from_ else {}),
        **({"to": to} if to else {}),
    }
    with exchange(here) as client:
        found = answer_of(client.get("/api/billing/statement", params=asked))
    tell(here, found, _print_statement)


def _print_statement(found: Any) -> None:
    say(f"At {found['start']}: {money(found['opening'])}")
    table(
        ("at", "kind", "what", "amount", "balance", "transaction"),
        (
            (
                line["at"],
                line["kind"],
                line["words"],
                money(line["amount"]),
                money(line["balance"]),
                line["transaction"],
            )
            for line in found["items"]
        ),
        empty="Nothing moved: ask for a longer period with --from.",
    )
    more = "" if found["complete"] else "; more entries are there, ask with --limit"
    say(f"At {found['end']}: {money(found['closing'])}{more}")


@billing_app.command(name="check")
def check(*, here: Here = HERE) -> None:
    """Prove every law of the books anew, and hold them against the log: for the operator.

    Args:
        here: Where and as whom.
    """
    with exchange(here) as client:
        report = answer_of(client.get("/api/billing/check", timeout=_EXPORT_TIMEOUT_S))
    tell(here, report, _print_report)
    if not report["ok"]:
        raise SystemExit(1)


def _print_report(report: Any) -> None:
    for one in report["laws"]:
        say(f"{'[green]✓[/]' if one['holds'] else '[red]✗[/]'} {one['law']}")
    for fault in report["faults"]:
        say(f"[red]✗[/] {fault}")
    if report["ok"]:
        turnover = ", ".join(money(one) for one in report["turnover"]) or "nothing"
        say(
            f"[green]✓[/] {report['transactions']:,} transactions on {report['accounts']:,} "
            f"accounts balance, none was changed; {turnover} moved"
        )


@billing_app.command(name="export")
def export(to: Path, *, format_: Literal["csv", "beancount"] = "csv", here: Here = HERE) -> None:
    """Write the whole books into a file: for the operator.

    Args:
        to: File to write.
        format_: CSV with a line an entry, or Beancount's language, which `bean-check` proves.
        here: Where and as whom.
    """
    with (
        exchange(here) as client,
        client.stream(
            "GET", "/api/billing/export", params={"format": format_}, timeout=_EXPORT_TIMEOUT_S
        ) as answer,
    ):
        if not answer.is_success:
            answer_of(answer)
        with to.open("wb") as file:
            for piece in answer.iter_bytes():
                file.write(piece)
    tell(here, {"written": str(to)}, lambda _: say(f"[green]✓[/] {to}"))
