"""Facts, and the order in which they were sealed. Nothing here knows where they are kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from torvet.kit.canonical import canonical
from torvet.kit.moments import from_text, to_text

LEAF_FORMAT = "torvet-fact/1"
LEAF_BYTES_MAX = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of the log: who did what to whom, when.

    `actor` is an account or token id, or "exchange"; `subject` the id of what the deed was done
    to; `parties` are the ids of those who may read the fact: all others see its hash only.
    `body` holds what `torvet.kit.canonical` can write: strings, integers, booleans, lists, objects.
    """

    name: str
    at: datetime
    actor: str
    subject: str
    parties: tuple[str, ...]
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A fact with the salt that keeps its hash from being guessed."""

    fact: Fact
    salt: str

    def to_bytes(self) -> bytes:
        """Return the one byte string that is kept, hashed and handed out.

        Raises ValueError or TypeError where the fact holds what canonical JSON cannot write, or
        is larger than LEAF_BYTES_MAX: a fact is a line, not a document.
        """
        written = canonical(
            {
                "format": LEAF_FORMAT,
                "name": self.fact.name,
                "at": to_text(self.fact.at),
                "actor": self.fact.actor,
                "subject": self.fact.subject,
                "parties": list(self.fact.parties),
                "body": self.fact.body,
                "salt": self.salt,
            }
        )
        if len(written) > LEAF_BYTES_MAX:
            raise ValueError(
                f"fact {self.fact.name!r} has {len(written):,} bytes: shorten its body"
            )
        return written

    @classmethod
    def from_bytes(cls, written: bytes) -> Self:
        """Read what `to_bytes` wrote."""
        read = json.loads(written)
        return cls(
            fact=Fact(
                name=read["name"],
                at=from_text(read["at"]),
                actor=read["actor"],
                subject=read["subject"],
                parties=tuple(read["parties"]),
                body=read["body"],
            ),
            salt=read["salt"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFact:
    """A fact at its place in the log. Positions count from 0 and have no gaps.

    `leaf` is empty where somebody took the fact out of the database: its hash stays.
    """

    position: int
    hash: bytes
    leaf: bytes

    @property
    def fact(self) -> Fact:
        """The fact itself."""
        return Leaf.from_bytes(self.leaf).fact

    def readable_by(self, parties: frozenset[str]) -> bool:
        """Tell whether one of `parties` is named in the fact."""
        return bool(self.leaf) and not parties.isdisjoint(self.fact.parties)


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """Which transactions the sealer has looked at: all below `xmax`, but those in `running`.

    This is PostgreSQL's own snapshot. A transaction that commits late is in `running` or at least
    `xmax`, so that the next pass finds it however long it took. `cluster` is the server whose
    transaction numbers these are: after a dump is restored elsewhere they mean nothing.
    """

    cluster: str
    xmax: int
    running: tuple[int, ...]

    @classmethod
    def of_snapshot(cls, cluster: str, snapshot: str) -> Self:
        """Read the text of a `pg_snapshot`, `xmin:xmax:xip,xip…`."""
        _, xmax, running = snapshot.split(":")
        return cls(
            cluster=cluster,
            xmax=int(xmax),
            running=tuple(int(xid) for xid in running.split(",") if xid),
        )

    def cut_after(self, xid: int) -> Self:
        """Return this horizon as if the sealer had looked no further than transaction `xid`."""
        return type(self)(
            cluster=self.cluster,
            xmax=min(self.xmax, xid + 1),
            running=tuple(one for one in self.running if one <= xid),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The signed statement: the first `size` facts have this root. `note` is a C2SP signed note."""

    origin: str
    size: int
    root: bytes
    note: str
    sealed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What proves to an outsider that a fact stands in the log."""

    sealed: SealedFact
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistency:
    """What proves to an outsider that the log only grew between two checkpoints."""

    first: Checkpoint
    second: Checkpoint
    proof: tuple[bytes, ...]
