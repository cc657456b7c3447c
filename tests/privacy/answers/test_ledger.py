"""The ledger: two limits at once, never overspent, by however many and wherever one is killed."""

import multiprocessing
import random
import threading
import time

import pytest
from sqlalchemy import text

from torvet.backends.postgres import open_database
from torvet.privacy import ledger
from torvet.privacy.answers.spec import Limits
from torvet.privacy.errors import BudgetSpent


def charge(db, at, *, dataset, consumer="pa_bo", price=1, limits, question="q", whole=None):
    asked = ledger.Charge(
        dataset=dataset,
        consumer=consumer,
        question=question,
        for_consumer=price,
        for_dataset=price if whole is None else whole,
    )
    with db.begin() as tx:
        return ledger.charge(tx, asked, limits, at=at)


def spent(db, at, dataset, consumer=ledger.ALL):
    with db.begin() as tx:
        limits = Limits(per_consumer=1, per_dataset=1)
        return ledger.account(tx, dataset, consumer, limits, at=at).spent


def test_a_charge_says_what_is_left_of_both(parts, clock):
    limits = Limits(per_consumer=100, per_dataset=150)
    left = charge(parts.db, clock.now(), dataset="ds_left", price=60, limits=limits)

    assert left == (40, 90)


def test_a_refusal_charges_neither_account(parts, clock):
    limits = Limits(per_consumer=100, per_dataset=150)
    charge(parts.db, clock.now(), dataset="ds_both", price=90, limits=limits)
    with pytest.raises(BudgetSpent) as refused:
        charge(
            parts.db,
            clock.now(),
            dataset="ds_both",
            consumer="pa_carla",
            price=61,
            limits=limits,
        )

    assert (refused.value.whose, refused.value.left_micro_rho) == ("dataset", 60)
    assert spent(parts.db, clock.now(), "ds_both") == 90
    assert spent(parts.db, clock.now(), "ds_both", "pa_carla") == 0


def test_what_costs_the_dataset_nothing_is_possible_when_it_is_empty(parts, clock):
    limits = Limits(per_consumer=100, per_dataset=50)
    charge(parts.db, clock.now(), dataset="ds_known", price=50, limits=limits)

    assert charge(
        parts.db,
        clock.now(),
        dataset="ds_known",
        consumer="pa_carla",
        price=50,
        whole=0,
        limits=limits,
    ) == (50, 0)


def test_threads_that_race_for_the_last_of_a_budget_never_overspend_it(parts, clock):
    limits = Limits(per_consumer=30, per_dataset=50)
    paid = []

    def race(number):
        for _ in range(20):
            try:
                charge(
                    parts.db,
                    clock.now(),
                    dataset="ds_race",
                    consumer=f"pa_{number % 2}",
                    limits=limits,
                )
                paid.append(number % 2)
            except BudgetSpent:
                continue

    threads = [threading.Thread(target=race, args=(number,)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(paid) == spent(parts.db, clock.now(), "ds_race") == 50
    assert max(paid.count(0), paid.count(1)) <= 30


def _charges(url, at, told, name):
    db = open_database(url, pool_size=1)
    limits = Limits(per_consumer=200, per_dataset=500)
    with told.open("a", buffering=1) as acknowledged:
        for number in range(10_000):
            consumer = f"pa_{random.randrange(4)}"
            question = f"{name}-{number}"
            try:
                charge(db, at, dataset="ds_k", consumer=consumer, limits=limits, question=question)
            except BudgetSpent:
                continue
            acknowledged.write(f"{question}\n")


@pytest.mark.slow
def test_killed_processes_leave_every_charge_that_they_were_told_of(
    database, parts, clock, tmp_path
):
    forked = multiprocessing.get_context("fork")
    for name in range(6):
        told = tmp_path / f"{name}.told"
        one = forked.Process(target=_charges, args=(database, clock.now(), told, name))
        one.start()
        time.sleep(random.uniform(0.05, 0.4))
        one.kill()
        one.join()
    acknowledged = {
        line for path in tmp_path.glob("*.told") for line in path.read_text().split("\n")[:-1]
    }
    with parts.db.begin() as tx:
        there = set(tx.execute(text("SELECT question FROM budget_charges")).scalars())
        wrong = ledger.imbalances(tx)

    assert acknowledged
    assert acknowledged <= there
    assert wrong == []
    assert spent(parts.db, clock.now(), "ds_k") <= 500
