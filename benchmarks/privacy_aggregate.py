"""All four rules over 30 M meter readings; the peer is a plain GROUP BY of the same rows.

    python -m benchmarks.privacy_aggregate [--rows N] [--rounds N] [--json FILE]

12,500 meters behind 500 feeders, an hour per row, in one Parquet file; both read it, and both
end with an Arrow table of 1.2 M cells, in turns. Three meters of a hundred use much more than
the others, so that rules have something to object to.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from benchmarks._told import asks_for_json, tell

from torvet.privacy import Dominance, MaxShare, MinContributors, PPercent, aggregate

ROWS = 30_000_000
ROUNDS = 5
METERS, FEEDERS = 12_500, 500
RATIO_MAX = 2.2
RULES = (MinContributors(15), MaxShare(0.15), PPercent(10), Dominance(n=2, k=85))


def generate(path: Path, rows: int) -> None:
    duckdb.execute(
        f"COPY (SELECT (i % {FEEDERS})::INT AS feeder,"
        f" TIMESTAMP '2026-01-01' + to_hours((i // {METERS})::INT) AS hour,"
        f" 571313000000000000 + (i % {METERS}) AS meter,"
        f" (200 + hash(i) % 800 + CASE WHEN hash(i % {METERS}) % 100 < 3 THEN 2500 ELSE 0 END)"
        f"::BIGINT AS wh FROM range({rows}) AS t(i)) TO '{path}' (FORMAT parquet)"
    )


def plain(path: Path) -> float:
    start = time.perf_counter()
    with duckdb.connect() as run:
        run.sql(
            f"SELECT feeder, hour, sum(wh) AS wh FROM read_parquet('{path}') GROUP BY ALL"
        ).to_arrow_table()
    return time.perf_counter() - start


def ruled(path: Path):
    start = time.perf_counter()
    found = aggregate(path, by=("feeder", "hour"), value="wh", unit="meter", rules=RULES)
    return time.perf_counter() - start, found


def measured(folder: Path, rows: int, rounds: int) -> dict[str, object]:
    path = folder / "readings.parquet"
    generate(path, rows)
    plain(path), ruled(path)
    peers, ours = [], []
    for number in range(rounds):
        peers.append(plain(path))
        seconds, found = ruled(path)
        ours.append(seconds)
        print(f"round {number + 1}: {peers[-1]:.3f} s and {ours[-1]:.3f} s", file=sys.stderr)
    ratio = statistics.median(ours) / statistics.median(peers)
    return {
        "claim": f"aggregate with four rules ≤ {RATIO_MAX} × a plain GROUP BY",
        "rows": rows,
        "cells": found.cells,
        "suppressed": found.suppressed,
        "objections": dict(found.objections),
        "group_by_s": round(statistics.median(peers), 3),
        "aggregate_s": round(statistics.median(ours), 3),
        "ratio": round(ratio, 2),
        "holds": ratio <= RATIO_MAX,
    }


def main() -> None:
    words = asks_for_json(argparse.ArgumentParser(description=__doc__))
    words.add_argument("--rows", type=int, default=ROWS)
    words.add_argument("--rounds", type=int, default=ROUNDS)
    wish = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="torvet-bench-") as folder:
        found = measured(Path(folder), wish.rows, wish.rounds)
    tell(found, wish.json)


if __name__ == "__main__":
    main()
