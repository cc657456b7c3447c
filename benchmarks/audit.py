"""Deeds recorded and sealed by 8 writers with fsync on, and proofs in a log of 1 M facts.

    python -m benchmarks.audit --json FILE

Peers in the same run: the same writers inserting the same text into a plain table that nobody
hashes, orders or signs; and pymerkle's tree in memory, which asks no database for its proofs.
"""

import argparse
import multiprocessing
import os
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import pymerkle
from benchmarks._told import asks_for_json, tell
from sqlalchemy import text

from torvet.audit import Fact, newest_checkpoint, record, seal, seal_until, service
from torvet.audit.merkle import verify_inclusion
from torvet.audit.model import Leaf
from torvet.exchange import open_parts
from torvet.server import settled
from torvet.settings import Settings

WRITERS = 8
ROUNDS = 3
MEASURED_S = 8
FACTS = 1_000_000
FACTS_PER_DEED = 10_000
PROOFS = 5_000
RECEIPT_MS_MAX = 5
READERS = frozenset({"pt_bo"})

PLAIN = """
    create table plain (id bigint generated always as identity primary key, leaf text not null)
"""

FORK = multiprocessing.get_context("fork")


def fact(number):
    """A fact as delivery records it for every answer."""
    return Fact(
        name="usage",
        at=datetime(2026, 6, 1, 12, tzinfo=UTC),
        actor="tk_01k9zqv5h0c8w6t3n2b4m7x1ra",
        subject="ct_01k9zqv5h0c8w6t3n2b4m7x1rb",
        parties=("pt_alma", "pt_bo"),
        body={
            "contract": "ct_01k9zqv5h0c8w6t3n2b4m7x1rb",
            "dataset": "ds_01k9zqv5h0c8w6t3n2b4m7x1rc",
            "release": 2,
            "channel": "rest",
            "rows": number % 1000,
            "bytes": number,
            "requests": 1,
            "format": "json",
        },
    )


def deed(tx, number):
    record(tx, fact(number))


def plain(tx, number):
    leaf = Leaf(fact=fact(number), salt="0" * 32).to_bytes().decode()
    tx.execute(text("insert into plain (leaf) values (:leaf)"), {"leaf": leaf})


def write(home, kind, start, until, done):
    """Do deeds one by one, each in a transaction of its own, until the time is up."""
    with open_parts(Settings(home=home), migrate=False) as parts:
        with parts.db.begin() as tx:
            tx.execute(text("select 1"))
        start.wait()
        count = 0
        while time.monotonic() < until.value:
            with parts.db.begin() as tx:
                kind(tx, count)
            count += 1
    done.put(count)


def keep_sealing(home, stop):
    with open_parts(Settings(home=home), migrate=False) as parts:
        seal_until(parts, stop, 0.5)


def writers_at_once(home, kind):
    """Return how many deeds were done in MEASURED_S by all writers together."""
    start, until, done = FORK.Barrier(WRITERS + 1), FORK.Value("d", 0.0), FORK.Queue()
    crowd = [
        FORK.Process(target=write, args=(home, kind, start, until, done)) for _ in range(WRITERS)
    ]
    for one in crowd:
        one.start()
    until.value = time.monotonic() + 3600
    start.wait()
    until.value = time.monotonic() + MEASURED_S
    total = sum(done.get() for _ in crowd)
    for one in crowd:
        one.join()
    return total


def sealed_deeds(home, parts):
    """Return deeds a second, counted only when the last one of them is sealed and signed."""
    seal(parts)
    before, stop = newest_checkpoint(parts).size, FORK.Event()
    sealer = FORK.Process(target=keep_sealing, args=(home, stop))
    sealer.start()
    total = writers_at_once(home, deed)
    began = time.monotonic()
    while newest_checkpoint(parts).size < before + total:
        time.sleep(0.005)
    behind_s = time.monotonic() - began
    stop.set()
    sealer.join()
    return total / (MEASURED_S + behind_s), behind_s


def throughput(home, parts):
    with parts.db.begin() as tx:
        tx.execute(text(PLAIN))
        fsync = tx.scalar(text("show fsync")), tx.scalar(text("show synchronous_commit"))
    sealed, behind, plainly = [], [], []
    for _ in range(ROUNDS):
        per_s, behind_s = sealed_deeds(home, parts)
        sealed.append(per_s)
        behind.append(behind_s)
        plainly.append(writers_at_once(home, plain) / MEASURED_S)
    return {
        "writers": WRITERS,
        "fsync": fsync[0],
        "synchronous_commit": fsync[1],
        "sealed_deeds_per_s": round(statistics.median(sealed)),
        "sealer_behind_s": round(statistics.median(behind), 2),
        "peer_plain_inserts_per_s": round(statistics.median(plainly)),
        "ratio_to_peer": round(statistics.median(sealed) / statistics.median(plainly), 2),
        "wanted": {"sealed_deeds_per_s_min": 1500},
    }


def fill(parts):
    """Record up to FACTS facts in deeds of many, and return how many seconds sealing them took."""
    seal(parts)
    missing = FACTS - newest_checkpoint(parts).size
    while missing > 0:
        part = min(missing, FACTS_PER_DEED)
        with (
            parts.db.begin() as tx,
            tx.connection.driver_connection.cursor() as cursor,
            cursor.copy("copy facts (leaf) from stdin") as copy,
        ):
            for number in range(part):
                leaf = Leaf(fact=fact(number), salt=f"{missing - number:032x}").to_bytes()
                copy.write_row((leaf.decode(),))
        missing -= part
    before, began = newest_checkpoint(parts).size, time.monotonic()
    while newest_checkpoint(parts).size < FACTS:
        seal(parts)
    return (FACTS - before) / (time.monotonic() - began)


def timed_ms(deed_of, places, processes):
    """Return how long each deed took, and how many only because they had no core for a while.

    Each waits for `processes` in turn: this one, and whoever answers it. Linux knows how long a
    process that could have run had no core, since others ran on all of them.
    """
    took, with_cores = [], []
    for place in places:
        waited_ms, began = without_core_ms(processes), time.perf_counter()
        deed_of(place)
        took.append((time.perf_counter() - began) * 1000)
        with_cores.append(took[-1] - (without_core_ms(processes) - waited_ms))
    took.sort()
    above = f"above_{RECEIPT_MS_MAX}_ms"
    return {
        "asked": len(took),
        "p50_ms": round(statistics.median(took), 2),
        "p95_ms": round(took[int(len(took) * 0.95)], 2),
        "p99_ms": round(took[int(len(took) * 0.99)], 2),
        "max_ms": round(took[-1], 2),
        above: sum(ms > RECEIPT_MS_MAX for ms in took),
        f"{above}_without_waiting_for_a_core": sum(ms > RECEIPT_MS_MAX for ms in with_cores),
    }


def without_core_ms(processes):
    waits = (Path(f"/proc/{pid}/schedstat").read_text().split()[1] for pid in processes)
    return sum(map(int, waits)) / 1e6


def proofs(parts):
    sealing_per_s = fill(parts)
    size = newest_checkpoint(parts).size
    places = random.Random(1).sample(range(size), PROOFS)
    sizes = sorted({s for s in _signed_sizes(parts) if s < size})
    with settled(), parts.db.connect() as asked:  # as in a server
        both = (os.getpid(), asked.scalar(text("select pg_backend_pid()")))
        asked.close()
        ours = timed_ms(lambda place: service.receipt(parts, place, READERS), places, both)
        growth = timed_ms(
            lambda place: service.consistency(parts, sizes[place % len(sizes)]), places[:100], both
        )
    for place in places[:50]:
        found = service.receipt(parts, place, READERS)
        verify_inclusion(found.sealed.hash, place, size, found.proof, found.checkpoint.root)
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    tree.append_entries(str(number).encode() for number in range(size))
    tree.prove_inclusion(1)
    peer = timed_ms(lambda place: tree.prove_inclusion(place + 1), places[:500], both[:1])
    return {
        "facts": size,
        "bulk_sealing_facts_per_s": round(sealing_per_s),
        "receipt": ours,
        "consistency": growth,
        "peer_pymerkle_in_memory": peer,
        "wanted": {"receipt_ms_max": RECEIPT_MS_MAX},
    }


def _signed_sizes(parts):
    with parts.db.begin() as tx:
        return tx.scalars(text("select size from checkpoints")).all()


def main():
    parser = asks_for_json(argparse.ArgumentParser(description=__doc__))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="torvet-bench-") as folder:
        home = Path(folder)
        with open_parts(Settings(home=home)) as parts:
            result = {"deeds": throughput(home, parts), "proofs": proofs(parts)}
    tell(result, chosen.json)


if __name__ == "__main__":
    main()
