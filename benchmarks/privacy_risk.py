"""Risk report (k, l, t, three attackers) of 1 M released rows; the peer is pycanon.

    python -m benchmarks.privacy_risk [--rows N] [--rounds N] [--json FILE]

Both read the same release (Adult-like rows at ARX's optimum) into memory first and measure it
then, in turns; pycanon in the peers' environment, timing its own calls of k, l and t.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq
from benchmarks._told import asks_for_json, tell

from torvet.privacy import KAnonymity, anonymise, risk

from ._adult import COLUMNS, hierarchies, write

ROWS = 1_060_000
ROUNDS = 3
CALLS = 5
SENSITIVE = "salary-class"
SECONDS_MAX = 0.3
RATIO_MIN = 30
PEER = """
import json, sys, time
import pandas as pd
from pycanon import anonymity
path, columns, sensitive = sys.argv[1], json.loads(sys.argv[2]), [sys.argv[3]]
table = pd.read_parquet(path).astype(str)
start = time.perf_counter()
k = anonymity.k_anonymity(table, columns)
l = anonymity.l_diversity(table, columns, sensitive)
t = anonymity.t_closeness(table, columns, sensitive)
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "k": int(k), "l": int(l), "t": float(t)}))
"""


def peer(path: Path) -> dict[str, float]:
    python = Path(sys.prefix).parent / ".venv-peers/bin/python"
    command = [python, "-W", "ignore", "-c", PEER, path, json.dumps(COLUMNS), SENSITIVE]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(said.splitlines()[-1])


def measured(folder: Path, rows: int, rounds: int) -> dict[str, object]:
    source, release = folder / "rows.parquet", folder / "release.parquet"
    write(source, rows)
    anonymise(source, quasi_identifiers=hierarchies(), models=[KAnonymity(5)], output=release)
    # As plain texts: what a data frame would hold, without the dictionaries we wrote.
    table = pq.read_table(release)
    plain = table.cast(_plain(table.schema))
    pq.write_table(plain, release)
    risk.report(plain, COLUMNS, [SENSITIVE])
    times, peers = [], []
    for number in range(rounds):
        peers.append(peer(release))
        for _ in range(CALLS):
            start = time.perf_counter()
            found = risk.report(plain, COLUMNS, [SENSITIVE])
            times.append(time.perf_counter() - start)
        print(f"round {number + 1}: pycanon {peers[-1]}", file=sys.stderr)
    seconds = statistics.median(times)
    theirs = statistics.median(each["seconds"] for each in peers)
    said = peers[0]
    equal = (
        found.k == said["k"]
        and found.l[SENSITIVE] == said["l"]
        and abs(found.t[SENSITIVE] - said["t"]) < 1e-9
    )
    return {
        "claim": f"risk of 1 M rows ≤ {SECONDS_MAX} s, ≥ {RATIO_MIN} × pycanon, equal values",
        "rows": plain.num_rows,
        "classes": found.classes,
        "seconds": round(seconds, 3),
        "pycanon_s": round(theirs, 2),
        "ratio": round(theirs / seconds, 1),
        "k": found.k,
        "l": dict(found.l),
        "t": dict(found.t),
        "equal": equal,
        "holds": equal and seconds <= SECONDS_MAX and theirs >= RATIO_MIN * seconds,
    }


def _plain(schema):
    """Return the schema with texts in place of dictionaries."""
    for place, field in enumerate(schema):
        if hasattr(field.type, "value_type"):
            schema = schema.set(place, field.with_type(field.type.value_type))
    return schema


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
