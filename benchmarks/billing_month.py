"""A month is over: a million sealed uses are metered, charged, and become ten thousand invoices.

10,000 buyers of 20 providers each read a hundred times in June, five times an hour in twenty hours,
under a price of two meters and a subscription. Set-up seals the facts and is not measured. What is
measured runs by the same jobs as in an exchange at work: the meter, then charging in two
processes, then the invoices with their self-bills, postings and facts. Memory is that of all
processes together, PostgreSQL's too, shared pages once.

`python -m benchmarks.billing_month [--events N] [--contracts N] [--hours N] [--json FILE]`
"""

import argparse
import json
import multiprocessing
import os
import random
import tempfile
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from torvet.audit import seal
from torvet.billing import check_books
from torvet.billing.charges import charge_due
from torvet.billing.invoices.issuing import issue_month
from torvet.billing.model import HOUSE
from torvet.billing.periods import Month
from torvet.billing.profiles import Profile
from torvet.billing.profiles import store as profile_store
from torvet.contracts import Approval, Contract, Offer, Stage
from torvet.contracts import store as contracts_store
from torvet.contracts.prices.text import from_text
from torvet.exchange import open_parts
from torvet.kit.ids import new_id
from torvet.kit.moments import to_text
from torvet.metering import catch_up
from torvet.parties import Party, PartyKind
from torvet.parties.store import add_party
from torvet.settings import Settings

JUNE = Month(2026, 6)
AGREED = datetime(2026, 5, 31, 22, tzinfo=UTC)
IN_JULY = datetime(2026, 7, 1, 4, tzinfo=UTC)
PROVIDERS = 20
PRICE = "50 DKK per month + 12.50 DKK per 1000 rows, first 200 free + 0.02 DKK per request"
CHARGERS = 2
COMPANY = {
    "name": "Nordlys Energi A/S",
    "street": "Havnegade 12",
    "post_code": "8000",
    "city": "Aarhus C",
    "vat_registered": True,
    "iban": "DK5000400440116243",
    "bic": "NDEADKKK",
    "registration": "0040",
    "account": "0440116243",
    "email": "faktura@example.dk",
}
CVRS = {"house": "25313763", "provider": "13585628", "buyer": "29216936"}
FORK = multiprocessing.get_context("fork")


class Fixed:
    """A clock that stands in July."""

    def now(self):
        return IN_JULY


def filled(parts, contracts, events, hours):
    """Write parties with billing details, contracts, and sealed facts of use."""
    ids = _agreed(parts, contracts)
    chance = random.Random(7)
    uses = sorted(_uses(chance, contracts, events // contracts, hours))
    with parts.db.begin() as tx:
        tx.execute(text("set local statement_timeout = 0"))
        raw = tx.connection.driver_connection
        with raw.cursor() as cursor, cursor.copy("copy facts (leaf) from stdin") as copy:
            for seconds, place in uses:
                at = JUNE.start + timedelta(seconds=seconds)
                copy.write_row((_leaf(*ids[place], at, chance),))
    seal(parts)
    with parts.db.connect().execution_options(isolation_level="AUTOCOMMIT") as plain:
        plain.execute(text("vacuum analyze"))
        plain.execute(text("checkpoint"))


def _uses(chance, contracts, each, hours):
    """Give when each contract is used, in seconds since the month began: `hours` hours of it."""
    for place in range(contracts):
        chosen = chance.sample(range(JUNE.hours), min(hours, each))
        for number in range(each):
            yield chosen[number % len(chosen)] * 3600 + chance.randrange(3600), place


def _leaf(contract, consumer, provider, at, chance):
    """Write the leaf of a use as the log writes it, only faster."""
    rows = chance.randrange(1, 200)
    return (
        f'{{"actor":"tk_1","at":"{to_text(at)}","body":{{"bytes":{rows * 120},"channel":"rest",'
        f'"contract":"{contract}","dataset":"ds_1","format":"json","release":1,"requests":1,'
        f'"rows":{rows}}},"format":"torvet-fact/1","name":"usage",'
        f'"parties":["{consumer}","{provider}"],"salt":"{chance.randbytes(16).hex()}",'
        f'"subject":"{contract}"}}'
    )


def _agreed(parts, contracts):
    tariff = from_text(PRICE).cases[0].tariff
    made = []
    with parts.db.begin() as tx:
        profile_store.put(tx, _details(HOUSE, "house"), at=AGREED, by="x")
        providers = [_party(tx, f"provider-{n}") for n in range(PROVIDERS)]
        for number in range(contracts):
            provider, consumer = providers[number % PROVIDERS], _party(tx, f"buyer-{number}")
            made.append((_contract(tx, tariff, provider, consumer), consumer, provider))
    return made


def _party(tx, slug):
    party = Party(
        id=new_id("pt"),
        slug=slug,
        name=COMPANY["name"],
        kind=PartyKind.PRIVATE,
        cvr=None,
        region="DK",
        registered_at=AGREED,
    )
    assert add_party(tx, party)
    profile_store.put(tx, _details(party.id, slug.partition("-")[0]), at=AGREED, by="x")
    return party.id


def _details(party, what):
    return Profile(party=party, cvr=CVRS[what], vat_number=f"DK{CVRS[what]}", **COMPANY)


def _contract(tx, tariff, provider, consumer):
    offer = Offer(
        id=new_id("of"),
        dataset="ds_1",
        provider=provider,
        title="Terms",
        clauses=(),
        approval=Approval.AT_ONCE,
        audience=None,
        made_at=AGREED,
        made_by=None,
        digest="0" * 64,
    )
    made = Contract(
        id=new_id("ct"),
        offer=offer.id,
        dataset="ds_1",
        provider=provider,
        consumer=consumer,
        purpose="",
        note="",
        clauses=(),
        stage=Stage.AGREED,
        share=new_id("share"),
        tariff=tariff,
        requested_at=AGREED,
        requested_by=None,
        agreed_at=AGREED,
    )
    contracts_store.add_offer(tx, offer)
    assert contracts_store.add_contract(tx, made)
    return made.id


def opened(home, **more):
    return open_parts(Settings(home=home), **more)


def _charge(home, ready, go):
    ready.put(os.getpid())
    go.wait()
    with opened(home, migrate=False) as real:
        charge_due(replace(real, clock=Fixed()))


class Memory(threading.Thread):
    """The most that a set of processes and their children held at one time, in MB."""

    def __init__(self, roots):
        super().__init__(daemon=True)
        self.roots, self.most, self.over = list(roots), 0.0, threading.Event()

    def run(self):
        while not self.over.wait(0.25):
            self.most = max(self.most, sum(map(_pss_mb, _family(self.roots))))


def _family(roots):
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text().rsplit(")", 1)[1].split()[1]
                )
            except OSError:
                continue
    found, more = set(), set(roots)
    while more:
        found |= more
        more = {pid for pid, parent in parents.items() if parent in found} - found
    return found


def _pss_mb(pid):
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def measured(home, parts, crowd, ready, go):
    pids = [ready.get() for _ in crowd]
    server = int((home / "postgres" / "postmaster.pid").read_text().split()[0])
    memory = Memory({os.getpid(), server, *pids})
    memory.start()
    began = time.monotonic()
    events = catch_up(parts)
    metered = time.monotonic()
    go.set()
    charge_due(parts)
    for one in crowd:
        one.join()
    charged = time.monotonic()
    issued = issue_month(parts, JUNE)
    done = time.monotonic()
    memory.over.set()
    memory.join()
    assert not issued.waiting, issued.waiting[:3]
    with parts.db.begin() as tx:
        charges = tx.scalar(text("select count(*) from charges"))
        sums = tx.execute(
            text(
                "select (select sum(amount) from charges where begin < :end),"
                " (select sum(amount) from charge_sheets where invoice is not null)"
            ),
            {"end": JUNE.end},
        ).one()
    assert sums[0] == sums[1], sums
    return {
        "events": events,
        "charges": charges,
        "invoices": len(issued.invoices),
        "self_bills": len(issued.self_bills),
        "metering_s": round(metered - began, 1),
        "charging_s": round(charged - metered, 1),
        "invoicing_s": round(done - charged, 1),
        "total_s": round(done - began, 1),
        "memory_mb_max": round(memory.most),
        "books_ok": check_books(parts).ok,
        "wanted": {"total_s_max": 60, "memory_mb_max": 2048, "invoices": 10_000},
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--contracts", type=int, default=10_000)
    parser.add_argument("--hours", type=int, default=20, help="different hours of use each")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="torvet-bench-") as folder:
        home = Path(folder)
        # Begun before there are threads to copy; they wait until there is something to charge.
        ready, go = FORK.Queue(), FORK.Event()
        crowd = [
            FORK.Process(target=_charge, args=(home, ready, go), daemon=True)
            for _ in range(CHARGERS - 1)
        ]
        for one in crowd:
            one.start()
        with opened(home) as real:
            parts = replace(real, clock=Fixed())
            began = time.monotonic()
            filled(parts, chosen.contracts, chosen.events, chosen.hours)
            print(f"set up in {time.monotonic() - began:.0f} s", flush=True)
            result = measured(home, parts, crowd, ready, go)
    print(json.dumps(result, indent=2))
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
