"""A sealer that is killed at any point loses nothing, leaves no gap and seals nothing twice."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from torvet.audit import newest_checkpoint, record, seal, verify_log

from .conftest import a_fact

KILLS = 12
DEEDS = 400
FACTS_PER_DEED = 25
SEALER = Path(__file__).parent / "sealer_that_dies.py"


@pytest.mark.slow
def test_a_sealer_killed_in_mid_work_loses_nothing(parts, settings):
    recorded = 0

    def deeds(count):
        nonlocal recorded
        for _ in range(count):
            with parts.db.begin() as tx:
                for _ in range(FACTS_PER_DEED):
                    record(tx, a_fact(recorded))
                    recorded += 1

    deeds(DEEDS)  # more than all children together can seal before they die
    command = [sys.executable, str(SEALER), settings.database, str(settings.home), str(KILLS), "7"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sealer:
        for _kill in sealer.stdout:
            deeds(1)
    assert sealer.returncode == 0
    assert 0 < newest_checkpoint(parts).size < recorded, "no sealer died in mid-work"

    seal(parts)

    report = verify_log(parts)
    assert report.faults == ()
    assert report.facts == recorded
    with parts.db.begin() as tx:
        found = tx.exec_driver_sql(
            "select count(*), count(distinct leaf::jsonb->'body'->>'number') from facts"
            " join leaves on fact = serial"
        ).one()
    assert tuple(found) == (recorded, recorded)


@pytest.mark.slow
def test_a_connection_cut_while_sealing_is_made_good_by_the_next_pass(parts, settings, log):
    start = log(a_fact(0)) + 1
    address = make_url(settings.database).set(drivername="postgresql")
    with (
        psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as other,
        parts.db.begin() as tx,
    ):
        record(tx, a_fact(1))
        tx.commit()
        # The sealer of another process holds the lock, and then its server process is ended.
        with psycopg.connect(address.render_as_string(hide_password=False)) as sealer:
            sealer.execute("select pg_advisory_xact_lock(%s)", (0x746F7276_65740001,))
            assert seal(parts) == 0
            other.execute("select pg_terminate_backend(%s, 5000)", (sealer.info.backend_pid,))
            sealer.close()

    assert seal(parts) == 1
    assert newest_checkpoint(parts).size == start + 1
