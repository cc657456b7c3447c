"""Anonymise 1 M, 10 M and (with --rows) 300 M rows like Adult's, Parquet to Parquet.

    python -m benchmarks.privacy_rows [--rows N] [--folder DIR] [--rounds N] [--json FILE]

Eight quasi-identifiers, k = 5, 5 % suppression, Loss. Each round is a process of its own that
warms up on the Adult data and then anonymises once, so that its peak memory is that of one
release. `--rows 300000000` writes some 1.5 GB, row group by row group, and takes its time.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._told import asks_for_json, tell

from torvet.privacy import KAnonymity, anonymise

from ._adult import adult, hierarchies, write

LIMITS = {1_000_000: (1.2, 4096), 10_000_000: (5.0, 4096), 300_000_000: (None, 8192)}
ROUNDS = 3


def once(source: Path, target: Path) -> dict[str, object]:
    """Anonymise a file in this process; return what it took."""
    levels = hierarchies()
    anonymise(adult(), quasi_identifiers=levels, models=[KAnonymity(5)])
    start = time.perf_counter()
    result = anonymise(
        source, quasi_identifiers=levels, models=[KAnonymity(5)], metric="loss", output=target
    )
    return {
        "seconds": time.perf_counter() - start,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "groups": len(result.groups.counts),
        "loss": result.optimum,
        "suppressed": result.suppressed,
        "k": result.risk.k,
    }


def measured(rows: int, rounds: int, folder: Path) -> dict[str, object]:
    source, target = folder / f"rows-{rows}.parquet", folder / "release.parquet"
    if not source.exists():
        write(source, rows)
    found = []
    for number in range(rounds):
        command = [sys.executable, "-m", "benchmarks.privacy_rows", "--once", source, target]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found.append(json.loads(said.splitlines()[-1]))
        print(f"{rows:,} rows, round {number + 1}: {found[-1]}", file=sys.stderr)
    seconds = sorted(each["seconds"] for each in found)[len(found) // 2]
    peak = max(each["peak_mb"] for each in found)
    seconds_max, peak_max = LIMITS.get(rows, (None, 8192))
    return {
        "rows": rows,
        "file_mb": round(source.stat().st_size / 1e6),
        "seconds": round(seconds, 3),
        "seconds_max": seconds_max,
        "peak_mb": round(peak),
        "peak_mb_max": peak_max,
        "groups": found[0]["groups"],
        "loss": found[0]["loss"],
        "holds": (seconds_max is None or seconds <= seconds_max) and peak <= peak_max,
    }


def main() -> None:
    words = asks_for_json(argparse.ArgumentParser(description=__doc__))
    words.add_argument("--rows", type=int, action="append")
    words.add_argument("--rounds", type=int, default=ROUNDS)
    words.add_argument("--folder", type=Path)
    words.add_argument("--once", nargs=2, type=Path, metavar=("SOURCE", "TARGET"))
    wish = words.parse_args()
    if wish.once:
        print(json.dumps(once(*wish.once)))
        return
    with tempfile.TemporaryDirectory(prefix="torvet-bench-") as made:
        folder = wish.folder or Path(made)
        sizes = wish.rows or [1_000_000, 10_000_000]
        runs = [measured(rows, wish.rounds, folder) for rows in sizes]
    found = {
        "claim": "1 M rows ≤ 1.2 s; 10 M rows ≤ 5 s and ≤ 4 GB; 300 M rows ≤ 8 GB",
        "runs": runs,
        "holds": all(each["holds"] for each in runs),
    }
    tell(found, wish.json)


if __name__ == "__main__":
    main()
