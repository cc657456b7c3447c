"""The whole log checked against itself: every fact hashed again, the tree built again.

What triggers, rights and care may miss, hashes do not: a fact changed in the database by
whoever can, a leaf moved, a checkpoint signed by somebody else, a fact that was never sealed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from torvet.ports.moment import one_moment
from torvet.ports.parts import Parts

from . import merkle, notes, store
from .merkle import Frontier, Node
from .model import Checkpoint, SealedFact
from .notes import NoteInvalid, VerifierKey

FAULTS_MAX = 100
_NODES_AT_A_TIME = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """What came of it: how much was checked, and at most FAULTS_MAX faults in plain words."""

    facts: int
    checkpoints: int
    faults: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether the log is whole and was never changed."""
        return not self.faults


@dataclass(slots=True)
class _Inspection:
    facts: int = 0
    checkpoints: int = 0


def verify_log(parts: Parts) -> LogReport:
    """Hash every sealed fact again and compare it with tree and checkpoints.

    Sees one moment of the log, holds no more than a page of it, and blocks nobody.
    """
    faults: list[str] = []
    seen = _Inspection()
    with one_moment(parts.db) as tx:
        for fault in _faults(tx, parts, seen):
            faults.append(fault)
            if len(faults) == FAULTS_MAX:
                break
    return LogReport(facts=seen.facts, checkpoints=seen.checkpoints, faults=tuple(faults))


def _faults(tx: Connection, parts: Parts, seen: _Inspection) -> Iterator[str]:
    tree = Frontier()
    full: dict[Node, bytes] = {}
    signed = store.every_checkpoint(tx)
    due = next(signed, None)
    for sealed in store.every_sealed(tx):
        yield from _leaf_faults(sealed, tree.size)
        full.update(tree.append(merkle.leaf_hash(sealed.leaf)))
        seen.facts += 1
        if due is not None and due.size == tree.size:
            seen.checkpoints += 1
            yield from _checkpoint_faults(due, tree.root(), parts)
            due = next(signed, None)
        if len(full) >= _NODES_AT_A_TIME:
            yield from _node_faults(tx, full)
            full.clear()
    yield from _node_faults(tx, full)
    if due is not None:
        yield f"facts are gone: {due.size:,} were signed, and {tree.size:,} are left"
    if unsigned := store.unsigned(tx):
        yield f"{unsigned:,} facts have a place in the log that no checkpoint covers"
    if lost := store.passed_over(tx):
        yield f"{lost:,} facts were recorded before the last checkpoint and never sealed"


def _leaf_faults(sealed: SealedFact, expected: int) -> Iterator[str]:
    if sealed.position != expected:
        yield f"position {expected} is missing: after it comes {sealed.position}"
    if not sealed.leaf:
        yield f"the fact at position {sealed.position} is gone"
    elif merkle.leaf_hash(sealed.leaf) != sealed.hash:
        yield f"the fact at position {sealed.position} was changed after it was sealed"


def _checkpoint_faults(checkpoint: Checkpoint, root: bytes, parts: Parts) -> Iterator[str]:
    key = VerifierKey.of(checkpoint.origin, parts.keys.signing)
    try:
        statement = notes.verify(checkpoint.note, key)
    except NoteInvalid as error:
        yield f"the checkpoint over {checkpoint.size:,} facts cannot be trusted: {error}"
        return
    if (statement.size, statement.root) != (checkpoint.size, checkpoint.root):
        yield f"the checkpoint over {checkpoint.size:,} facts was changed beside its note"
    if statement.root != root:
        yield f"the first {checkpoint.size:,} facts are no longer those that were signed"


def _node_faults(tx: Connection, full: dict[Node, bytes]) -> Iterator[str]:
    kept = store.hashes(tx, list(full))
    for node, hash_ in full.items():
        if kept.get(node) != hash_:
            first = node.number << node.level
            yield f"the tree over facts {first} to {first + (1 << node.level) - 1} was changed"
