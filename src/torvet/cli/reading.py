"""Read under a contract: rows in many formats, or a profile for Delta Sharing clients."""

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from .here import HERE, Here, exchange
from .output import answer_of, err, print_json, say, table, tell

FORMATS = {
    "json": "application/json",
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}


def add_to(app: App) -> None:
    """Add this room's commands."""
    app.command(read)
    app.command(profile)
    app.command(usage)


def read(
    contract: str,
    *,
    columns: Annotated[list[str] | None, Parameter(negative="")] = None,
    filter_: Annotated[str | None, Parameter(name="--filter")] = None,
    limit: int | None = None,
    release: int | None = None,
    format_: Annotated[
        Literal["json", "csv", "ndjson", "parquet", "arrow"], Parameter(name="--format")
    ] = "csv",
    to: Path | None = None,
    here: Here = HERE,
) -> None:
    """Read rows under a contract.

    Args:
        contract: Its id.
        columns: Columns to read; repeat it for several.
        filter_: Rows to read, such as "garage = 'BRUUNS' and occupied > 10".
        limit: Most rows to read.
        release: Which release; the newest where not given.
        format_: How to write them.
        to: File to write; standard output where not given.
        here: Where and as whom.
    """
    asked = {
        "columns": ",".join(columns) if columns else None,
        "filter": filter_,
        "limit": limit,
        "release": release,
    }
    params = {name: str(value) for name, value in asked.items() if value is not None}
    accept = {"Accept": FORMATS["json" if here.json else format_]}
    path = f"/api/contracts/{contract}/rows"
    with (
        exchange(here) as client,
        client.stream("GET", path, params=params, headers=accept) as answer,
    ):
        if not answer.is_success:
            answer_of(answer)
        sink = to.open("wb") if to else sys.stdout.buffer
        written = 0
        for chunk in answer.iter_bytes():
            sink.write(chunk)
            written += len(chunk)
        sink.flush()
        if to:
            sink.close()
            err.print(f"[green]✓[/] {to}: {written:,} bytes")


def profile(contract: str, *, to: Path | None = None, here: Here = HERE) -> None:
    """Make a Delta Sharing profile file: what pandas, Spark and Power BI need to read.

    Args:
        contract: Its id.
        to: File to write; standard output where not given.
        here: Where and as whom.
    """
    with exchange(here) as client:
        made = answer_of(client.post(f"/api/contracts/{contract}/profile"))
    if to is None:
        print_json(made)
        return
    to.touch(mode=0o600)
    to.write_text(json.dumps(made, indent=2), encoding="utf-8")
    tell(here, {"profile": str(to)}, lambda _: say(f"[green]✓[/] {to}: keep it like a password."))


def usage(contract: str | None = None, *, here: Here = HERE) -> None:
    """Show what was delivered, by contract and hour.

    Args:
        contract: One contract; all of yours where not given.
        here: Where and as whom.
    """
    with exchange(here) as client:
        asked = {"contract": contract} if contract else {}
        found = answer_of(client.get("/api/usage", params=asked))
    tell(
        here,
        found,
        lambda it: table(
            ("hour", "contract", "channel", "rows", "bytes", "requests"),
            (
                (u["hour"], u["contract"], u["channel"], u["rows"], u["bytes"], u["requests"])
                for u in it["items"]
            ),
            empty="Nothing has been read yet.",
        ),
    )
