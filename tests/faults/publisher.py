"""Work in a process of its own that dies where it is told to."""

import os
import resource
import signal
import sys
import threading
from pathlib import Path

from torvet.backends.delta_tables import DeltaTables
from torvet.backends.table_files import LocalFiles
from torvet.catalogue import publish_delivery
from torvet.contracts import contract
from torvet.delivery.projections import ensure
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
PROJECTION_ROOMS = (
    "torvet/delivery/projections.py",
    "torvet/delivery/store.py",
    "torvet/backends/delta_tables.py",
    "torvet/backends/delta_log.py",
    "torvet/backends/duckdb_engine.py",
    "torvet/backends/table_files.py",
)


CHECKPOINT_ROOMS = ("torvet/backends/delta_checkpoints.py", "torvet/backends/table_files.py")


class Death:
    """Kills this process at step `point` of the work in its block; counts all steps where it is 0.

    A step is a call of, or a return from, a function of our own in this thread.
    """

    def __init__(self, point, rooms=ROOMS):
        self.point, self.rooms, self.steps = point, rooms, 0
        self._thread = threading.get_ident()

    def __enter__(self):
        sys.setprofile(self._step)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)

    def _step(self, frame, event, _argument):
        if threading.get_ident() != self._thread or event not in {"call", "return"}:
            return
        if not frame.f_code.co_filename.endswith(self.rooms):
            return
        self.steps += 1
        if self.steps == self.point:
            os.kill(os.getpid(), signal.SIGKILL)


def publish_until(settings, delivery, point, counted):
    """Publish `delivery`; be killed at step `point`, or write how many there are to `counted`."""
    with open_parts(Settings(**settings), migrate=False) as parts, Death(point) as death:
        publish_delivery(parts, delivery=delivery)
    Path(counted).write_text(str(death.steps))


def project_until(settings, contract_id, release, point, counted):
    """Make what a contract shows; be killed at step `point`, or write how many there are."""
    with open_parts(Settings(**settings), migrate=False) as parts:
        with parts.db.begin() as tx:
            held = contract(tx, contract_id)
        with Death(point, PROJECTION_ROOMS) as death:
            ensure(parts, held.dataset, held.projection, release)
    Path(counted).write_text(str(death.steps))


def commit_until(root, change, point, counted):
    """Commit to a table in `root`; be killed at step `point`, or write how many there are."""
    store = DeltaTables(LocalFiles(Path(root)))
    with Death(point, CHECKPOINT_ROOMS) as death:
        store.commit(**change)
    Path(counted).write_text(str(death.steps))


def publish_with_small_files(settings, delivery, bytes_max):
    """Publish `delivery` where no file can grow beyond `bytes_max`, as on a disk that is full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open_parts(Settings(**settings), migrate=False) as parts:
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, bytes_max))
        publish_delivery(parts, delivery=delivery)
