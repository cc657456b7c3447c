"""Whoever can change the database can change facts; nobody can do it unnoticed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from torvet.audit import record, seal, verify_log

from .conftest import a_fact


@pytest.fixture
def tampered(parts):
    """Run statements as a database's owner could who has switched the triggers off."""
    undo = []

    def run(statement, back=None, **values):
        with parts.db.begin() as tx:
            tx.execute(text("set local session_replication_role = replica"))
            assert tx.execute(text(statement), values).rowcount >= 1
        if back:
            undo.append((back, values))

    yield run
    for statement, values in reversed(undo):
        run(statement, **values)
    assert verify_log(parts).ok


@pytest.fixture(scope="module", autouse=True)
def _a_log_of_some_size(parts):
    for step in (1, 15, 16, 300):
        with parts.db.begin() as tx:
            for number in range(step):
                record(tx, a_fact(number))
        seal(parts)


def test_a_log_that_nobody_touched_is_whole(parts):
    report = verify_log(parts)

    assert report.ok
    assert (report.facts, report.checkpoints) == (332, 4)


def test_a_changed_fact_is_found(parts, tampered):
    change = (
        "update facts set leaf = replace(leaf, :old, :new)"
        " where serial = (select fact from leaves where position = 40)"
    )
    tampered(change, change.replace(":old, :new", ":new, :old"), old="ac_alma", new="ac_bo")

    faults = verify_log(parts).faults

    assert "the fact at position 40 was changed after it was sealed" in faults
    assert "the first 332 facts are no longer those that were signed" in faults


def test_a_fact_changed_together_with_its_hash_is_found(parts, tampered):
    old = "select leaf from facts where serial = (select fact from leaves where position = 3)"
    with parts.db.begin() as tx:
        leaf = tx.scalar(text(old))
    change = (
        "with changed as (update facts set leaf = :leaf"
        " where serial = (select fact from leaves where position = 3) returning serial, leaf)"
        " update leaves set hash = sha256('\\x00'::bytea || convert_to(leaf, 'UTF8'))"
        " from changed where fact = serial"
    )
    with parts.db.begin() as tx:
        tx.execute(text("set local session_replication_role = replica"))
        tx.execute(text(change), {"leaf": leaf.replace("ac_alma", "ac_bo")})

    faults = verify_log(parts).faults

    assert not any("position 3 was changed" in fault for fault in faults)
    assert "the tree over facts 0 to 15 was changed" in faults
    assert "the first 16 facts are no longer those that were signed" in faults
    with parts.db.begin() as tx:
        tx.execute(text("set local session_replication_role = replica"))
        tx.execute(text(change), {"leaf": leaf})


def test_a_fact_taken_out_is_found(parts, tampered):
    tampered("create table kept_aside as select * from facts where serial = 5")
    tampered(
        "delete from facts where serial = 5",
        "insert into facts (serial, xid, leaf) overriding system value"
        " select serial, xid, leaf from kept_aside",
    )

    assert "the fact at position 4 is gone" in verify_log(parts).faults


def test_the_newest_facts_taken_out_with_their_places_are_found(parts, tampered):
    tampered("create table cut_off as select * from leaves where position >= 330")
    tampered("delete from leaves where position >= 330", "insert into leaves select * from cut_off")

    faults = verify_log(parts).faults

    assert "facts are gone: 332 were signed, and 330 are left" in faults
    assert "2 facts were recorded before the last checkpoint and never sealed" in faults


def test_a_changed_tree_is_found(parts, tampered):
    flip = (
        "update nodes set hash = set_byte(hash, 0, get_byte(hash, 0) # 1)"
        " where level = 4 and number = 2"
    )
    tampered(flip, flip)

    assert verify_log(parts).faults == ("the tree over facts 32 to 47 was changed",)


def test_a_changed_checkpoint_is_found(parts, tampered):
    tampered(
        "update checkpoints set note = replace(note, '\n16\n', '\n17\n') where size = 16",
        "update checkpoints set note = replace(note, '\n17\n', '\n16\n') where size = 16",
    )

    (fault,) = verify_log(parts).faults

    assert "the checkpoint over 16 facts cannot be trusted" in fault
    assert "the checkpoint was changed" in fault


def test_a_fact_that_slipped_past_the_sealer_is_found(parts, tampered):
    tampered(
        "insert into facts (xid, leaf) select min(xid), '{}' from facts",
        "delete from facts where leaf = '{}'",
    )

    assert verify_log(parts).faults == (
        "1 facts were recorded before the last checkpoint and never sealed",
    )


def test_facts_that_wait_for_the_sealer_are_no_fault(parts):
    with parts.db.begin() as tx:
        record(tx, a_fact(1))
        assert verify_log(parts).ok
        tx.rollback()


@pytest.mark.slow
def test_the_operators_command_tells_what_was_changed(settings, tampered):
    def verify():
        done = subprocess.run(
            [str(Path(sys.executable).parent / "torvet"), "log", "verify", "--json"],
            env={
                **os.environ,
                "TORVET_HOME": str(settings.home),
                "TORVET_DATABASE": settings.database,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, json.loads(done.stdout)

    assert verify() == (0, {"ok": True, "facts": 332, "checkpoints": 4, "faults": []})
    change = (
        "update facts set leaf = replace(leaf, :old, :new)"
        " where serial = (select fact from leaves where position = 40)"
    )
    tampered(change, change.replace(":old, :new", ":new, :old"), old="ac_alma", new="ac_bo")

    status, report = verify()

    assert (status, report["ok"]) == (1, False)
    assert "the fact at position 40 was changed after it was sealed" in report["faults"]
