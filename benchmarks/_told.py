"""How a benchmark tells what it found: to a person, to a file, and to whoever started it."""

import argparse
import json
import sys
from pathlib import Path


def asks_for_json(words: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Let a benchmark be told where to write what it finds."""
    words.add_argument("--json", type=Path, help="write what was found to this file as well")
    return words


def tell(found: dict[str, object], file: Path | None) -> None:
    """Print what was found as JSON, write it to `file`, and exit 1 where a claim does not hold."""
    text = json.dumps(found, indent=2, ensure_ascii=False)
    print(text)
    if file:
        file.write_text(text + "\n", encoding="utf-8")
    if not found.get("holds", True):
        sys.exit(1)
