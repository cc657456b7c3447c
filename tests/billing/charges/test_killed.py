"""Processes that charge, killed in mid-work and at work together: nothing changes but time."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from torvet.billing.charges import charge_due
from torvet.billing.charges.inspection import faults_of_charges

CONTRACTS = 150
CHARGER = """
import sys
from pathlib import Path
from torvet.billing.charges import charge_due, service
from torvet.exchange import open_parts
from torvet.settings import Settings
service.CONTRACTS_AT_A_TIME = 2
with open_parts(Settings(home=Path(sys.argv[2]), database=sys.argv[1]), migrate=False) as parts:
    print("ready", flush=True)
    while True:
        charge_due(parts)
"""


def charged(parts):
    with parts.db.begin() as tx:
        return tx.scalar(text("select count(*) from charges"))


@pytest.mark.slow
def test_processes_killed_while_they_charge_leave_each_use_charged_once(
    parts, settings, clock, market
):
    made = [market.agreed("2 DKK per row") for _ in range(CONTRACTS)]
    for number, contract in enumerate(made):
        market.use(contract, rows=number + 1)
    market.metered()
    command = [sys.executable, "-c", CHARGER, settings.database, str(settings.home)]
    crowd = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    try:
        for one in crowd:
            assert one.stdout.readline() == "ready\n"
        for share, one in enumerate(crowd[:2], start=1):
            while charged(parts) < share * CONTRACTS // 5:
                pass
            os.kill(one.pid, signal.SIGKILL)
    finally:
        for one in crowd:
            one.kill()
            one.wait()
            one.stdout.close()

    clock.set(datetime.now(UTC) + timedelta(hours=1))  # the others lived by the real one
    charge_due(parts)

    assert charged(parts) == CONTRACTS
    with parts.db.begin() as tx:
        sums = tx.execute(
            text("select contract, sum(counted), sum(amount) from charges group by 1")
        )
        assert {row[0]: (int(row[1]), int(row[2])) for row in sums} == {
            contract: (number + 1, 200 * (number + 1)) for number, contract in enumerate(made)
        }
        assert list(faults_of_charges(tx)) == []
