"""What data was good for: uses, thanks, duties, a yearly statement, reviews."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from cyclopts import App
from rich.markup import escape

from .here import HERE, Here, exchange
from .output import answer_of, say, table, tell, words

reuse_app = App(name="reuse", help="What data is used for, and what that was good for.")
review_app = App(name="review", help="What readers under a contract think of the data.")
duty_app = App(name="duty", help="What is owed in return under a contract.")

Printer = Callable[[dict[str, Any]], None]
Shown = Literal["named", "kind", "anonymous"]
Unit = Literal["kg-co2e", "hours", "kwh", "dkk", "eur", "people"]


def add_to(app: App) -> None:
    """Add this room's commands."""
    app.command(reuse_app)
    app.command(review_app)
    app.command(duty_app)


@reuse_app.command(name="state")
def state(
    contract: str,
    title: str,
    *,
    from_: str,
    to: str,
    words_: str = "",
    amount: str | None = None,
    unit: Unit = "hours",
    low: str | None = None,
    high: str | None = None,
    method: str = "",
    evidence: str = "",
    link: str = "",
    counted_with: str | None = None,
    shown: Shown = "anonymous",
    public: bool = False,
    here: Here = HERE,
) -> None:
    """State what data was used for under a contract, and what that was good for.

    Args:
        contract: Its id.
        title: The use in a few words.
        from_: First day of the period (2026-01-01).
        to: Last day of the period.
        words_: More about it.
        amount: How much it was good for, about.
        unit: In what.
        low: The least that it is.
        high: The most that it is.
        method: How you know: measured, counted, estimated against what.
        evidence: A report, a link.
        link: Where it can be seen.
        counted_with: Another use of yours that counts the same benefit.
        shown: How you are told of to the provider and others.
        public: Show it on the dataset's page.
        here: Where and as whom.
    """
    benefit = {"unit": unit, "amount": amount, "method": method, "evidence": evidence}
    benefit |= {name: it for name, it in (("low", low), ("high", high)) if it is not None}
    wish = {
        "title": title,
        "words": words_,
        "period_start": from_,
        "period_end": to,
        "benefits": [] if amount is None else [benefit],
        "link": link,
        "counted_with": counted_with,
        "shown": shown,
        "public": public,
    }
    made = _sent(here, "POST", f"/api/contracts/{contract}/uses", wish)
    tell(here, made, lambda it: say(f"[green]✓[/] Stated: {it['id']}"))


@reuse_app.command(name="list")
def list_uses(*, provided: bool = False, here: Here = HERE) -> None:
    """List the uses that your party stated, or those of its data, with their benefits together.

    Args:
        provided: Uses of what your party provides.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get("/api/reuse/uses", params={"provided": provided}))
    tell(here, found, _print_uses)


@reuse_app.command(name="withdraw")
def withdraw_use(use: str, *, here: Here = HERE) -> None:
    """Take a use back: it counts no more.

    Args:
        use: Its id.
        here: Where and as whom.
    """
    gone = _sent(here, "DELETE", f"/api/reuse/uses/{use}")
    tell(here, gone, lambda it: say(f"[green]✓[/] {it['id']} counts no more."))


@reuse_app.command(name="thank")
def thank(
    contract: str,
    words_: str,
    *,
    shown: Shown = "named",
    public: bool = False,
    here: Here = HERE,
) -> None:
    """Thank the provider of what you read.

    Args:
        contract: Under which contract.
        words_: What you want to say.
        shown: How you are told of.
        public: Show it on the dataset's page.
        here: Where and as whom.
    """
    wish = {"words": words_, "shown": shown, "public": public}
    said = _sent(here, "POST", f"/api/contracts/{contract}/thanks", wish)
    tell(here, said, lambda _: say("[green]✓[/] Said."))


@reuse_app.command(name="of")
def of_dataset(dataset: str, *, here: Here = HERE) -> None:
    """Tell what everybody may know of the reuse of a dataset.

    Args:
        dataset: Its short name.
        here: Where and as whom.
    """
    found = _sent(here, "GET", f"/api/datasets/{dataset}/reuse")
    tell(here, found, _print_reuse)


@reuse_app.command(name="statement")
def statement(year: int, *, to: Path | None = None, here: Here = HERE) -> None:
    """Tell your year as a provider: who used what for what, as far as they agree.

    Args:
        year: Which year.
        to: A file for the printable page (HTML); without it, a summary is printed.
        here: Where and as whom.
    """
    _year(here, "/reuse/statement", year, to, _print_statement)


@reuse_app.command(name="taken")
def taken(year: int, *, to: Path | None = None, here: Here = HERE) -> None:
    """Tell your year as a consumer: what you read of whom, for what, and what it was good for.

    Args:
        year: Which year.
        to: A file for the printable page (HTML); without it, a summary is printed.
        here: Where and as whom.
    """
    _year(here, "/reuse/taken", year, to, _print_taken)


@review_app.command(name="write")
def write_review(
    contract: str,
    words_: str,
    *,
    quality: int,
    freshness: int,
    documentation: int,
    support: int,
    here: Here = HERE,
) -> None:
    """Review what you read under a contract; once more is a new version.

    Args:
        contract: Its id.
        words_: What others should know.
        quality: One to five stars.
        freshness: One to five stars.
        documentation: One to five stars.
        support: One to five stars.
        here: Where and as whom.
    """
    stars = {
        "quality": quality,
        "freshness": freshness,
        "documentation": documentation,
        "support": support,
    }
    made = _sent(
        here, "PUT", f"/api/contracts/{contract}/review", {"stars": stars, "words": words_}
    )
    tell(here, made, lambda it: say(f"[green]✓[/] {it['id']}, version {it['version']}"))


@review_app.command(name="list")
def list_reviews(dataset: str, *, here: Here = HERE) -> None:
    """List the reviews of a dataset.

    Args:
        dataset: Its short name.
        here: Where and as whom.
    """
    found = _sent(here, "GET", f"/api/datasets/{dataset}/reviews")
    tell(here, found, _print_reviews)


@review_app.command(name="answer")
def answer_review(review: str, words_: str, *, here: Here = HERE) -> None:
    """Answer a review of your dataset; once more is a new version of the answer.

    Args:
        review: Its id.
        words_: What you say to it.
        here: Where and as whom.
    """
    made = _sent(here, "PUT", f"/api/reviews/{review}/answer", {"words": words_})
    tell(here, made, lambda it: say(f"[green]✓[/] Answer, version {it['answer_version']}"))


@review_app.command(name="withdraw")
def withdraw_review(contract: str, *, here: Here = HERE) -> None:
    """Take your review back: its stars count no more.

    Args:
        contract: The contract that it is of.
        here: Where and as whom.
    """
    gone = _sent(here, "DELETE", f"/api/contracts/{contract}/review")
    tell(here, gone, lambda it: say(f"[green]✓[/] {it['id']} is withdrawn."))


@review_app.command(name="hide")
def hide_review(review: str, *, reason: str, here: Here = HERE) -> None:
    """Hide unlawful words, as the operator: everybody reads the reason.

    Args:
        review: Its id.
        reason: Why.
        here: Where and as whom.
    """
    made = _sent(here, "POST", f"/api/reviews/{review}/hiding", {"reason": reason})
    tell(here, made, lambda it: say(f"[green]✓[/] {it['id']} is hidden."))


@review_app.command(name="show-again")
def show_review_again(review: str, *, here: Here = HERE) -> None:
    """Show a review again that was hidden, as the operator.

    Args:
        review: Its id.
        here: Where and as whom.
    """
    made = _sent(here, "DELETE", f"/api/reviews/{review}/hiding")
    tell(here, made, lambda it: say(f"[green]✓[/] {it['id']} is shown."))


@duty_app.command(name="list")
def list_duties(contract: str, *, here: Here = HERE) -> None:
    """List what is owed in return under a contract, and what is done of it.

    Args:
        contract: Its id.
        here: Where and as whom.
    """
    found = _sent(here, "GET", f"/api/contracts/{contract}/duties")
    tell(
        here,
        found,
        lambda it: table(
            ("duty", "says", "due", "done"),
            (
                (
                    one["clause"]["clause"],
                    one["words"]["en"],
                    (one["due_at"] or "–")[:10],
                    (one["done_at"] or "–")[:10],
                )
                for one in it["items"]
            ),
            empty="Nothing is owed in return.",
        ),
    )


@duty_app.command(name="done")
def duty_done(contract: str, duty: str, words_: str, *, here: Here = HERE) -> None:
    """Say that a duty is done, and how.

    Args:
        contract: Its id.
        duty: Its kind: give-back, state-benefit or thanks.
        words_: Where the dataset is, or the results.
        here: Where and as whom.
    """
    done = _sent(here, "POST", f"/api/contracts/{contract}/duties/{duty}/done", {"words": words_})
    tell(here, done, lambda _: say(f"[green]✓[/] {duty} is done."))


@duty_app.command(name="reopen")
def reopen_duty(contract: str, duty: str, *, reason: str, here: Here = HERE) -> None:
    """Say why a duty is not done, as the provider; its days count anew.

    Args:
        contract: Its id.
        duty: Its kind.
        reason: What is missing.
        here: Where and as whom.
    """
    done = _sent(
        here, "POST", f"/api/contracts/{contract}/duties/{duty}/reopening", {"reason": reason}
    )
    tell(here, done, lambda it: say(f"[green]✓[/] {duty} is open until {it['due_at']}."))


def _sent(here: Here, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    with exchange(here) as client:
        return answer_of(client.request(method, path, json=body))


def _year(here: Here, path: str, year: int, to: Path | None, people: Printer) -> None:
    """Print a year, or write its printable page to a file."""
    if to is None:
        tell(here, _sent(here, "GET", f"/api{path}?year={year}"), people)
        return
    with exchange(here) as client:
        page = client.get(path, params={"year": year})
    if not page.is_success:
        answer_of(page)
    to.write_bytes(page.content)
    tell(here, {"written": str(to)}, lambda _: say(f"[green]✓[/] {to}"))


def _print_uses(it: dict[str, Any]) -> None:
    table(
        ("use", "title", "who", "dataset", "benefit"),
        (
            (
                one["id"],
                one["title"],
                _who(one["who"]),
                one["dataset"],
                "; ".join(f"{b['amount']} {b['unit_words']['en']}" for b in one["benefits"]),
            )
            for one in it["items"]
        ),
        empty="No use is stated. `torvet reuse state` states one.",
    )
    _print_sums(it["benefits"])


def _print_sums(benefits: list[dict[str, Any]]) -> None:
    for one in benefits:
        twice = f", {one['overlapping']} may count the same" if one["overlapping"] else ""
        say(
            f"Together {one['low']} to {one['high']} {one['unit_words']['en']}, about "
            f"{one['amount']} ({one['uses']} uses{twice})"
        )


def _print_reuse(it: dict[str, Any]) -> None:
    what = ", ".join(f"{one['words']['en']} ({one['contracts']})" for one in it["purposes"])
    say(f"{it['contracts']} contracts: {what or 'none'}")
    _print_sums(it["benefits"])
    for one in it["uses"]:
        say(f"  • {escape(one['title'])}, {_who(one['who'])}")
    for one in it["thanks"]:
        say(f"  “{escape(one['words'])}” {_who(one['who'])}")


def _print_statement(it: dict[str, Any]) -> None:
    say(f"[bold]{escape(it['provider'])} in {it['year']}[/]")
    say(f"{it['contracts']} contracts, {it['consumers']} consumers, {it['used']['rows']:,} rows")
    _print_sums(it["benefits"])
    table(
        ("dataset", "contracts", "consumers", "reads", "rows", "stars"),
        (
            (
                words(one["title"]),
                one["contracts"],
                one["consumers"],
                one["used"]["requests"],
                one["used"]["rows"],
                f"{one['rating']['mean']} ({one['rating']['reviews']})" if one["rating"] else "–",
            )
            for one in it["datasets"]
        ),
        empty="No contract on your data was in force.",
    )


def _print_taken(it: dict[str, Any]) -> None:
    say(f"[bold]{escape(it['consumer']['name'])} in {it['year']}[/]")
    say(f"{it['contracts']} contracts, {it['providers']} providers, {it['used']['rows']:,} rows")
    _print_sums(it["benefits"])
    table(
        ("dataset", "provider", "contracts", "reads", "rows", "uses"),
        (
            (
                words(one["title"]),
                one["provider"]["name"],
                one["contracts"],
                one["used"]["requests"],
                one["used"]["rows"],
                len(one["uses"]),
            )
            for one in it["datasets"]
        ),
        empty="No contract of yours was in force.",
    )


def _print_reviews(it: dict[str, Any]) -> None:
    if it["rating"]:
        say(f"[bold]{it['rating']['mean']}[/] of 5 from {it['rating']['reviews']} reviews")
    for one in it["items"]:
        if one["words"] is None:
            say(f"  [dim]{one['id']} was hidden: {escape(one['reason'])}[/]")
            continue
        stars = ", ".join(f"{name} {given}" for name, given in one["stars"].items())
        say(f"  [bold]{_who(one['author'])}[/] [dim]{one['id']}[/] {stars}")
        say(f"    {escape(one['words'])}")
        if one["answer"]:
            say(f"    [dim]Provider:[/] {escape(one['answer'])}")
    if not it["items"]:
        say("No reviews yet.")


def _who(who: dict[str, Any]) -> str:
    return escape(str(who["name"] or who["kind"] or "somebody"))
