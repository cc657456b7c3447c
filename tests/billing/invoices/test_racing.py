"""Two who issue at once, and one who is killed: no number is missing, nothing is issued twice."""

import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from torvet.billing import check_books
from torvet.billing.invoices import issue_month

from .conftest import BUYER, IN_JULY, JUNE, SELLER

pytestmark = pytest.mark.slow


@pytest.fixture
def stalls(square):
    """Thirty buyers of one seller, whose June is charged."""
    seller = square.party(SELLER)
    for _ in range(30):
        square.use(square.agreed("2 DKK per row", seller, square.party(BUYER)), rows=4)
    square.parts.clock.set(IN_JULY)
    square.charge()
    return square


def test_two_who_issue_at_once_issue_everything_once(parts, stalls):
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: issue_month(parts, JUNE), range(3)))

    issued = [id_ for one in done for id_ in one.invoices]
    assert len(issued) == len(set(issued)) == 30
    assert check_books(parts).faults == ()


# Runs as a process of its own: issues in small batches, and says when the first is there.
ISSUER = """
    import sys
    from dataclasses import dataclass
    from datetime import datetime
    from dataclasses import replace
    from pathlib import Path
    from torvet.billing.invoices import issuing
    from torvet.billing.periods import Month
    from torvet.exchange import open_parts
    from torvet.settings import Settings

    class Clock:
        def now(self):
            return datetime.fromisoformat(sys.argv[3])

    issuing.CONSUMERS_AT_A_TIME = 1
    add = issuing.store.add_sales

    def slowly(tx, sales):
        add(tx, sales)
        print("in the middle", flush=True)
        sys.stdin.readline()

    issuing.store.add_sales = slowly
    with open_parts(Settings(home=Path(sys.argv[1]), database=sys.argv[2]), migrate=False) as parts:
        issuing.issue_month(replace(parts, clock=Clock()), Month(2026, 6))
"""


@pytest.mark.slow
def test_who_is_killed_in_the_middle_leaves_nothing_half_done(parts, stalls, settings, home):
    argv = [str(home / "other"), settings.database, IN_JULY.isoformat()]
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(ISSUER), *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        for _ in range(3):
            assert process.stdout.readline() == "in the middle\n"
            process.stdin.write("\n")
            process.stdin.flush()
        assert process.stdout.readline() == "in the middle\n"
        os.kill(process.pid, signal.SIGKILL)

    with parts.db.begin() as tx:
        before = tx.scalar(text("select count(*) from invoices where kind = '380'"))
    issued = issue_month(parts, JUNE)

    assert before + len(issued.invoices) == 60
    assert len(issued.invoices) == 27
    assert check_books(parts).faults == ()
