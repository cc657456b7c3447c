"""Datasets and their deliveries: from a file on your disk to a release."""

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import httpx2
from cyclopts import App
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from .here import HERE, Here, exchange
from .output import ProblemSaid, answer_of, err, say, table, tell, words

_CHUNK = 4 * 1024 * 1024
_POLL_S = 0.15
ENDED = {"published", "failed", "held", "dropped"}
dataset_app = App(name="dataset", help="Describe a dataset, change its description, withdraw it.")


def add_to(app: App) -> None:
    """Add this room's commands."""
    app.command(dataset_app)
    app.command(publish)
    app.command(delivery)


@dataset_app.command(name="make")
def make_dataset(metadata: Path, *, here: Here = HERE) -> None:
    """Make a dataset from its description; its files come with `torvet publish`.

    Args:
        metadata: A JSON file: slug, title, description, theme, licence, visibility, columns …
        here: Where and as whom.
    """
    with exchange(here) as client:
        made = answer_of(client.post("/api/datasets", json=read_json(metadata)))
    tell(here, made, lambda it: say(f"[green]✓[/] {it['slug']} is described. Publish a file next."))


@dataset_app.command(name="change")
def change_dataset(dataset: str, metadata: Path, *, here: Here = HERE) -> None:
    """Change the description of a dataset; what the file does not name stays as it is.

    Args:
        dataset: Its short name.
        metadata: A JSON file with the fields to change.
        here: Where and as whom.
    """
    with exchange(here) as client:
        seen = answer_of(client.get(f"/api/datasets/{dataset}"))
        wish = {"version": seen["version"], **read_json(metadata)}
        made = answer_of(client.patch(f"/api/datasets/{dataset}", json=wish))
    tell(here, made, lambda it: say(f"[green]✓[/] {it['slug']} is changed."))


@dataset_app.command(name="withdraw")
def withdraw_dataset(dataset: str, *, here: Here = HERE) -> None:
    """Take a dataset out of the catalogue. Its facts stay in the log.

    Args:
        dataset: Its short name.
        here: Where and as whom.
    """
    with exchange(here) as client:
        answer_of(client.delete(f"/api/datasets/{dataset}"))
    tell(here, {"withdrawn": dataset}, lambda _: say(f"[green]✓[/] {dataset} is withdrawn."))


def publish(
    file: Path,
    *,
    dataset: str | None = None,
    title: str | None = None,
    metadata: Path | None = None,
    mode: Literal["append", "replace"] = "replace",
    schema: Path | None = None,
    note: str = "",
    here: Here = HERE,
) -> None:
    """Publish a file as the next release of a dataset, and see it through.

    A dataset that is not there yet is made: from `--metadata`, or hidden under the file's name
    until you describe it.

    Args:
        file: CSV, NDJSON, Parquet, XLSX or GeoJSON, gzipped or not.
        dataset: Short name of the dataset; made from the file's name where not given.
        title: Title of a dataset that is made now.
        metadata: JSON description of a dataset that is made now.
        mode: append the file's rows to the last release, or replace them.
        schema: JSON list of columns with types, where the inferred ones will not do.
        note: What is new in this release.
        here: Where and as whom.
    """
    described = {} if metadata is None else read_json(metadata)
    slug = dataset or described.get("slug") or _slug(file)
    delivery_wish = {"mode": mode, "note": note, "schema": read_json(schema) if schema else None}
    with exchange(here) as client:
        _ensure_dataset(client, slug, {**described, **({"title": {"en": title}} if title else {})})
        done = deliver(client, slug, file, delivery_wish, quiet=here.json)
    tell(here, done, _print_published)


def delivery(delivery_id: str, *, rejected: bool = False, here: Here = HERE) -> None:
    """Show how far a delivery has come, or the rows that were set aside.

    Args:
        delivery_id: Its id.
        rejected: Show the rows that did not fit, with the reason of each.
        here: Where and as whom.
    """
    path = f"/api/deliveries/{delivery_id}"
    with exchange(here) as client:
        found = answer_of(client.get(path + ("/rejected" if rejected else "")))
    tell(here, found, _print_rejected if rejected else _print_published)


def deliver(
    client: httpx2.Client, slug: str, file: Path, wish: dict[str, Any], *, quiet: bool
) -> dict[str, Any]:
    """Upload `file`, deliver it and wait until it is a release; say why it is not, or waits."""
    with Progress(
        TextColumn("{task.description:<12}"),
        BarColumn(),
        TextColumn("{task.fields[step]}"),
        TimeElapsedColumn(),
        console=err,
        disable=quiet,
        transient=True,
    ) as progress:
        task = progress.add_task("uploading", total=1.0, step=file.name)
        upload = ""
        for upload, share in _upload(client, file):  # noqa: B007 - the last one is delivered below
            progress.update(task, completed=share)
        body = {"upload": upload, **{k: v for k, v in wish.items() if v is not None}}
        it = answer_of(client.post(f"/api/datasets/{slug}/deliveries", json=body))
        while it["stage"] not in ENDED:
            time.sleep(_POLL_S)
            it = answer_of(client.get(f"/api/deliveries/{it['id']}"))
            progress.update(
                task, description=it["stage"], completed=it["progress"], step=it.get("step") or ""
            )
    if it["stage"] in {"failed", "held"}:
        failure = it.get("failure") or {}
        raise ProblemSaid({**failure, "title": failure.get("error"), "delivery": it["id"]})
    return dict(it)


def _upload(client: httpx2.Client, file: Path) -> Iterator[tuple[str, float]]:
    size = file.stat().st_size
    with file.open("rb") as content:
        wish = {"file_name": file.name, "bytes": size, "sha256": _sha256(file)}
        made = answer_of(client.post("/api/uploads", json=wish))
        upload, offset = str(made["id"]), 0
        yield upload, 0.0
        while chunk := content.read(_CHUNK):
            answer_of(
                client.patch(
                    f"/api/uploads/{upload}",
                    content=chunk,
                    headers={
                        "Upload-Offset": str(offset),
                        "Content-Type": "application/offset+octet-stream",
                    },
                )
            )
            offset += len(chunk)
            yield upload, offset / size


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _ensure_dataset(client: httpx2.Client, slug: str, described: dict[str, Any]) -> None:
    found = client.get(f"/api/datasets/{slug}")
    if found.status_code != httpx2.codes.NOT_FOUND:
        answer_of(found)
        return
    wish = {"title": {"en": slug.replace("-", " ").capitalize()}, **described, "slug": slug}
    answer_of(client.post("/api/datasets", json=wish))


def _slug(file: Path) -> str:
    stem = file.name.split(".")[0].lower()
    return "".join(c if c.isalnum() and c.isascii() else "-" for c in stem).strip("-") or "dataset"


def read_json(file: Path) -> Any:
    """Return the JSON in `file`; raise ProblemSaid, with advice, where it holds none."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProblemSaid(
            {
                "title": f"{file} cannot be read as JSON: {error}.",
                "advice": "Compare it with the example in docs/how-to/provider.md.",
            }
        ) from error


def _print_published(it: dict[str, Any]) -> None:
    if it["stage"] != "published":
        say(f"{it['stage']}: {it.get('step') or ''} {it.get('error') or ''}")
        return
    say(f"[green]✓[/] Release {it['release']} of {escape(it['dataset'])} is published.")
    if it["rejected"]:
        say(
            f"  [yellow]{it['rejected']:,} rows did not fit and were set aside:[/] "
            f"`torvet delivery {it['id']} --rejected` shows each with its reason."
        )


def _print_rejected(found: dict[str, Any]) -> None:
    table(
        ("row", "column", "value", "reason"),
        ((r["row_number"], r["column"], words(r["value"]), r["reason"]) for r in found["items"]),
        empty="Every row fitted.",
    )
