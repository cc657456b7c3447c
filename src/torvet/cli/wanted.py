"""Data that is wanted: ask, join, pledge, answer, decide, deliver."""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

from cyclopts import App
from rich.markup import escape

from torvet.kit.moments import PLACE_ZONE

from .here import HERE, Here, exchange
from .output import ProblemSaid, answer_of, say, table, tell, words
from .publishing import read_json

wanted_app = App(name="wanted", help="Data that is wanted: ask, join, pledge, answer, deliver.")


def add_to(app: App) -> None:
    """Add this room's commands."""
    app.command(wanted_app)


@wanted_app.command(name="list")
def list_wanted(
    words_: str = "",
    *,
    theme: str = "",
    sort: Literal["money", "number", "newest", "deadline"] = "money",
    mine: bool = False,
    here: Here = HERE,
) -> None:
    """List data requests, what most money is pledged to first.

    Args:
        words_: Words in title, description or columns.
        theme: Only one theme, such as TRAN.
        sort: By money, by number of parties, by age or by deadline.
        mine: Only those that you own, joined or answered.
        here: Where and as whom.
    """
    wish: dict[str, str | bool] = {"q": words_, "theme": theme, "sort": sort, "mine": mine}
    with exchange(here) as client:
        found = answer_of(client.get("/api/wanted", params=wish))
    tell(
        here,
        found,
        lambda it: table(
            ("request", "title", "parties", "pledged", "goal", "stage", "until"),
            (
                (
                    one["id"],
                    words(one["title"]),
                    one["joined"],
                    amount(one["pledged"]),
                    amount(one["goal"]),
                    one["stage"],
                    one["deadline"][:10],
                )
                for one in it["items"]
            ),
            empty="Nothing is wanted here. Ask with `torvet wanted ask`.",
        ),
    )


@wanted_app.command(name="themes")
def themes(*, here: Here = HERE) -> None:
    """Tell what is wanted by theme, so that you see demand before you invest.

    Args:
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get("/api/demand"))
    tell(
        here,
        found,
        lambda it: table(
            ("theme", "requests", "parties", "pledged", "goals"),
            (
                (
                    one["words"]["en"],
                    one["requests"],
                    one["parties"],
                    " + ".join(amount(sum_) for sum_ in one["pledged"]) or "–",
                    " + ".join(amount(sum_) for sum_ in one["goals"]) or "–",
                )
                for one in it["items"]
            ),
            empty="Nothing is wanted now.",
        ),
    )


@wanted_app.command(name="show")
def show(request: str, *, here: Here = HERE) -> None:
    """Show a data request: its terms, how much is pledged, who answered.

    Args:
        request: Its id.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get(f"/api/wanted/{request}"))
    tell(here, found, _print)


@wanted_app.command(name="ask")
def ask(
    title: str,
    *,
    purpose: str,
    theme: str,
    deadline: str,
    deliver_by: str,
    description: str = "",
    title_da: str = "",
    description_da: str = "",
    goal: str | None = None,
    budget: str | None = None,
    columns: list[str] | None = None,
    place: str = "",
    circle: list[str] | None = None,
    use: str = "",
    here: Here = HERE,
) -> None:
    """Ask for data that nobody publishes yet. What you write does not change afterwards.

    Args:
        title: What is wanted, in a few English words.
        purpose: Why, as a DPV purpose such as ImproveTransportMobility.
        theme: Its theme, such as TRAN, ENER or ENVI.
        deadline: Last day for pledges (2027-01-31), or an instant with a zone.
        deliver_by: Last day for delivery.
        description: What you need, in English.
        title_da: The title in Danish.
        description_da: The description in Danish.
        goal: What has to be pledged together before anybody pays: "50000 DKK".
        budget: The most that an answer may cost; else what is pledged.
        columns: Columns that have to be in it.
        place: Where.
        circle: Short names of the only parties that see it.
        use: What you would use it for.
        here: Where and as whom.
    """
    wish = {
        "title": {"en": title, "da": title_da},
        "description": {"en": description, "da": description_da},
        "purpose": purpose,
        "theme": theme,
        "place": place,
        "columns": columns or [],
        "goal": money_of(goal),
        "budget": money_of(budget),
        "deadline": instant(deadline),
        "deliver_by": instant(deliver_by),
        "circle": circle,
        "use": use,
    }
    with exchange(here) as client:
        made = answer_of(client.post("/api/wanted", json=wish))
    tell(here, made, _print)


@wanted_app.command(name="join")
def join(request: str, *, use: str = "", purpose: str = "", here: Here = HERE) -> None:
    """Say “me too”, and what for.

    Args:
        request: Its id.
        use: What you would use it for.
        purpose: A DPV purpose; else the request's own.
        here: Where and as whom.
    """
    with exchange(here) as client:
        path = f"/api/wanted/{request}/join"
        made = answer_of(client.post(path, json={"use": use, "purpose": purpose}))
    tell(here, made, _print)


@wanted_app.command(name="leave")
def leave(request: str, *, here: Here = HERE) -> None:
    """Take “me too” back.

    Args:
        request: Its id.
        here: Where and as whom.
    """
    with exchange(here) as client:
        made = answer_of(client.delete(f"/api/wanted/{request}/join"))
    tell(here, made, _print)


@wanted_app.command(name="pledge")
def pledge(
    request: str,
    amount_: str,
    *,
    prepaid: bool = False,
    purpose: str = "",
    use: str = "",
    purchase_order: str = "",
    ean: str = "",
    here: Here = HERE,
) -> None:
    """Pledge money: it binds when enough is pledged together, and is paid on delivery.

    Args:
        request: Its id.
        amount_: How much without VAT, such as "5000 DKK".
        prepaid: Pay it in now; it counts when it is there, and is held until delivery.
        purpose: A DPV purpose; else the request's own.
        use: What you would use it for.
        purchase_order: Your own order number, for the invoice.
        ean: EAN (GLN) to which the invoice goes; Danish public bodies have to give one.
        here: Where and as whom.
    """
    wish = {
        "amount": money_of(amount_),
        "kind": "prepaid" if prepaid else "promise",
        "purpose": purpose,
        "use": use,
        "purchase_order": purchase_order,
        "ean": ean,
    }
    with exchange(here) as client:
        made = answer_of(client.post(f"/api/wanted/{request}/pledge", json=wish))
    tell(here, made, _print_pledge)


@wanted_app.command(name="take-back")
def take_back(request: str, *, here: Here = HERE) -> None:
    """Take your pledge back, as long as it does not bind.

    Args:
        request: Its id.
        here: Where and as whom.
    """
    with exchange(here) as client:
        gone = answer_of(client.delete(f"/api/wanted/{request}/pledge"))
    tell(here, gone, _print_pledge)


@wanted_app.command(name="answer")
def answer(
    request: str,
    words_: str,
    *,
    price: str,
    deliver_by: str,
    dataset: str | None = None,
    clauses: Path | None = None,
    levels: Path | None = None,
    here: Here = HERE,
) -> None:
    """Answer as a provider: with a dataset of yours that is there, or one that you plan.

    Args:
        request: Its id.
        words_: What you would deliver.
        price: For all who pledged together, without VAT, such as "40000 DKK".
        deliver_by: The day by which you promise it.
        dataset: Short name of your dataset, if it is there.
        clauses: JSON list of clauses; without it, everything is allowed.
        levels: JSON of service levels that every contract would promise, as offers have them.
        here: Where and as whom.
    """
    wish = {
        "words": words_,
        "price": money_of(price),
        "deliver_by": instant(deliver_by),
        "dataset": dataset,
        "clauses": read_json(clauses) if clauses else [],
        "levels": read_json(levels) if levels else None,
    }
    with exchange(here) as client:
        made = answer_of(client.post(f"/api/wanted/{request}/answers", json=wish))
    tell(here, made, lambda it: say(f"[green]✓[/] Answered: {it['id']}"))


@wanted_app.command(name="withdraw-answer")
def withdraw_answer(request: str, answer_: str, *, here: Here = HERE) -> None:
    """Take your answer back; after it was accepted this says that you cannot deliver.

    Args:
        request: Its id.
        answer_: The answer's id.
        here: Where and as whom.
    """
    with exchange(here) as client:
        gone = answer_of(client.delete(f"/api/wanted/{request}/answers/{answer_}"))
    tell(here, gone, lambda it: say(f"[green]✓[/] {it['id']} is {it['stage']}."))


@wanted_app.command(name="vote")
def vote(request: str, answer_: str, said: Literal["yes", "no"], *, here: Here = HERE) -> None:
    """Say yes or no to an answer, as the owner or with your pledge.

    Args:
        request: Its id.
        answer_: The answer's id.
        said: Yes or no.
        here: Where and as whom.
    """
    with exchange(here) as client:
        path = f"/api/wanted/{request}/answers/{answer_}/vote"
        made = answer_of(client.post(path, json={"vote": said}))
    tell(here, made, _print)


@wanted_app.command(name="deliver")
def deliver(request: str, dataset: str, *, here: Here = HERE) -> None:
    """Hand over what you promised: every pledger gets a contract, or nobody does.

    Args:
        request: Its id.
        dataset: Short name of your dataset.
        here: Where and as whom.
    """
    with exchange(here) as client:
        path = f"/api/wanted/{request}/delivery"
        done = answer_of(client.post(path, json={"dataset": dataset}))
    tell(here, done, _print)


@wanted_app.command(name="withdraw")
def withdraw(request: str, *, reason: str = "", here: Here = HERE) -> None:
    """Take an open request of yours back: every pledge is free.

    Args:
        request: Its id.
        reason: Why, for those who joined.
        here: Where and as whom.
    """
    with exchange(here) as client:
        path = f"/api/wanted/{request}/withdrawal"
        gone = answer_of(client.post(path, json={"reason": reason}))
    tell(here, gone, _print)


def money_of(text: str | None) -> dict[str, Any] | None:
    """Read `5000 DKK` or `49.50 EUR` as minor units."""
    if text is None:
        return None
    number, _, currency = text.strip().rpartition(" ")
    major, _, minor = number.replace(",", "").partition(".")
    if not major.isdecimal() or not (minor or "0").isdecimal() or len(minor) > len("99"):
        raise ProblemSaid(
            {"title": f"{text!r} is no amount.", "advice": "Write it like 5000 DKK or 49.50 EUR."}
        )
    return {"minor": int(major) * 100 + int(minor.ljust(2, "0")), "currency": currency.upper()}


def instant(text: str) -> str:
    """Read an instant, or a day that is meant to its end in the place."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return datetime.combine(day + timedelta(days=1), time(), PLACE_ZONE).isoformat()


def amount(written: Any) -> str:
    """Write minor units as people do."""
    if written is None:
        return "–"
    minor = int(written["minor"])
    return f"{minor // 100:,}.{minor % 100:02} {written['currency']}"


def _print(it: dict[str, Any]) -> None:
    say(f"[bold]{escape(words(it['title']))}[/]  [dim]{it['id']}[/]")
    say(f"{it['stage_words']['en']}; {it['joined']} want it; until {it['deadline'][:16]}Z")
    if it["goal"]:
        say(f"{amount(it['pledged'])} of {amount(it['goal'])} pledged")
    for line in it["terms"]["en"]:
        say(f"  • {escape(line)}")
    for one in it["answers"]:
        say(
            f"  [bold]{one['id']}[/] {escape(one['provider']['name'])}: {amount(one['price'])} "
            f"by {one['deliver_by'][:10]}, {one['stage']} ({one['yes']} yes, {one['no']} no)"
        )
    if it["pledge"]:
        _print_pledge(it["pledge"])
    if it["dataset"]:
        say(f"[green]✓[/] Answered with dataset {it['dataset']}")


def _print_pledge(it: dict[str, Any]) -> None:
    say(f"Your pledge: {amount(it['amount'])}, {it['kind']}, {it['stage']}  [dim]{it['id']}[/]")
    if it["reference"]:
        say(f"It counts when it is paid in: write [bold]{it['reference']}[/] on the transfer.")
    if it["contract"]:
        say(f"Your contract: {it['contract']}, your part {amount(it['share'])} without VAT")
