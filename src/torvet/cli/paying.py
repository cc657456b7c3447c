"""Payments, payouts and shares: what came in, what goes out, and who has a part of it."""

import json
from pathlib import Path
from typing import Any, Literal

from cyclopts import App

from torvet.kit.money import Currency, Money

from .billing import billing_app
from .here import HERE, Here, exchange
from .output import answer_of, money, say, table, tell

_TIMEOUT_S = 3600.0


def add_to(_app: App) -> None:
    """Nothing more: these commands stand under `torvet billing`."""


@billing_app.command(name="bank")
def bank(file: Path, *, here: Here = HERE) -> None:
    """Take in a bank statement: what names an invoice and is its amount is booked.

    For the operator. The same file again changes nothing.

    Args:
        file: A camt.053 file as the bank wrote it.
        here: Where and as whom.
    """
    with exchange(here) as client:
        headers = {"Content-Type": "application/xml"}
        path = "/api/billing/bank/statements"
        body = file.read_bytes()
        done = answer_of(client.post(path, content=body, headers=headers, timeout=_TIMEOUT_S))
    tell(here, done, _print_import)


def _print_import(done: Any) -> None:
    if done["known"]:
        say("The file was read before: nothing is new.")
        return
    say(f"[green]✓[/] {done['fresh']} new lines: {done['booked']} booked")
    if done["waiting"]:
        say(f"{done['waiting']} wait for you: `torvet billing lines`")


@billing_app.command(name="bank-statements")
def bank_statements(*, here: Here = HERE) -> None:
    """List the bank statements that were read, the last ones first. For the operator.

    Args:
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get("/api/billing/bank/statements"))
    tell(
        here,
        found,
        lambda it: table(
            ("until", "account", "statement", "before", "after"),
            (
                (
                    one["closes_on"],
                    one["account"],
                    one["id"],
                    *(one[name] and money(one[name]) for name in ("opening", "closing")),
                )
                for one in it["items"]
            ),
            empty="No statement was read yet: `torvet billing bank FILE`.",
        ),
    )


@billing_app.command(name="lines")
def lines(*, stage: Literal["waiting", "booked", "apart"] = "waiting", here: Here = HERE) -> None:
    """List lines of bank statements: those that wait for a decision. For the operator.

    Args:
        stage: Those that wait, are booked, or are not the exchange's business.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get("/api/billing/bank/lines", params={"stage": stage}))
    tell(
        here,
        found,
        lambda it: table(
            ("line", "day", "amount", "who", "text", "why or what"),
            (
                (
                    one["key"][:12],
                    one["booked_on"],
                    money(one["amount"]),
                    one["other"] or "",
                    " ".join([*one["references"], one["text"]])[:60],
                    one["why"] if stage == "waiting" else f"{one['meaning']} {one['about']}",
                )
                for one in it["items"]
            ),
            empty="No line is there." if stage != "waiting" else "Nothing waits for a decision.",
        ),
    )


@billing_app.command(name="decide")
def decide(
    line: str,
    means: Literal["invoice", "held", "payout", "cost", "card", "other"],
    *about: str,
    here: Here = HERE,
) -> None:
    """Say what a waiting line is: it is booked so, once. For the operator.

    Args:
        line: Its key, or how it begins.
        means: The payment of invoices, money to be held, a payout that left or came back, a cost
            or interest of the bank, the card provider's transfer, or not the exchange's business.
        about: Numbers of invoices (`F-000001=125.00` for a part), id of a hold or payout, or why.
        here: Where and as whom.
    """
    with exchange(here) as client:
        body = {"decision": {"means": means, **_about(means, about)}}
        found = answer_of(client.post(f"/api/billing/bank/lines/{line}/decision", json=body))
    tell(here, found, lambda it: say(f"[green]✓[/] {it['stage']}: {it['meaning']} {it['about']}"))


def _about(means: str, about: tuple[str, ...]) -> dict[str, Any]:
    match means:
        case "invoice":
            return {"invoices": [_part(one) for one in about]}
        case "held":
            return {"hold": " ".join(about)}
        case "payout":
            return {"payout": " ".join(about)}
        case "other":
            return {"reason": " ".join(about)}
        case _:
            return {}


def _part(written: str) -> dict[str, Any]:
    number, equals, amount = written.partition("=")
    if not equals:
        return {"invoice": number}
    return {"invoice": number, "amount": Money.typed(amount, Currency.DKK).to_json()}


@billing_app.command(name="bank-balance")
def bank_balance(*, here: Here = HERE) -> None:
    """Hold the books' bank account against bank and card provider. For the operator.

    Args:
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get("/api/billing/bank/balance"))
    names = ("books", "bank", "waiting", "apart", "cards", "transit", "difference")
    tell(
        here,
        found,
        lambda it: table(
            ("currency", *names),
            ((one["currency"], *(money(one[name]) for name in names)) for one in it["items"]),
            empty="No statement was read yet: `torvet billing bank FILE`.",
        ),
    )


@billing_app.command(name="pay-by-card")
def pay_by_card(invoice: str, *, here: Here = HERE) -> None:
    """Begin to pay an invoice of your party by card; the payer opens the address that is told.

    Args:
        invoice: Its number.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.post(f"/api/billing/invoices/{invoice}/card-payments"))
    tell(here, found, lambda it: say(f"{money(it['amount'])}: {it['url'] or it['stage']}"))


@billing_app.command(name="refund")
def refund(invoice: str, *, reason: str, amount: int | None = None, here: Here = HERE) -> None:
    """Give back what was paid too much of an invoice. For the operator.

    Args:
        invoice: Its number.
        reason: Why, for the log.
        amount: How much in øre or cent; else all that was paid too much.
        here: Where and as whom.
    """
    with exchange(here) as client:
        body: dict[str, Any] = {"reason": reason}
        if amount is not None:
            shown = answer_of(client.get(f"/api/invoices/{invoice}"))
            body["amount"] = {"minor": amount, "currency": shown["net"]["currency"]}
        made = answer_of(client.post(f"/api/billing/invoices/{invoice}/refunds", json=body))
    tell(here, made, lambda it: say(f"[green]✓[/] {money(it['amount'])} by {it['by']}"))


@billing_app.command(name="refunds")
def refunds(invoice: str, *, here: Here = HERE) -> None:
    """Tell what goes or went back of an invoice, and how far it has come.

    Args:
        invoice: Its number.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get(f"/api/billing/invoices/{invoice}/refunds"))
    tell(
        here,
        found,
        lambda it: table(
            ("refund", "amount", "by", "stage"),
            ((one["id"], money(one["amount"]), one["by"], one["stage"]) for one in it["items"]),
            empty="Nothing of it goes back.",
        ),
    )


@billing_app.command(name="payouts")
def payouts(
    payout: str | None = None,
    *,
    every: bool = False,
    run: bool = False,
    to: Path | None = None,
    here: Here = HERE,
) -> None:
    """List what is due and was paid out to your party, or what one payout is for; or pay out.

    Args:
        payout: Its id: show which sales and shares it is for, line by line.
        every: Of all parties: for the operator.
        run: Pay out all that is due, and write the payment file: for the operator.
        to: With `--run`, where to write the payment file (pain.001) for the bank.
        here: Where and as whom.
    """
    with exchange(here) as client:
        if payout is not None:
            one = answer_of(client.get(f"/api/billing/payouts/{payout}"))
            tell(here, one, _print_payout)
            return
        if run:
            done = answer_of(client.post("/api/billing/payouts/runs", json={}, timeout=_TIMEOUT_S))
            if to is not None and done["file"]:
                answer = client.get(f"/api/billing/payouts/files/{done['file']}")
                if not answer.is_success:
                    answer_of(answer)
                to.write_bytes(answer.content)
            tell(here, done, lambda it: _print_run(it, to))
            return
        params = {"every": str(every).lower()}
        found = {
            "due": answer_of(client.get("/api/billing/payouts/due", params=params))["items"],
            "made": answer_of(client.get("/api/billing/payouts", params=params))["items"],
        }
    tell(here, found, _print_payouts)


def _print_payout(found: Any) -> None:
    it = found["payout"]
    say(f"{money(it['amount'])}, {it['stage']}{': ' + it['why'] if it['why'] else ''}")
    table(
        ("document", "contract", "what", "amount"),
        (
            (one["document"] or "", one["contract"] or "", one["kind"], money(one["amount"]))
            for one in found["lines"]
        ),
        empty="It gives back held money, or what was paid too much.",
    )


def _print_run(done: Any, to: Path | None) -> None:
    if done["file"]:
        where = f" in {to}" if to else f" (file {done['file']})"
        say(f"[green]✓[/] {len(done['payouts'])} transfers{where}: give it to the bank once")
    else:
        say("Nothing can be paid out now.")
    for one in done["waiting"]:
        say(f"{one['party']}: {money(one['payable'])}, {one['why']}")


def _print_payouts(found: Any) -> None:
    table(
        ("party", "account", "on it", "held", "can be paid", "when"),
        (
            (
                one["party"],
                one["account"],
                money(one["balance"]),
                money(one["held"]),
                money(one["payable"]),
                one["why"] or "with the next payouts",
            )
            for one in found["due"]
        ),
        empty="Nothing is due. What is sold is due when its buyer has paid.",
    )
    table(
        ("payout", "day", "party", "amount", "to", "stage"),
        (
            (
                one["id"],
                one["made_at"][:10],
                one["party"],
                money(one["amount"]),
                one["iban"] or "",
                f"{one['stage']} {one['why']}",
            )
            for one in found["made"]
        ),
        empty="Nothing was paid out yet.",
    )


@billing_app.command(name="cancel-payout")
def cancel_payout(payout: str, *, reason: str, here: Here = HERE) -> None:
    """Take back a payout that the bank will not make: it is owed again. For the operator.

    Args:
        payout: Its id.
        reason: What the bank said.
        here: Where and as whom.
    """
    with exchange(here) as client:
        path = f"/api/billing/payouts/{payout}/cancellation"
        found = answer_of(client.post(path, json={"reason": reason}))
    tell(here, found, lambda it: say(f"[green]✓[/] {it['id']} is {it['stage']}"))


@billing_app.command(name="share")
def share(dataset: str, terms: Path | None = None, *, here: Here = HERE) -> None:
    """Share a dataset's income with others, or show who shares in it.

    Args:
        dataset: Its short name.
        terms: JSON file such as `{"portion": 2500, "way": "equal", "members": [{"party": "x"}]}`:
            the portion in hundredths of a percent; without a file, what is agreed is shown.
        here: Where and as whom.
    """
    path = f"/api/datasets/{dataset}/shares"
    with exchange(here) as client:
        if terms is None:
            found = answer_of(client.get(path))
        else:
            said = json.loads(terms.read_text(encoding="utf-8"))
            found = {"items": [answer_of(client.put(path, json=said))]}
    tell(
        here,
        found,
        lambda it: table(
            ("version", "since", "portion", "way", "members"),
            (
                (
                    str(one["version"]),
                    one["made_at"][:10],
                    f"{one['portion'] / 100:.2f} %",
                    one["way"],
                    ", ".join(m["party"] for m in one["members"])[:80],
                )
                for one in it["items"]
            ),
            empty="Nobody shares in its income.",
        ),
    )


@billing_app.command(name="earnings")
def earnings(*, here: Here = HERE) -> None:
    """Tell what your party earned by its shares in others' datasets, and of what.

    Args:
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get("/api/billing/earnings"))
    tell(here, found, _print_earnings)


def _print_earnings(found: Any) -> None:
    table(
        ("day", "dataset", "income", "shared", "yours", "how"),
        (
            (
                one["at"][:10],
                one["dataset"],
                money(one["income"]),
                money(one["shared"]),
                money(one["amount"]),
                one["way"] if one["error"] is None else f"{one['way']} ±{one['error']}",
            )
            for one in found["items"]
        ),
        empty="Nothing was earned by shares yet.",
    )
    for one in found["sums"]:
        say(f"{one['dataset']}: {money(one['amount'])} altogether")
