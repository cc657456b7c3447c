"""The one log: every deed appends its fact, a sealer orders them, anyone can check them."""

from . import jobs as _jobs  # importing it makes the sealer known to the worker
from .errors import CheckpointNotFound, CheckpointsTurned, FactNotFound
from .inspection import LogReport, verify_log
from .model import Checkpoint, Consistency, Fact, Receipt, SealedFact
from .service import (
    advance,
    facts_about,
    facts_after,
    facts_named,
    facts_of,
    follow,
    leaf_of,
    log_key,
    newest_checkpoint,
    receipt,
    receipts,
    record,
    record_all,
    rewind,
    seal,
    seal_until,
    sealed_about,
    waiting,
)

__all__ = [
    "Checkpoint",
    "CheckpointNotFound",
    "CheckpointsTurned",
    "Consistency",
    "Fact",
    "FactNotFound",
    "LogReport",
    "Receipt",
    "SealedFact",
    "advance",
    "facts_about",
    "facts_after",
    "facts_named",
    "facts_of",
    "follow",
    "leaf_of",
    "log_key",
    "newest_checkpoint",
    "receipt",
    "receipts",
    "record",
    "record_all",
    "rewind",
    "seal",
    "seal_until",
    "sealed_about",
    "verify_log",
    "waiting",
]
del _jobs
