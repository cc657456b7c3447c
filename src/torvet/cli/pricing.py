"""What an offer would cost."""

from decimal import Decimal
from typing import Any

from cyclopts import App

from .here import HERE, Here, exchange
from .output import answer_of, say, table, tell

_BYTES_PER_GB = 10**9
_MINOR_DIGITS = 2


def add_to(app: App) -> None:
    """Add this room's commands."""
    app.command(price)


def price(
    offer: str,
    *,
    from_: str | None = None,
    to: str | None = None,
    purpose: str | None = None,
    rows: int | None = None,
    gb: Decimal | None = None,
    requests: int | None = None,
    answers: int | None = None,
    here: Here = HERE,
) -> None:
    """Work out what an offer would have cost for last month's use, or for given quantities.

    Args:
        offer: Its id.
        from_: Begin of another period than last month, such as 2026-06-01T00:00:00+02:00.
        to: Its end.
        purpose: Why you would read, where the price depends on it.
        rows: Rows a month, instead of what you used.
        gb: GB a month.
        requests: Requests for rows a month.
        answers: Answers to questions a month.
        here: Where and as whom.
    """
    given = {
        "rows": rows,
        "bytes": None if gb is None else int(gb * _BYTES_PER_GB),
        "requests": requests,
        "answers": answers,
    }
    wish = {name: number for name, number in given.items() if number is not None}
    asked = {"from": from_, "to": to, "purpose": purpose}
    params = {name: text for name, text in asked.items() if text is not None}
    path = f"/api/offers/{offer}/quote"
    with exchange(here) as client:
        if wish:
            found = answer_of(client.post(path, params=params, json=wish))
        else:
            found = answer_of(client.get(path, params=params))
    tell(here, found, _print_quote)


def _print_quote(it: dict[str, Any]) -> None:
    if it["total"] is None:
        say("It costs nothing.")
        return
    table(
        ("for", "by", "counted", "amount"),
        (
            (line["cause"], line["meter"], f"{line['counted']:,}", _amount(line["amount"]))
            for line in it["lines"]
        ),
        empty="Nothing was used in that time.",
    )
    say(f"[bold]{_amount(it['total'])}[/] without VAT, from {it['start']} until {it['end']}.")


def _amount(it: dict[str, Any]) -> str:
    return f"{Decimal(it['minor']).scaleb(-_MINOR_DIGITS):,.2f} {it['currency']}"
