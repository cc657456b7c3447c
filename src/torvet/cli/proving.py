"""The log: receipts to take home, and their verification without the exchange."""

import json
from pathlib import Path
from typing import Any

from cyclopts import App

from .here import HERE, Here, exchange
from .output import answer_of, say, table, tell

log_app = App(name="log", help="The audit log: facts, checkpoints, receipts.")


def add_to(app: App) -> None:
    """Add this room's commands."""
    app.command(log_app)


@log_app.command(name="facts")
def facts(*, after: int = -1, limit: int = 50, here: Here = HERE) -> None:
    """List facts; those that do not concern you show their hash only.

    Args:
        after: Position to start behind.
        limit: How many at most.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(
            client.get("/api/log/facts", params={"after": str(after), "limit": str(limit)})
        )
    tell(
        here,
        found,
        lambda it: table(
            ("position", "fact", "at", "subject", "hash"),
            (
                (f["position"], f.get("name"), f.get("at"), f.get("subject"), f["leaf_hash"][:16])
                for f in it["items"]
            ),
            empty="No sealed facts yet.",
        ),
    )


@log_app.command(name="receipt")
def receipt(position: int, to: Path, *, here: Here = HERE) -> None:
    """Take a receipt: one fact with the proof that it is in the log.

    Args:
        position: The fact's position.
        to: File to write.
        here: Where and as whom.
    """
    with exchange(here) as client:
        _take(here, answer_of(client.get(f"/api/log/facts/{position}/receipt")), to)


@log_app.command(name="consistency")
def consistency(first: int, to: Path, *, second: int | None = None, here: Here = HERE) -> None:
    """Take the proof that the log has only grown since it had `first` facts.

    Args:
        first: Size of the earlier checkpoint.
        to: File to write.
        second: Size of the later checkpoint; the newest where not given.
        here: Where and as whom.
    """
    asked = {"first": str(first)} | ({"second": str(second)} if second is not None else {})
    with exchange(here) as client:
        _take(here, answer_of(client.get("/api/log/consistency", params=asked)), to)


@log_app.command(name="key")
def key(to: Path, *, here: Here = HERE) -> None:
    """Take the exchange's public key, to verify with later.

    Args:
        to: File to write.
        here: Where and as whom.
    """
    with exchange(here, signed_in=False) as client:
        _take(here, answer_of(client.get("/api/log/key")), to)


def _take(here: Here, proof: Any, to: Path) -> None:
    to.write_text(json.dumps(proof, ensure_ascii=False, indent=2), encoding="utf-8")
    tell(here, {"written": str(to)}, lambda _: say(f"[green]✓[/] {to}"))
