"""Search the catalogue and look at what is found."""

from typing import Any

from cyclopts import App
from rich.markup import escape

from .here import HERE, Here, exchange
from .output import answer_of, say, table, tell, words

_PREVIEW_ROWS = 5


def add_to(app: App) -> None:
    """Add this room's commands."""
    app.command(search)
    app.command(show)


def search(
    *query: str,
    theme: str | None = None,
    provider: str | None = None,
    licence: str | None = None,
    page: int = 1,
    here: Here = HERE,
) -> None:
    """Search the catalogue in Danish and English.

    Args:
        query: Words to look for; none lists everything.
        theme: EU data theme, such as TRAN or ENER.
        provider: Short name of a provider.
        licence: Address of a licence.
        page: Which page of the result.
        here: Where and as whom.
    """
    wish = {"q": " ".join(query), "theme": theme, "provider": provider, "licence": licence}
    asked = {name: value for name, value in wish.items() if value} | {"page": str(page)}
    with exchange(here, signed_in=bool(here.as_)) as client:
        tell(here, answer_of(client.get("/api/datasets", params=asked)), _print_found)


def show(dataset: str, *, release: int | None = None, here: Here = HERE) -> None:
    """Show a dataset: description, schema with units, quality, preview and offers.

    Args:
        dataset: Its short name.
        release: Which release; the newest where not given.
        here: Where and as whom.
    """
    with exchange(here, signed_in=bool(here.as_)) as client:
        path = f"/api/datasets/{dataset}"
        seen = {"dataset": answer_of(client.get(path))}
        newest = release or (seen["dataset"].get("release") or {}).get("number")
        if newest:
            for part in ("profile", "quality", "preview"):
                answer = client.get(f"{path}/releases/{newest}/{part}")
                seen[part] = answer.json() if answer.is_success else None
        seen["offers"] = answer_of(client.get(f"{path}/offers"))
    tell(here, seen, _print_dataset)


def _print_found(found: dict[str, Any]) -> None:
    table(
        ("dataset", "title", "provider", "theme", "rows", "quality"),
        (
            (
                it["slug"],
                words(it["title"]),
                it["provider"]["name"],
                it.get("theme"),
                (it["release"] or {}).get("rows"),
                (it["release"] or {}).get("quality"),
            )
            for it in found["items"]
        ),
        empty="Nothing is found. Try fewer words, or `torvet search` alone to see everything.",
    )
    if found["total"] > len(found["items"]):
        say(f"[dim]{found['total']:,} datasets in all; --page shows more.[/]")


def _print_dataset(seen: dict[str, Any]) -> None:
    it = seen["dataset"]
    say(f"[bold]{escape(words(it['title']))}[/]  [dim]{escape(it['slug'])}[/]")
    say(escape(words(it["description"])))
    profile, quality, preview = (seen.get(part) for part in ("profile", "quality", "preview"))
    if profile:
        table(
            ("column", "type", "unit", "nulls", "distinct", "min", "max"),
            (
                (
                    c["name"],
                    c["type"],
                    c.get("unit"),
                    c["nulls"],
                    c["distinct"],
                    c.get("min"),
                    c.get("max"),
                )
                for c in profile["columns"]
            ),
            empty="No columns.",
        )
    if quality:
        say(f"Quality [bold]{quality['score']}[/] of 100")
        for dimension in quality["dimensions"]:
            say(f"  {_score(dimension):>3}  {dimension['name']}: {escape(dimension['sentence'])}")
    if preview and preview["rows"]:
        table(
            [column["name"] for column in preview["columns"]],
            (tuple(row.values()) for row in preview["rows"][:_PREVIEW_ROWS]),
            empty="",
        )
    table(
        ("offer", "title", "terms"),
        ((o["id"], o["title"], "; ".join(o["words"]["en"])) for o in seen["offers"]["items"]),
        empty="No open offers. Ask its contact for one.",
    )


def _score(dimension: dict[str, Any]) -> str:
    return "–" if dimension["score"] is None else str(dimension["score"])
