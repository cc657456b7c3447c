"""What was sent while the database was away is recorded when it is back.

The last byte of a stream has left by the time that its use is recorded: nobody can be told to
try again. So the record waits in this process until the database takes it.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

AGAIN_S = 1.0
GIVE_UP_S = 3_600
WAITING_MAX = 10_000

log = structlog.get_logger()

_AWAY = (OperationalError, PoolTimeout)


def settle_surely(record: Callable[[], object]) -> None:
    """Call `record` now, or again and again until the database takes it.

    Raises what `record` raises for any other reason. A record is given up, with an error in the
    log, after an hour, or where `WAITING_MAX` wait already.
    """
    try:
        record()
    except _AWAY as away:
        log.warning("a use waits for the database", reason=str(away).partition("\n")[0])
        _LATER.keep(record)


class _Later:
    """Records that wait, oldest first, and the thread that makes them while there are any."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, Callable[[], object]]] = deque()
        self._changes = threading.Lock()
        self._works = False

    def keep(self, record: Callable[[], object]) -> None:
        with self._changes:
            if len(self._waiting) >= WAITING_MAX:
                log.error("a use is lost: too many wait for the database")
                return
            self._waiting.append((time.monotonic(), record))
            if not self._works:
                self._works = True
                threading.Thread(target=self._work, name="settling", daemon=True).start()

    def _work(self) -> None:
        while True:
            time.sleep(AGAIN_S)
            while self._first_is_done():
                with self._changes:
                    self._waiting.popleft()
                    if not self._waiting:
                        # Under the lock: whoever keeps another from here on begins a thread.
                        self._works = False
                        return

    def _first_is_done(self) -> bool:
        """Tell whether the oldest record is made, or never will be."""
        since, record = self._waiting[0]
        try:
            record()
        except _AWAY:
            if time.monotonic() - since < GIVE_UP_S:
                return False
            log.exception("a use is lost: the database stayed away")
        except Exception:
            log.exception("a use is lost: it cannot be recorded")
        return True


_LATER = _Later()
