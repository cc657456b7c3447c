"""Seals in child processes that are killed with SIGKILL, one after the other.

Called as `python sealer_that_dies.py DATABASE HOME KILLS SEED`. Each child is forked, so that it
starts in no time, and killed a moment after it began to seal. Prints each kill.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from torvet.audit import seal, service
from torvet.exchange import open_parts
from torvet.settings import Settings

MOMENT_S_MAX = 0.04


def seal_for_ever(settings, ready):
    service.SEAL_AT_MOST = 20
    with open_parts(settings, migrate=False) as parts:
        service._seal_once(parts)
        os.write(ready, b"!")
        while True:
            seal(parts)


def main(database, home, kills, seed):
    chance = random.Random(int(seed))
    settings = Settings(home=Path(home), database=database)
    begun, ready = os.pipe()
    for kill in range(int(kills)):
        child = os.fork()
        if child == 0:
            seal_for_ever(settings, ready)
        os.read(begun, 1)
        time.sleep(chance.uniform(0, MOMENT_S_MAX))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "it ended before it was killed"
        sys.stdout.write(f"{kill}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
