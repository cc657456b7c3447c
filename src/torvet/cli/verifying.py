"""Verify what was taken home, without the exchange."""

from pathlib import Path
from typing import Any

from rich.markup import escape

from torvet.audit.verifier import verify_files

from .here import HERE, Here
from .output import say, tell


def verify(*files: Path, key: Path, here: Here = HERE) -> int:
    """Verify receipts and consistency proofs offline: no exchange is asked.

    Args:
        files: Files that `torvet log receipt` and `torvet log consistency` wrote.
        key: The exchange's public key, as `torvet log key` wrote it.
        here: How to print.
    """
    report = verify_files(files, key)
    tell(here, report, _print_report)
    return 0 if report["ok"] else 1


def _print_report(report: dict[str, Any]) -> None:
    for it in report["files"]:
        mark = "[green]✓[/]" if it["ok"] else "[red]✗[/]"
        say(f"{mark} {escape(it['file'])}: {escape(it['said'])}")
