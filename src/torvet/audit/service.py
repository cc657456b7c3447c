"""What one can do with the log: record, seal, follow, prove. Nobody can take anything back."""

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from threading import Event
from urllib.parse import urlsplit

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from torvet.kit.moments import to_text
from torvet.ports.parts import Parts

from . import merkle, notes, store
from .errors import CheckpointNotFound, CheckpointsTurned, FactNotFound
from .model import Checkpoint, Consistency, Fact, Leaf, Receipt, SealedFact
from .notes import Statement, VerifierKey

SALT_BYTES = 16
SEAL_AT_MOST = 20_000
SEAL_PASSES_MAX = 1_000
FACTS_PER_PAGE_MAX = 1_000
SEAL_EVERY_S = 0.5
SEAL_AGAIN_AFTER_FAULT_S = 2.0

_log = structlog.get_logger(__name__)


def record(tx: Connection, fact: Fact) -> None:
    """Append `fact` in the caller's transaction, so that it stands or falls with the deed.

    Nothing is waited for: no lock, no counter, no other writer. Raises ValueError or TypeError
    where the fact holds what canonical JSON cannot write.
    """
    store.append(tx, Leaf(fact=fact, salt=secrets.token_hex(SALT_BYTES)).to_bytes())


def record_all(tx: Connection, told: Sequence[Fact]) -> None:
    """Append many facts as `record` does each, in their order and in one statement."""
    store.append_all(
        tx, [Leaf(fact=fact, salt=secrets.token_hex(SALT_BYTES)).to_bytes() for fact in told]
    )


def leaf_of(fact: Fact) -> str:
    """Return the leaf of `fact`, for a function of the database that appends it with its deed."""
    return Leaf(fact=fact, salt=secrets.token_hex(SALT_BYTES)).to_bytes().decode()


def seal(parts: Parts) -> int:
    """Number and sign every fact that is committed by now; return how many that were.

    Returns 0 where there is nothing to do or another sealer is at work. Safe to kill at any point
    and to call from any number of processes.
    """
    total = 0
    for _ in range(SEAL_PASSES_MAX):
        sealed = _seal_once(parts)
        total += sealed
        if sealed < SEAL_AT_MOST:
            break
    return total


def _seal_once(parts: Parts) -> int:
    """Seal about SEAL_AT_MOST facts in one transaction.

    Every statement sees what was committed when it began (read committed), and the order below
    matters: the lock is held before the last checkpoint is read, and the horizon is fixed before
    the facts are.
    """
    with parts.db.connect().execution_options(isolation_level="READ COMMITTED") as tx, tx.begin():
        if not store.try_lock(tx):
            return 0
        last = store.newest_checkpoint(tx)
        now = store.horizon_now(tx)
        rows, reached = store.unsealed(tx, store.last_horizon(tx), now, SEAL_AT_MOST)
        if not rows:
            return 0
        size = last.size if last else 0
        hashed = [(row.serial, merkle.leaf_hash(row.leaf.encode())) for row in rows]
        edge = store.hashes(tx, merkle.edge_of(size))
        growth = merkle.grow(size, edge, [hash_ for _, hash_ in hashed])
        store.add_leaves(tx, size, hashed)
        store.add_nodes(tx, growth.filled)
        origin = last.origin if last else origin_for(parts.settings.url)
        store.add_checkpoint(tx, _signed(parts, origin, growth.size, growth.root), reached)
        return len(rows)


def origin_for(url: str) -> str:
    """Return the log's name: the exchange's address without its scheme, as C2SP recommends.

    The first checkpoint fixes it for good; a log that changed its name would be another log.
    """
    address = urlsplit(url)
    return f"{address.netloc}{address.path.rstrip('/')}/log".replace("+", "-").replace(" ", "-")


def _signed(parts: Parts, origin: str, size: int, root: bytes) -> Checkpoint:
    note = notes.sign(Statement(origin=origin, size=size, root=root), parts.keys.signing)
    return Checkpoint(origin=origin, size=size, root=root, note=note, sealed_at=parts.clock.now())


def seal_until(parts: Parts, stop: Event, every_s: float = SEAL_EVERY_S) -> None:
    """Seal every `every_s` seconds until `stop` is set; a database that is away is waited for."""
    pause = every_s
    while not stop.wait(pause):
        try:
            seal(parts)
            pause = every_s
        except DBAPIError as error:
            _log.warning("sealing waits for the database", fault=str(error.orig))
            pause = SEAL_AGAIN_AFTER_FAULT_S


def follow(
    tx: Connection, follower: str, limit: int, names: Sequence[str] = ()
) -> list[SealedFact]:
    """Return the next sealed facts that `follower` has not passed, at most `limit`, in order.

    Other processes that follow under the same name wait until `tx` ends. Whatever is done with
    the facts in `tx`, together with `advance`, happens exactly once. With `names`, other facts
    are passed over.
    """
    return store.sealed_from(tx, store.place_of(tx, follower), limit, names)


def advance(tx: Connection, follower: str, position: int) -> None:
    """Remember in `tx` that `follower` is done with every fact up to and including `position`."""
    if position + 1 < store.place_of(tx, follower):
        raise ValueError(f"follower {follower!r} is beyond position {position} already")
    store.move(tx, follower, position + 1)


def waiting(tx: Connection, follower: str) -> int:
    """Return how many sealed facts `follower` has not passed; nobody waits for this question."""
    newest = store.newest_checkpoint(tx)
    return (newest.size if newest else 0) - store.seen_by(tx, follower)


def rewind(tx: Connection, follower: str) -> None:
    """Let `follower` begin again: its next fact is the first of the log."""
    store.place_of(tx, follower)
    store.move(tx, follower, 0)


def facts_after(tx: Connection, position: int, limit: int) -> list[SealedFact]:
    """Return sealed facts after `position` (-1: from the first), in order."""
    return store.sealed_from(tx, position + 1, min(limit, FACTS_PER_PAGE_MAX))


def facts_about(tx: Connection, subject: str, limit: int = 100) -> list[Fact]:
    """Return the newest facts about `subject`, newest first, whether sealed yet or not."""
    found = store.about(tx, subject, min(limit, FACTS_PER_PAGE_MAX))
    return [Leaf.from_bytes(leaf).fact for leaf in found]


def facts_named(tx: Connection, name: str) -> Iterator[Fact]:
    """Give every fact called `name`, sealed yet or not, by the bytes of its subject."""
    return (Leaf.from_bytes(leaf).fact for leaf in store.every_named(tx, name))


def facts_of(tx: Connection, party: str) -> Iterator[SealedFact]:
    """Give every sealed fact that names `party`, in the order of the log."""
    readers = frozenset({party})
    return (sealed for sealed in store.every_with(tx, party) if sealed.readable_by(readers))


def newest_checkpoint(parts: Parts) -> Checkpoint:
    """Return the newest signed checkpoint; of the empty log where nothing is sealed yet."""
    with parts.db.begin() as tx:
        return _newest(tx, parts)


def _newest(tx: Connection, parts: Parts) -> Checkpoint:
    return store.newest_checkpoint(tx) or _signed(
        parts, origin_for(parts.settings.url), 0, merkle.EMPTY_ROOT
    )


def log_key(parts: Parts) -> VerifierKey:
    """Return the public key of the log, for outsiders to keep."""
    return VerifierKey.of(newest_checkpoint(parts).origin, parts.keys.signing)


def page_of_facts(parts: Parts, after: int, limit: int) -> tuple[list[SealedFact], Checkpoint]:
    """Return a page of sealed facts and the checkpoint that covers them."""
    with parts.db.begin() as tx:
        page = facts_after(tx, after, limit)
        return page, _newest(tx, parts)


def receipt(parts: Parts, position: int, readers: frozenset[str]) -> Receipt:
    """Return the proof that the fact at `position` stands under the newest checkpoint.

    Raises FactNotFound where no fact is sealed there, or it names none of the parties `readers`:
    the two look alike from outside. Two ways to the database and back: what is sealed stands
    still, so no transaction is needed around them.
    """
    with parts.db.connect() as plain:
        tx = plain.execution_options(isolation_level="AUTOCOMMIT")
        found = store.sealed_now(tx, position)
        if found is None or not found[0].readable_by(readers):
            raise FactNotFound(position)
        sealed, checkpoint = found
        spans = merkle.inclusion_spans(position, checkpoint.size)
        return Receipt(sealed=sealed, proof=_prove(tx, spans), checkpoint=checkpoint)


def sealed_about(
    tx: Connection,
    subjects: Sequence[str],
    names: Sequence[str],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int = FACTS_PER_PAGE_MAX,
) -> list[SealedFact]:
    """Return the newest sealed facts of these names about one of `subjects`, newest first.

    With `start` and `end` only those from the one until before the other.
    """
    span = tuple(None if at is None else to_text(at) for at in (start, end))
    return store.sealed_about(tx, subjects, names, span, min(limit, FACTS_PER_PAGE_MAX))


def receipts(
    parts: Parts, positions: Sequence[int], readers: frozenset[str]
) -> tuple[list[Receipt], list[SealedFact]]:
    """Return proofs under one checkpoint for the facts at `positions`, and the facts kept back.

    Kept back are those that name none of the parties `readers`: their hash stands in the log too.
    """
    with parts.db.begin() as tx:
        found = store.sealed_at(tx, positions[:FACTS_PER_PAGE_MAX])
        checkpoint = _newest(tx, parts)
        shown = [one for one in found if one.readable_by(readers)]
        proven = [
            Receipt(
                sealed=one,
                proof=_prove(tx, merkle.inclusion_spans(one.position, checkpoint.size)),
                checkpoint=checkpoint,
            )
            for one in shown
        ]
        return proven, [one for one in found if not one.readable_by(readers)]


def consistency(parts: Parts, first: int, second: int | None = None) -> Consistency:
    """Return the proof that the log only grew between two signed checkpoints.

    `second` is the newest where it is left out. Raises CheckpointNotFound for a size that was
    never signed, CheckpointsTurned where the first is the larger.
    """
    with parts.db.begin() as tx:
        newer = _newest(tx, parts) if second is None else _checkpoint_at(tx, parts, second)
        older = _checkpoint_at(tx, parts, first)
        if older.size > newer.size:
            raise CheckpointsTurned(first, newer.size)
        spans = merkle.consistency_spans(older.size, newer.size)
        return Consistency(first=older, second=newer, proof=_prove(tx, spans))


def _checkpoint_at(tx: Connection, parts: Parts, size: int) -> Checkpoint:
    if size == 0:
        origin = _newest(tx, parts).origin
        return _signed(parts, origin, 0, merkle.EMPTY_ROOT)
    found = store.checkpoint_at(tx, size)
    if found is None:
        raise CheckpointNotFound(size)
    return found


def _prove(tx: Connection, spans: list[merkle.Span]) -> tuple[bytes, ...]:
    return tuple(merkle.roots(spans, store.path_hashes(tx, merkle.kept_for(spans))))
