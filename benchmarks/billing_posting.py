"""Posting to the books: balanced transactions a second, durable, against plain two-row inserts.

Eight processes post, each transaction on its own with its fact in the log, to the accounts of
many parties and all of them to the exchange's one fee account. The peer inserts two rows into a
table without any law, through the pool, begun and committed as every deed is: 6,000 to 7,000 a
second on two cores, and a posting may take three times as long. Beside it stands the same by the
bare driver, without a pool, without SQLAlchemy: the least that a database could be asked. A run of
invoices posts in batches.

`python -m benchmarks.billing_posting [--json FILE]`
"""

import argparse
import multiprocessing
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks._told import asks_for_json, tell
from sqlalchemy import text

from torvet.billing import AccountKind, Posting, check_books, credit, debit, post_at_once
from torvet.billing.service import post_many
from torvet.exchange import open_parts
from torvet.kit.money import Currency, Money
from torvet.settings import Settings

WRITERS = 8
BATCH = 20
ROUNDS = 3
MEASURED_S = 4
PARTIES = 500

PLAIN = """
    create table plain (
        id bigint generated always as identity primary key,
        transaction text not null, account bigint not null, amount bigint not null)
"""
INSERT = "insert into plain (transaction, account, amount) values (%s, %s, %s), (%s, %s, %s)"

FORK = multiprocessing.get_context("fork")


def charge(writer, number):
    """What a buyer owes for a use: the provider's part, and the exchange's fee with its VAT."""
    buyer, provider = f"pt_b{number % PARTIES}", f"pt_p{number % 37}"
    price = Money(1_250 + number % 500, Currency.DKK)
    fee = price.percent(4)
    return Posting(
        key=f"charge:{writer}:{time.monotonic_ns()}",
        kind="charge",
        words="Use of Parking spaces, hour 2026-06-01T12Z",
        lines=(
            debit(AccountKind.RECEIVABLE, buyer, price),
            credit(AccountKind.PAYABLE, provider, price - fee),
            credit(AccountKind.FEE, "", fee),
        ),
    )


def two_lines(writer, number):
    """The least there is: a payment, from what is owed to what is in the bank."""
    paid = Money(1_250 + number % 500, Currency.DKK)
    return Posting(
        key=f"payment:{writer}:{time.monotonic_ns()}",
        kind="payment",
        words="Payment of invoice 2026-00017",
        lines=(
            debit(AccountKind.BANK, "", paid),
            credit(AccountKind.RECEIVABLE, f"pt_b{number % PARTIES}", paid),
        ),
    )


def posting(make):
    def begun(parts, writer):
        def deed(number):
            post_at_once(parts, make(writer, number), by="tk_meter")

        return deed

    return begun


def in_batches(parts, writer):
    """Twenty postings in one transaction, as a run of invoices makes them."""

    def deed(number):
        wanted = [two_lines(f"{writer}.{place}", number) for place in range(BATCH)]
        with parts.db.begin() as tx:
            post_many(tx, wanted, at=parts.clock.now(), by="tk_meter")

    return deed


def by_the_bare_driver(parts, writer):
    raw = parts.db.raw_connection().driver_connection

    def deed(number):
        raw.execute(INSERT, (f"lt_{writer}_{number:020}", 1, 5, f"lt_{writer}_{number:020}", 2, -5))
        raw.commit()

    return deed


def plain_inserts(parts, writer):
    """Two rows, written as every deed of the exchange is: through the pool, begun, committed."""

    def deed(number):
        name = f"lt_{writer}_{number:020}"
        with parts.db.begin() as tx:
            tx.exec_driver_sql(INSERT, (name, 1, 5, name, 2, -5))

    return deed


def write(home, kind, writer, start, until, done):  # noqa: PLR0917 - a process takes it by place
    """Do deeds one by one, each in a transaction of its own, until the time is up."""
    with open_parts(Settings(home=home), migrate=False) as parts:
        deed = kind(parts, writer)
        deed(0)
        start.wait()
        count = 0
        while time.monotonic() < until.value:
            count += 1
            deed(count)
    done.put(count)


def writers_at_once(home, kind):
    """Return how many deeds a second all writers did together."""
    start, until, done = FORK.Barrier(WRITERS + 1), FORK.Value("d", 0.0), FORK.Queue()
    crowd = [
        FORK.Process(target=write, args=(home, kind, writer, start, until, done))
        for writer in range(WRITERS)
    ]
    for one in crowd:
        one.start()
    until.value = time.monotonic() + 3600
    start.wait()
    until.value = time.monotonic() + MEASURED_S
    total = sum(done.get() for _ in crowd)
    for one in crowd:
        one.join()
    return total / MEASURED_S


def measured(home, parts):
    with parts.db.begin() as tx:
        tx.execute(text(PLAIN))
        durable = tx.scalar(text("show fsync")), tx.scalar(text("show synchronous_commit"))
    kinds = {
        "by_the_bare_driver": by_the_bare_driver,
        "plain_inserts": plain_inserts,
        "two_lines": posting(two_lines),
        "three_lines": posting(charge),
        "batches": in_batches,
    }
    found = {name: [] for name in kinds}
    for _ in range(ROUNDS):
        for name, kind in kinds.items():
            found[name].append(writers_at_once(home, kind))
    began = time.monotonic()
    report = check_books(parts)
    checked_s = time.monotonic() - began
    assert report.ok, report.faults
    medians = {name: statistics.median(values) for name, values in found.items()}
    return {
        "writers": WRITERS,
        "fsync": durable[0],
        "synchronous_commit": durable[1],
        "transactions_of_two_lines_per_s": round(medians["two_lines"]),
        "transactions_of_three_lines_per_s": round(medians["three_lines"]),
        f"transactions_in_batches_of_{BATCH}_per_s": round(BATCH * medians["batches"]),
        "plain_two_row_inserts_per_s": round(medians["plain_inserts"]),
        "plain_two_row_inserts_by_the_bare_driver_per_s": round(medians["by_the_bare_driver"]),
        "ratio_to_plain_inserts": round(medians["plain_inserts"] / medians["two_lines"], 2),
        "ratio_to_the_bare_driver": round(medians["by_the_bare_driver"] / medians["two_lines"], 2),
        "checked_transactions": report.transactions,
        "check_s": round(checked_s, 1),
        "wanted": {"transactions_per_s_min": 2000, "ratio_to_plain_inserts_max": 3},
    }


def main():
    parser = asks_for_json(argparse.ArgumentParser(description=__doc__))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="torvet-bench-") as folder:
        home = Path(folder)
        with open_parts(Settings(home=home)) as parts:
            result = measured(home, parts)
    tell(result, chosen.json)


if __name__ == "__main__":
    main()
