"""Credits breaches in child processes that are killed with SIGKILL, one after the other.

Called as `python crediting_that_dies.py DATABASE HOME AT KILLS`. Each child is forked when all is
imported, and killed some milliseconds after it began. Prints how many were killed at work.
"""

import os
import random
import signal
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from torvet.exchange import open_parts
from torvet.settings import Settings
from torvet.trust import close_months, credit_due


class Still:
    """A clock that stands."""

    def __init__(self, at):
        self._at = at

    def now(self):
        return self._at


def main(database, home, at, kills):
    chance, killed = random.Random(7), 0
    for _ in range(int(kills)):
        child = os.fork()
        if child == 0:
            settings = Settings(home=Path(home), database=database)
            with open_parts(settings, migrate=False) as opened:
                parts = replace(opened, clock=Still(datetime.fromisoformat(at)))
                close_months(parts)
                credit_due(parts)
            os._exit(0)
        time.sleep(chance.uniform(0.02, 0.5))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
    sys.stdout.write(f"{killed}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
