"""The one log: every deed appends its fact, a sealer orders them, anyone can check them."""

from .errors import CheckpointNotFound, FactNotFound
from .model import Checkpoint, Fact, SealedFact
from .service import (
    advance,
    facts_about,
    facts_after,
    follow,
    newest_checkpoint,
    record,
    seal,
    seal_until,
)

__all__ = [
    "Checkpoint",
    "CheckpointNotFound",
    "Fact",
    "FactNotFound",
    "SealedFact",
    "advance",
    "facts_about",
    "facts_after",
    "follow",
    "newest_checkpoint",
    "record",
    "seal",
    "seal_until",
]
