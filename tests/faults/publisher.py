"""A publisher in a process of its own that dies where it is told to."""

import os
import resource
import signal
import sys
import threading
from pathlib import Path

from torvet.catalogue import publish_delivery
from torvet.exchange import open_parts
from torvet.settings import Settings

ROOMS = (
    "torvet/catalogue/publish.py",
    "torvet/catalogue/delivery_store.py",
    "torvet/catalogue/store.py",
    "torvet/catalogue/examination.py",
    "torvet/ingest/service.py",
    "torvet/backends/delta_tables.py",
    "torvet/backends/table_files.py",
    "torvet/audit/service.py",
    "torvet/jobs/queue.py",
)


def publish_until(settings, delivery, point, counted):
    """Publish `delivery`; be killed at step `point`, or write how many there are to `counted`."""
    steps = 0
    thread = threading.get_ident()

    def step(frame, event, _argument):
        nonlocal steps
        if threading.get_ident() != thread or event not in {"call", "return"}:
            return
        if not frame.f_code.co_filename.endswith(ROOMS):
            return
        steps += 1
        if steps == point:
            os.kill(os.getpid(), signal.SIGKILL)

    with open_parts(Settings(**settings), migrate=False) as parts:
        sys.setprofile(step)
        publish_delivery(parts, delivery=delivery)
        sys.setprofile(None)
    Path(counted).write_text(str(steps))


def publish_with_small_files(settings, delivery, bytes_max):
    """Publish `delivery` where no file can grow beyond `bytes_max`, as on a disk that is full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open_parts(Settings(**settings), migrate=False) as parts:
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, bytes_max))
        publish_delivery(parts, delivery=delivery)
