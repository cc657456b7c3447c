"""Documents, billing details and fees: what is to be paid, to whom, and by which rules."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from cyclopts import App, Parameter

from .billing import billing_app
from .here import HERE, Here, exchange
from .output import answer_of, money, say, table, tell

profile_app = App(name="profile", help="Whom invoices name, and where money goes.")
billing_app.command(profile_app)

_TIMEOUT_S = 3600.0


def add_to(app: App) -> None:
    """Add this room's commands; the others stand under `torvet billing`."""
    app.command(fees)


def fees(*, here: Here = HERE) -> None:
    """Tell what the exchange keeps of a sale: public, and the same for everybody.

    Args:
        here: Where and as whom.
    """
    with exchange(here, signed_in=False) as client:
        found = answer_of(client.get("/api/fees"))
    tell(here, found, _print_fees)


def _print_fees(found: Any) -> None:
    rules = found["current"]
    table(
        ("provider", "fee", "at least"),
        (
            (one["kind"], f"{one['percent']} %", f"{one['least'] / 100:.2f}")
            for one in rules["fees"]
        ),
        empty="There are no fees.",
    )
    say(f"Of the price without VAT. {rules['rounding']['en']}")
    say(
        f"Invoices are due after {rules['payment_days']} days; VAT is {rules['vat_percent']} %. "
        f"Version {rules['version']}, since {rules['since']}."
    )


@profile_app.command(name="show")
def show_profile(*, house: bool = False, here: Here = HERE) -> None:
    """Tell whom your party's invoices name, and what is missing.

    Args:
        house: The exchange's own, for its operator.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get("/api/billing/profile", params=_house(house)))
    tell(here, found, _print_profile)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Billing details; what is not given stays as it was."""

    name: str | None = None
    """The legal name."""
    street: str | None = None
    """Street and number."""
    post_code: str | None = None
    """Post code."""
    city: str | None = None
    """City."""
    country: str | None = None
    """Two letters, such as DK."""
    cvr: str | None = None
    """CVR number of a Danish organisation."""
    vat_registered: bool | None = None
    """Whether it is registered for VAT; who is not sells exempt."""
    vat_number: str | None = None
    """With its country, such as DK12345678."""
    ean: str | None = None
    """Of a public body, 13 digits."""
    endpoint: str | None = None
    """Another address in Peppol, such as 0088:5798005770220."""
    email: str | None = None
    """Where invoices are mailed."""
    iban: str | None = None
    """The account that money goes to."""
    bic: str | None = None
    """Its bank."""
    registration: str | None = None
    """Registration number of an account within Denmark, four digits."""
    account: str | None = None
    """Its account number."""
    language: Literal["da", "en"] | None = None
    """Of documents."""


NOTHING_NEW = Details()


@profile_app.command(name="set")
def set_profile(*, details: Details = NOTHING_NEW, house: bool = False, here: Here = HERE) -> None:
    """Change your party's billing details; what is not given stays as it was.

    Args:
        details: What is to be otherwise.
        house: The exchange's own details, for its operator.
        here: Where and as whom.
    """
    given = {key: value for key, value in asdict(details).items() if value is not None}
    params = _house(house)
    with exchange(here) as client:
        before = answer_of(client.get("/api/billing/profile", params=params))
        kept = {key: value for key, value in before.items() if key != "missing"}
        found = answer_of(client.put("/api/billing/profile", params=params, json=kept | given))
    tell(here, found, _print_profile)


def _house(house: bool) -> dict[str, str]:
    return {"house": str(house).lower()}


def _print_profile(found: Any) -> None:
    for key, value in found.items():
        if key not in {"missing", "version"} and value not in {"", None}:
            say(f"{key.replace('_', ' ')}: {value}")
    for each in found["missing"]:
        say(f"[red]✗[/] {each}")


@billing_app.command(name="invoices")
def invoices(
    *,
    standing: Literal["open", "paid", "overpaid"] | None = None,
    waiting: bool = False,
    every: bool = False,
    limit: int = 100,
    here: Here = HERE,
) -> None:
    """List your party's invoices, credit notes and self-billed documents, the newest first.

    Args:
        standing: Only those of which something is owed, all is paid, or too much.
        waiting: Instead, what cannot be invoiced yet and why, and what comes by itself.
        every: Of all parties, for the operator.
        limit: How many at most.
        here: Where and as whom.
    """
    scope = {"every": str(every).lower()}
    with exchange(here) as client:
        if waiting:
            found = answer_of(client.get("/api/invoices/waiting", params=scope))
        else:
            asked = {**scope, "limit": str(limit)} | ({"standing": standing} if standing else {})
            found = answer_of(client.get("/api/invoices", params=asked))
    tell(here, found, _print_waiting if waiting else _print_invoices)


def _print_invoices(found: Any) -> None:
    table(
        ("number", "kind", "date", "due", "with VAT", "left to pay", "status"),
        (
            (
                one["number"],
                one["kind"],
                one["issued_on"],
                one["due_on"],
                money(one["gross"]),
                money(one["owed"]),
                one["status"],
            )
            for one in found["items"]
        ),
        empty="No documents yet: they come on the first of the month, one-off prices at once.",
    )


def _print_waiting(found: Any) -> None:
    for one in found["items"]:
        who = one["party"] or "the exchange's operator"
        say(f"{money(one['amount'])} of {one['consumer']} waits; {who} can mend it:")
        for fault in one["faults"]:
            say(f"  [red]✗[/] {fault['says']}")
    if not found["items"]:
        say("Nothing waits: what is charged can be invoiced.")
    for one in found["coming"]:
        said = f"{money(one['net'])} without VAT, {money(one['gross'])} with it"
        say(f"To {one['buyer']} comes with the next invoice: {said}")


@billing_app.command(name="invoice")
def invoice(
    number: str,
    *,
    pdf: Path | None = None,
    xml: Path | None = None,
    language: Literal["da", "en"] | None = None,
    here: Here = HERE,
) -> None:
    """Show one document, or write it into a file.

    Args:
        number: Its number or id.
        pdf: File to write it to on paper, with the electronic one inside.
        xml: File to write it to as UBL, as it was sent.
        language: Of the paper; else the document's own.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get(f"/api/invoices/{number}"))
        for form, to in (("pdf", pdf), ("xml", xml)):
            if to is not None:
                asked = {"language": language} if language and form == "pdf" else {}
                answer = client.get(f"/api/invoices/{number}.{form}", params=asked)
                if not answer.is_success:
                    answer_of(answer)
                to.write_bytes(answer.content)
    tell(here, found, _print_invoice)


def _print_invoice(found: Any) -> None:
    due = f", due {found['due_on']}" if found["due_on"] else ""
    say(f"[bold]{found['number']}[/] {found['kind']}, {found['issued_on']}{due}: {found['status']}")
    table(
        ("what", "quantity", "price", "VAT", "amount"),
        (
            (
                line["description"],
                line["quantity"],
                line["unit_price"],
                f"{line['vat_percent']} %",
                money(line["amount"]),
            )
            for line in found["lines"]
        ),
        empty="It has no lines.",
    )
    say(f"{money(found['net'])} and {money(found['vat'])} VAT: {money(found['gross'])}")
    if found["status"] == "open":
        say(f"Left to pay: {money(found['owed'])}, with reference {found['reference']}")


@billing_app.command(name="issue")
def issue(*, month: str | None = None, contract: str | None = None, here: Here = HERE) -> None:
    """Issue a month's documents, for the operator; or all of one contract's charges at once.

    Args:
        month: Such as 2026-06.
        contract: A contract's id, for one of its parties.
        here: Where and as whom.
    """
    with exchange(here) as client:
        if contract is not None:
            answer = client.post(f"/api/contracts/{contract}/invoices", timeout=_TIMEOUT_S)
        else:
            wish = {"month": month or ""}
            answer = client.post("/api/invoices/runs", json=wish, timeout=_TIMEOUT_S)
        found = answer_of(answer)
    tell(here, found, _print_run)


def _print_run(found: Any) -> None:
    say(
        f"[green]✓[/] {len(found['invoices']):,} invoices and {len(found['self_bills']):,} "
        "self-billed documents are issued"
    )
    if found["waiting"]:
        _print_waiting({"items": found["waiting"]})


@billing_app.command(name="credit")
def credit(
    number: str,
    reason: str,
    *,
    key: str,
    ore: int | None = None,
    currency: Literal["DKK", "EUR"] = "DKK",
    contract: str | None = None,
    here: Here = HERE,
) -> None:
    """Take an invoice back by a credit note, all of it or a part: for the operator.

    Args:
        number: Its number or id.
        reason: As it stands on the credit note.
        key: Names the credit note: sent twice, it is issued once.
        ore: How much without VAT, in øre or cent; else all that is left.
        currency: Of that part.
        contract: Only what the invoice says of this contract.
        here: Where and as whom.
    """
    wish: dict[str, Any] = {"reason": reason, "key": key}
    if ore is not None:
        wish["part"] = {"minor": ore, "currency": currency}
    if contract is not None:
        wish["contract"] = contract
    with exchange(here) as client:
        found = answer_of(client.post(f"/api/invoices/{number}/credit-notes", json=wish))
    tell(
        here,
        found,
        lambda it: say(f"[green]✓[/] {it['number']} takes back {money(it['gross'])}"),
    )
