"""Entitled REST reads of 100 rows by 16 clients at once, from one process with fsync on.

    python -m benchmarks.rest --json FILE [--short]

Each client has a contract of its own that shows some columns of some rows, and asks for rows
from a place drawn at random on, over one connection that it keeps. The clients are a process
beside. Paced, a read is due whether the one before was quick or not, and its time counts from
when it was due.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from benchmarks._exchange import fill, serving
from benchmarks._told import asks_for_json, tell

from torvet.contracts import Columns, RowFilter, RowsPerDay
from torvet.kit.filters import from_text

CLIENTS = 16
RATE = 160
ROWS = 100
RATES = {"paced": RATE, "as_fast_as_it_goes": 0}
SHORT = {"paced": RATE}
WARM_UP_S = 3
MEASURED_S = 15
CLAUSES = (
    Columns(("garage", "ts", "occupied", "capacity", "id")),
    RowFilter(from_text("garage <> 'GARAGE-11'")),
)
COUNTED = (*CLAUSES, RowsPerDay(10**12))
"""With a limit each read locks and counts, in a transaction more."""


async def client(port, reader_of, *, until, seen, seed, pause):
    """Read page after page until the time is up, and note when each was due and how long it took.

    With a `pause` a read is due that often, whether the one before was quick or not: a slow
    answer then counts against all that had to wait for it. Without one, whenever there is time.
    """
    contract, _, secret = reader_of
    draw = random.Random(seed)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    due = time.monotonic() + draw.random() * pause
    while due < until:
        await asyncio.sleep(due - time.monotonic())
        low = draw.randrange(900_000)
        path = f"/api/contracts/{contract}/rows?limit={ROWS}&filter=id%20%3E%3D%20{low}"
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n\r\n"
        began = due if pause else time.monotonic()
        writer.write(request.encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        seen.append((began, time.monotonic() - began))
        due = due + pause if pause else time.monotonic()
        if len(seen) % 200 == 0:
            assert len(json.loads(body)["rows"]) == ROWS
    writer.close()


async def clients(port, contracts, rate):
    seen = []
    pause = CLIENTS / rate if rate else 0
    began = time.monotonic()
    until = began + WARM_UP_S + MEASURED_S
    readers = [
        client(port, each, until=until, seen=seen, seed=seed, pause=pause)
        for seed, each in enumerate(contracts)
    ]
    await asyncio.gather(*readers)
    return [took for at, took in seen if at >= began + WARM_UP_S], len(seen)


def measured(took):
    took = sorted(took)
    return {
        "reads": len(took),
        "reads_per_s": round(len(took) / MEASURED_S, 1),
        "p50_ms": round(statistics.median(took) * 1000, 1),
        "p95_ms": round(took[int(len(took) * 0.95)] * 1000, 1),
        "p99_ms": round(took[int(len(took) * 0.99)] * 1000, 1),
    }


def _measured_under(clauses, rates):
    with tempfile.TemporaryDirectory(prefix="torvet-bench-") as folder:
        filled = fill(Path(folder), rows=1_000_000, files=4, readers=CLIENTS, clauses=clauses)
        with serving(filled) as server:
            return {name: _measured(filled, server, rate) for name, rate in rates.items()}


def _measured(filled, server, rate):
    before = sum(psutil.Process(server.pid).cpu_times()[:2])
    took, made = _asked(filled, rate)
    spent = sum(psutil.Process(server.pid).cpu_times()[:2]) - before
    return {**measured(took), "server_cpu_ms_per_read": round(spent / made * 1000, 2)}


def _asked(filled, rate):
    asked = json.dumps([filled.port, filled.contracts, rate])
    command = [sys.executable, "-m", "benchmarks.rest", "--as-clients", asked]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(answer.stdout)


def main():
    parser = asks_for_json(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--short", action="store_true", help="with a daily limit only, and paced")
    parser.add_argument("--as-clients", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.as_clients:
        print(json.dumps(asyncio.run(clients(*json.loads(chosen.as_clients)))))
        return
    # The limit on one caller would be measured else: the readers are tokens of one account.
    os.environ["TORVET_REQUESTS_PER_MINUTE"] = "1000000"
    result = {
        "clients": CLIENTS,
        "rows_per_read": ROWS,
        **({} if chosen.short else _measured_under(CLAUSES, RATES)),
        "with_a_daily_limit": _measured_under(COUNTED, SHORT if chosen.short else RATES),
        "wanted": {"paced": {"p95_ms_max": 40, "reads_per_s_min": 150}},
    }
    tell(result, chosen.json)


if __name__ == "__main__":
    main()
