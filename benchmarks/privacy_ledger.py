"""Charge privacy budgets: how long one takes, and whether any is ever overspent.

    python -m benchmarks.privacy_ledger [--charges N] [--processes N] [--json FILE]

First one process charges one after the other, each in its own durable transaction. Then many
processes race for budgets that run out while one of them after the other is killed with SIGKILL
and started again. At the end no account is above its limit, every account is the sum of its
lines, and every charge that a process was told of is there.
"""

import argparse
import multiprocessing
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks._told import asks_for_json, tell
from sqlalchemy import text

from torvet.backends.postgres import open_database
from torvet.exchange import database_url
from torvet.migrations import migrate
from torvet.privacy import ledger
from torvet.privacy.answers.spec import Limits
from torvet.privacy.errors import BudgetSpent
from torvet.settings import Settings

CHARGES, PROCESSES, ALONE = 100_000, 16, 5_000
P99_MS_MAX = 8
DATASETS, CONSUMERS = 8, 6
AT = datetime(2026, 6, 1, tzinfo=UTC)
KILLED_EVERY_S = 0.4
FORKED = multiprocessing.get_context("fork")


def limits_for(charges):
    """Limits that some consumers and some datasets reach, long before the end."""
    whole = charges * 50 // DATASETS
    return Limits(per_consumer=whole // 4, per_dataset=whole * 9 // 10)


def charged(db, limits, *, dataset, consumer, price, question):
    """Charge once, durably; return whether there was enough left."""
    asked = ledger.Charge(
        dataset=dataset,
        consumer=consumer,
        question=question,
        for_consumer=price,
        for_dataset=price,
    )
    try:
        with db.begin() as tx:
            ledger.charge(tx, asked, limits, at=AT)
    except BudgetSpent:
        return False
    return True


def work(url, charges, limits, told):
    """Charge until killed or `charges` were tried; note each that was acknowledged."""
    random.seed(str(told))
    db = open_database(url, pool_size=1)
    with told.open("a", buffering=1) as acknowledged:
        for number in range(charges):
            dataset = f"ds_{random.randrange(DATASETS)}"
            consumer = f"pa_{random.randrange(CONSUMERS)}"
            question = f"{told.stem}-{number}"
            paid = charged(
                db,
                limits,
                dataset=dataset,
                consumer=consumer,
                price=random.randint(1, 100),
                question=question,
            )
            acknowledged.write(f"{question} {'paid' if paid else 'refused'}\n")


def alone(url):
    db = open_database(url, pool_size=1)
    taken = []
    generous = Limits(per_consumer=10**12, per_dataset=10**12)
    for number in range(ALONE):
        begin = time.perf_counter()
        assert charged(
            db, generous, dataset="ds_alone", consumer="pa_one", price=7, question=f"a-{number}"
        )
        taken.append((time.perf_counter() - begin) * 1_000)
    db.dispose()
    return taken


def stressed(url, folder, charges, processes):
    """Let processes race, kill them at random, and start others until all charges were tried."""
    limits = limits_for(charges)
    started = killed = 0
    running, begun = [], time.perf_counter()
    portion = max(charges // processes // 8, 1)
    next_kill = begun + 2
    while True:
        tried = sum(len(path.read_bytes().splitlines()) for path in folder.glob("*.told"))
        running = [each for each in running if each.is_alive()]
        if tried >= charges and not running:
            break
        while tried < charges and len(running) < processes:
            told = folder / f"w{started}.told"
            one = FORKED.Process(target=work, args=(url, portion, limits, told))
            one.start()
            running.append(one)
            started += 1
        if running and time.perf_counter() > next_kill:
            random.choice(running).kill()
            killed += 1
            next_kill = time.perf_counter() + random.uniform(0, 2 * KILLED_EVERY_S)
        time.sleep(0.05)
    return limits, killed, tried, time.perf_counter() - begun


def audited(url, folder, limits):
    """Return what is wrong: overspent accounts, sums that are none, charges that were lost."""
    told = [
        line.split()
        for path in folder.glob("*.told")
        for line in path.read_text().splitlines()
        if line.endswith((" paid", " refused"))
    ]
    paid = {question for question, result in told if result == "paid"}
    db = open_database(url, pool_size=1)
    with db.begin() as tx:
        overspent = tx.execute(
            text(
                "SELECT count(*) FROM budget_accounts WHERE dataset <> 'ds_alone' AND"
                " spent_micro_rho > CASE WHEN consumer = '' THEN :whole ELSE :own END"
            ),
            {"whole": limits.per_dataset, "own": limits.per_consumer},
        ).scalar_one()
        lines = set(tx.execute(text("SELECT question FROM budget_charges")).scalars())
        wrong = ledger.imbalances(tx)
        full = tx.execute(
            text(
                "SELECT count(*) FROM budget_accounts"
                " WHERE consumer = '' AND dataset <> 'ds_alone' AND spent_micro_rho > :nearly"
            ),
            {"nearly": limits.per_dataset - 101},
        ).scalar_one()
    db.dispose()
    return {
        "overspent_accounts": overspent,
        "wrong_sums": len(wrong),
        "lost_charges": len(paid - lines),
        "paid": len(paid),
        "refused": len(told) - len(paid),
        "budgets_run_out": full,
    }


def measured(folder, charges, processes):
    with database_url(Settings(home=folder / "home")) as url:
        db = open_database(url, pool_size=1)
        migrate(db)
        db.dispose()
        taken = alone(url)
        notes = folder / "told"
        notes.mkdir()
        limits, killed, tried, seconds = stressed(url, notes, charges, processes)
        found = audited(url, notes, limits)
    cuts = statistics.quantiles(taken, n=100)
    sound = not any(found[name] for name in ("overspent_accounts", "wrong_sums", "lost_charges"))
    return {
        "claim": f"a charge p99 ≤ {P99_MS_MAX} ms; nothing overspent in {charges:,} charges",
        "charge_p50_ms": round(cuts[49], 2),
        "charge_p99_ms": round(cuts[98], 2),
        "processes": processes,
        "charges": tried,
        "killed": killed,
        "charges_a_second": round(tried / seconds),
        **found,
        "holds": cuts[98] <= P99_MS_MAX and sound and killed > 0,
    }


def main():
    words = asks_for_json(argparse.ArgumentParser(description=__doc__))
    words.add_argument("--charges", type=int, default=CHARGES)
    words.add_argument("--processes", type=int, default=PROCESSES)
    wish = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="torvet-bench-") as folder:
        found = measured(Path(folder), wish.charges, wish.processes)
    tell(found, wish.json)


if __name__ == "__main__":
    main()
