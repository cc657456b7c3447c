"""Committed facts get a place without gaps, however late they commit and whoever seals."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from torvet.audit import (
    advance,
    facts_about,
    facts_after,
    follow,
    newest_checkpoint,
    record,
    rewind,
    seal,
    seal_until,
    service,
    verify_log,
)
from torvet.jobs import known

from .conftest import a_fact


def numbers(parts, after=-1):
    with parts.db.begin() as tx:
        return [sealed.fact.body["number"] for sealed in facts_after(tx, after, 1000)]


def test_a_fact_comes_back_as_it_was_recorded(parts, log):
    fact = a_fact(1, name="token-made", words="blåbærgrød ☃ \u2028", deep={"b": [1, None, True]})

    position = log(fact)

    with parts.db.begin() as tx:
        (sealed,) = facts_after(tx, position - 1, 10)
    assert sealed.fact == fact
    assert sealed.position == position


def test_a_deed_that_is_rolled_back_leaves_no_fact(parts, log):
    with parts.db.begin() as tx:
        record(tx, a_fact(1))
        tx.rollback()

    assert seal(parts) == 0


def test_the_log_of_an_exchange_that_did_nothing_is_signed_too(parts, log):
    with parts.db.begin() as tx:
        tx.execute(text("select 1"))

    assert newest_checkpoint(parts).note.count("\n") >= 4


def test_a_late_commit_is_sealed_later_and_never_skipped(parts, log):
    start = log(a_fact(0)) + 1
    with parts.db.begin() as slow:
        record(slow, a_fact(100))
        with parts.db.begin() as quick:
            record(quick, a_fact(101))
        assert seal(parts) == 1
        with parts.db.begin() as quick:
            record(quick, a_fact(102))
        assert seal(parts) == 1
        assert seal(parts) == 0
    assert seal(parts) == 1

    assert numbers(parts, start - 1) == [101, 102, 100]


def test_what_a_deed_could_know_of_stands_before_it(parts, log):
    start = log(a_fact(0)) + 1
    for number in range(20):
        with parts.db.begin() as tx:
            record(tx, a_fact(2 * number))
            record(tx, a_fact(2 * number + 1))
    seal(parts)

    assert numbers(parts, start - 1) == list(range(40))


def test_a_deed_with_savepoints_is_sealed_whole(parts, log):
    start = log(a_fact(0)) + 1
    with parts.db.begin() as tx:
        record(tx, a_fact(1))
        with tx.begin_nested():
            record(tx, a_fact(2))
        undone = tx.begin_nested()
        record(tx, a_fact(3))
        undone.rollback()
        record(tx, a_fact(4))
    assert seal(parts) == 3

    assert numbers(parts, start - 1) == [1, 2, 4]


def test_a_backlog_is_sealed_in_passes_that_never_part_a_deed(parts, log, monkeypatch):
    start = log(a_fact(0)) + 1
    monkeypatch.setattr(service, "SEAL_AT_MOST", 7)
    with parts.db.begin() as slow:
        record(slow, a_fact(999))
        for deed in range(10):
            with parts.db.begin() as tx:
                for fact in range(5):
                    record(tx, a_fact(deed * 5 + fact))
        assert seal(parts) == 50
    assert seal(parts) == 1

    assert numbers(parts, start - 1) == [*range(50), 999]
    with parts.db.begin() as tx:
        sizes = tx.scalars(
            text("select size from checkpoints where size > :s order by 1"), {"s": start}
        ).all()
    assert [size - start for size in sizes] == [10, 20, 30, 40, 50, 51]


def test_only_one_of_many_sealers_is_at_work(parts, log):
    log(a_fact(0))
    with parts.db.begin() as tx:
        for number in range(300):
            record(tx, a_fact(number))
    done, errors = [], []

    def attempt():
        try:
            done.append(seal(parts))
        except DBAPIError as error:
            errors.append(error)

    crowd = [threading.Thread(target=attempt) for _ in range(8)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()

    assert errors == []
    assert sorted(done) == [0] * 7 + [300]
    assert verify_log(parts).ok


def test_writers_and_sealers_at_once_lose_and_repeat_nothing(parts, log):
    start = log(a_fact(0)) + 1
    stop = threading.Event()
    sealers = [threading.Thread(target=seal_until, args=(parts, stop, 0.001)) for _ in range(3)]

    def write(writer):
        for number in range(40):
            with parts.db.begin() as tx:
                record(tx, a_fact(writer * 1000 + number))

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(6)]
    for one in [*sealers, *writers]:
        one.start()
    for one in writers:
        one.join()
    stop.set()
    for one in sealers:
        one.join()
    seal(parts)

    found = numbers(parts, start - 1)
    assert sorted(found) == sorted(w * 1000 + n for w in range(6) for n in range(40))
    for writer in range(6):
        mine = [number for number in found if number // 1000 == writer]
        assert mine == sorted(mine)
    assert verify_log(parts).ok


def test_a_log_that_moved_to_another_server_goes_on(parts, log):
    start = log(a_fact(0)) + 1
    # What a dump restored elsewhere looks like: the transaction numbers are those of before.
    with parts.db.begin() as tx:
        tx.execute(text("set local session_replication_role = replica"))
        tx.execute(
            text(
                "update checkpoints set cluster = 'another', horizon = horizon + 1000000"
                " where size = (select max(size) from checkpoints)"
            )
        )
    with parts.db.begin() as tx:
        record(tx, a_fact(1))
    assert seal(parts) == 1
    with parts.db.begin() as tx:
        record(tx, a_fact(2))
    assert seal(parts) == 1

    assert numbers(parts, start - 1) == [1, 2]
    assert verify_log(parts).ok


@pytest.mark.parametrize("table", ["facts", "leaves", "nodes", "checkpoints"])
@pytest.mark.parametrize("deed", ["delete from {}", "truncate {} cascade", "update {} set {} = {}"])
def test_the_database_refuses_to_rewrite_the_log(parts, log, table, deed):
    log(*(a_fact(number) for number in range(20)))
    column = {"facts": "leaf", "checkpoints": "root"}.get(table, "hash")

    with pytest.raises(IntegrityError, match="append-only"), parts.db.begin() as tx:
        tx.execute(text(deed.format(table, column, column)))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"price": 1.5}, "a float"),
        ({"rows": 2**60}, "beyond 53 bits"),
        ({"name": "\ud800"}, "surrogates not allowed"),
        ({"words": "x" * 70_000}, "shorten its body"),
        ({1: "one"}, "no string"),
    ],
)
def test_a_fact_that_cannot_be_sealed_is_refused_when_it_is_recorded(parts, body, says):
    with parts.db.begin() as tx, pytest.raises((ValueError, TypeError), match=says):
        record(tx, replace(a_fact(1), body=body))


def test_two_equal_facts_have_two_hashes(parts, log):
    position = log(a_fact(1), a_fact(1))

    with parts.db.begin() as tx:
        one, other = facts_after(tx, position - 1, 2)
    assert one.fact == other.fact
    assert one.hash != other.hash


def test_a_follower_sees_every_fact_once(parts, log):
    log(*(a_fact(number) for number in range(25)))
    seen = []
    while True:
        with parts.db.begin() as tx:
            batch = follow(tx, "reader", 10)
            if not batch:
                break
            seen += [sealed.position for sealed in batch]
            advance(tx, "reader", batch[-1].position)

    assert seen == list(range(newest_checkpoint(parts).size))


def test_a_follower_that_fails_sees_the_same_facts_again(parts, log):
    position = log(a_fact(1), a_fact(2))
    with parts.db.begin() as tx:
        advance(tx, "clumsy", position - 1)
    with parts.db.begin() as tx:
        first = follow(tx, "clumsy", 10)
        advance(tx, "clumsy", first[-1].position)
        tx.rollback()

    with parts.db.begin() as tx:
        assert follow(tx, "clumsy", 10) == first


def test_two_processes_under_one_name_take_turns(parts, log):
    log(a_fact(1))
    first_is_reading, seen = threading.Event(), []

    def second():
        first_is_reading.wait()
        with parts.db.begin() as tx:
            seen.append(follow(tx, "twins", 1000))

    other = threading.Thread(target=second)
    other.start()
    with parts.db.begin() as tx:
        batch = follow(tx, "twins", 1000)
        first_is_reading.set()
        advance(tx, "twins", batch[-1].position)
    other.join()

    assert seen == [[]]


def test_a_follower_picks_names_and_can_begin_again(parts, log):
    position = log(a_fact(1, name="usage"), a_fact(2), a_fact(3, name="usage"))
    with parts.db.begin() as tx:
        advance(tx, "picky", position - 1)
        picked = follow(tx, "picky", 10, names=("usage",))
        assert [sealed.position for sealed in picked] == [position, position + 2]
        advance(tx, "picky", position + 2)
        with pytest.raises(ValueError, match="beyond position"):
            advance(tx, "picky", position)
        rewind(tx, "picky")
        assert follow(tx, "picky", 1)[0].position == 0


def test_what_happened_to_a_thing_is_known_before_it_is_sealed(parts, log):
    log(a_fact(7777, step=1))
    with parts.db.begin() as tx:
        record(tx, a_fact(7777, step=2))

        assert [fact.body["step"] for fact in facts_about(tx, "ds_7777")] == [2, 1]


def test_the_workers_seal_every_second():
    assert known()["audit.seal"].name == "audit.seal"


def test_the_name_of_the_log_is_its_address():
    assert service.origin_for("https://torvet.aarhus.dk") == "torvet.aarhus.dk/log"
    assert service.origin_for("http://127.0.0.1:8000/") == "127.0.0.1:8000/log"
