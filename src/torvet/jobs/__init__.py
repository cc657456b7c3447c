"""Background work: enqueued in the deed's own transaction, run by any worker, done at last."""

from .queue import defer
from .registry import Job, Periodic, every, job, known, periodic
from .worker import run_worker

__all__ = ["Job", "Periodic", "defer", "every", "job", "known", "periodic", "run_worker"]
