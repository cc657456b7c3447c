"""The log as rows. Each function takes the transaction that it runs in."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from psycopg import Connection as PsycopgConnection
from psycopg import Cursor
from sqlalchemy import (
    BigInteger,
    Connection,
    LargeBinary,
    Row,
    Select,
    SmallInteger,
    bindparam,
    case,
    column,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy import cast as cast_to
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert

from torvet.ports.question import Question

from .merkle import HASH_BYTES, Node
from .model import Checkpoint, Horizon, SealedFact
from .tables import checkpoints, facts, followers, leaves, nodes

# The sealer's lock: any number, the same in every process.
SEALER_LOCK = 0x746F7276_65740001

# Sent as it stands: every deed pays for it, and the serial that it gets is nobody's business yet.
_APPEND = "insert into facts (leaf) values (%(leaf)s)"
_APPEND_ALL = """
    insert into facts (leaf)
    select leaf from json_array_elements_text(%(leaves)s::json) with ordinality as n (leaf, place)
    order by n.place
"""


def append(tx: Connection, leaf: bytes) -> None:
    """Append a fact, not yet sealed."""
    tx.exec_driver_sql(_APPEND, {"leaf": leaf.decode()})


def append_all(tx: Connection, written: Sequence[bytes]) -> None:
    """Append facts, not yet sealed, in one way to the database."""
    # As one document: leaves are full of quotes, which an array would have to escape one by one.
    leaves = json.dumps([leaf.decode() for leaf in written], ensure_ascii=False)
    tx.exec_driver_sql(_APPEND_ALL, {"leaves": leaves})


def try_lock(tx: Connection) -> bool:
    """Become the one sealer until the transaction ends, or return False: another is at work."""
    return bool(tx.scalar(select(func.pg_try_advisory_xact_lock(SEALER_LOCK))))


def horizon_now(tx: Connection) -> Horizon:
    """Return which transactions have ended by now."""
    row = tx.execute(
        text(
            "select pg_current_snapshot()::text as snapshot,"
            " (select system_identifier::text from pg_control_system()) as cluster"
        )
    ).one()
    return Horizon.of_snapshot(row.cluster, row.snapshot)


def last_horizon(tx: Connection) -> Horizon | None:
    """Return how far the sealer had looked when it signed last."""
    row = tx.execute(
        select(checkpoints.c.cluster, checkpoints.c.horizon, checkpoints.c.running)
        .order_by(checkpoints.c.size.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return Horizon(cluster=row.cluster, xmax=row.horizon, running=tuple(row.running))


def _unsealed(before: Horizon | None, now: Horizon) -> Select[Any]:
    """Facts of transactions that ended after `before` and until `now`."""
    query = select(facts.c.serial, facts.c.xid, facts.c.leaf).where(facts.c.xid < now.xmax)
    if now.running:
        query = query.where(facts.c.xid.not_in(now.running))
    if before is None or before.cluster != now.cluster:
        # Transaction numbers of another server say nothing here: look at every fact, once.
        return query.where(~select(leaves.c.fact).where(leaves.c.fact == facts.c.serial).exists())
    newer = facts.c.xid >= before.xmax
    return query.where(or_(newer, facts.c.xid.in_(before.running)) if before.running else newer)


def unsealed(
    tx: Connection, before: Horizon | None, now: Horizon, limit: int
) -> tuple[Sequence[Row[*tuple[Any, ...]]], Horizon]:
    """Return facts to seal, in their order, and the horizon that they reach.

    About `limit` facts: the facts of one transaction are never parted.
    """
    query = _unsealed(before, now)
    last = tx.scalar(
        query.with_only_columns(facts.c.xid).order_by(facts.c.xid).offset(limit - 1).limit(1)
    )
    if last is not None:
        query, now = query.where(facts.c.xid <= last), now.cut_after(last)
    return tx.execute(query.order_by(facts.c.xid, facts.c.serial)).all(), now


def add_leaves(tx: Connection, position: int, sealed: Iterable[tuple[int, bytes]]) -> None:
    """Append `(fact, hash)` at `position` and the positions after it."""
    with (
        _cursor(tx) as cursor,
        cursor.copy("copy leaves (position, fact, hash) from stdin (format binary)") as copy,
    ):
        copy.set_types(["int8", "int8", "bytea"])
        for offset, (fact, hash_) in enumerate(sealed):
            copy.write_row((position + offset, fact, hash_))


def add_nodes(tx: Connection, filled: Mapping[Node, bytes]) -> None:
    """Append the roots of subtrees that have become full."""
    with (
        _cursor(tx) as cursor,
        cursor.copy("copy nodes (level, number, hash) from stdin (format binary)") as copy,
    ):
        copy.set_types(["int2", "int8", "bytea"])
        for node, hash_ in filled.items():
            copy.write_row((node.level, node.number, hash_))


def _cursor(tx: Connection) -> Cursor[Any]:
    return cast("PsycopgConnection[Any]", tx.connection.driver_connection).cursor()


def add_checkpoint(tx: Connection, checkpoint: Checkpoint, reached: Horizon) -> None:
    """Append a signed checkpoint and how far the sealer had looked."""
    tx.execute(
        insert(checkpoints).values(
            size=checkpoint.size,
            origin=checkpoint.origin,
            root=checkpoint.root,
            note=checkpoint.note,
            sealed_at=checkpoint.sealed_at,
            cluster=reached.cluster,
            horizon=reached.xmax,
            running=list(reached.running),
        )
    )


def newest_checkpoint(tx: Connection) -> Checkpoint | None:
    """Return the largest checkpoint, or None where nothing was ever sealed."""
    row = tx.execute(_CHECKPOINT.order_by(checkpoints.c.size.desc()).limit(1)).one_or_none()
    return None if row is None else _checkpoint(row)


def checkpoint_at(tx: Connection, size: int) -> Checkpoint | None:
    """Return the checkpoint that was signed at exactly `size` facts."""
    row = tx.execute(_CHECKPOINT.where(checkpoints.c.size == size)).one_or_none()
    return None if row is None else _checkpoint(row)


def every_checkpoint(tx: Connection) -> Iterator[Checkpoint]:
    """Yield the checkpoints, smallest first, without holding all of them."""
    query = _CHECKPOINT.order_by(checkpoints.c.size)
    with tx.execute(query, execution_options=_STREAM) as rows:
        for row in rows:
            yield _checkpoint(row)


def _checkpoint(row: Row[*tuple[Any, ...]]) -> Checkpoint:
    return Checkpoint(
        origin=row.origin, size=row.size, root=row.root, note=row.note, sealed_at=row.sealed_at
    )


def hashes(tx: Connection, wanted: Sequence[Node]) -> dict[Node, bytes]:
    """Return the hashes of kept nodes; those that are not kept are missing from the answer."""
    above = [node for node in wanted if node.level > 0]
    asked = {
        "positions": [node.number for node in wanted if node.level == 0],
        "levels": [node.level for node in above],
        "numbers": [node.number for node in above],
    }
    return {Node(row.level, row.number): row.hash for row in tx.execute(_HASHES, asked)}


def path_hashes(tx: Connection, wanted: Sequence[Node]) -> dict[Node, bytes]:
    """Return the hashes of kept nodes of which none is missing, as one row and one way there.

    Raises LookupError where one is missing after all.
    """
    asked = {
        "levels": [node.level for node in wanted],
        "numbers": [node.number for node in wanted],
    }
    row = _PATH.ask(tx, **asked)
    joined = bytes(row["hashes"] or b"") if row else b""
    if len(joined) != len(wanted) * HASH_BYTES:
        raise LookupError("the tree over the log lacks a node that it should have")
    return {node: joined[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at, node in enumerate(wanted)}


def sealed_now(tx: Connection, position: int) -> tuple[SealedFact, Checkpoint] | None:
    """Return the fact at `position` and the newest checkpoint; None where none is sealed there."""
    row = _SEALED_NOW.ask(tx, position=position)
    if row is None:
        return None
    checkpoint = Checkpoint(
        origin=row["origin"],
        size=row["size"],
        root=row["root"],
        note=row["note"],
        sealed_at=row["sealed_at"],
    )
    return SealedFact(position=position, hash=row["hash"], leaf=row["leaf"].encode()), checkpoint


def sealed_from(
    tx: Connection, position: int, limit: int, names: Sequence[str] = ()
) -> list[SealedFact]:
    """Return up to `limit` sealed facts from `position` on, in order; `names`: only such facts."""
    query = _SEALED.where(leaves.c.position >= position).order_by(leaves.c.position).limit(limit)
    if names:
        query = query.where(facts.c.name.in_(names))
    return [
        SealedFact(position=position, hash=hash_, leaf=leaf.encode())
        for position, hash_, leaf in tx.execute(query).all()
    ]


def every_sealed(tx: Connection) -> Iterator[SealedFact]:
    """Yield the whole log in order, without holding it."""
    query = _SEALED.order_by(leaves.c.position)
    with tx.execute(query, execution_options=_STREAM) as rows:
        for row in rows:
            yield _sealed(row)


def every_with(tx: Connection, text: str) -> Iterator[SealedFact]:
    """Yield the sealed facts whose leaf has `text` as a whole string somewhere, in order."""
    query = _SEALED.where(facts.c.leaf.contains(f'"{text}"', autoescape=True))
    with tx.execute(query.order_by(leaves.c.position), execution_options=_STREAM) as rows:
        for row in rows:
            yield _sealed(row)


def unsigned(tx: Connection) -> int:
    """Count the leaves that no checkpoint covers."""
    signed = func.coalesce(select(func.max(checkpoints.c.size)).scalar_subquery(), 0)
    return int(tx.execute(select(func.count()).where(leaves.c.position >= signed)).scalar_one())


def passed_over(tx: Connection) -> int:
    """Count the facts without a place that the sealer has looked at, and should have sealed."""
    before = last_horizon(tx)
    if before is None or before.cluster != horizon_now(tx).cluster:
        return 0  # the next pass looks at every fact
    missing = ~select(leaves.c.fact).where(leaves.c.fact == facts.c.serial).exists()
    query = select(func.count()).where(facts.c.xid < before.xmax, missing)
    if before.running:
        query = query.where(facts.c.xid.not_in(before.running))
    return int(tx.execute(query).scalar_one())


def every_named(tx: Connection, name: str) -> Iterator[bytes]:
    """Yield the leaves of all facts called `name`, sealed or not, by the bytes of their subject."""
    query = select(facts.c.leaf).where(facts.c.name == name)
    with tx.execute(
        query.order_by(facts.c.subject.collate("C"), facts.c.serial), execution_options=_STREAM
    ) as rows:
        for row in rows:
            yield row.leaf.encode()


def about(tx: Connection, subject: str, limit: int) -> list[bytes]:
    """Return the leaves of the newest facts about `subject`, newest first, sealed or not."""
    query = select(facts.c.leaf).where(facts.c.subject == subject)
    rows = tx.scalars(query.order_by(facts.c.serial.desc()).limit(limit))
    return [leaf.encode() for leaf in rows]


def sealed_about(
    tx: Connection,
    subjects: Sequence[str],
    names: Sequence[str],
    span: tuple[str | None, ...],
    limit: int,
) -> list[SealedFact]:
    """Return the newest sealed facts of these names about one of `subjects`, newest first.

    `span` is from when until before when, as facts write instants: their texts sort as they do.
    """
    query = _SEALED.where(facts.c.subject.in_(list(subjects)), facts.c.name.in_(list(names)))
    at = cast_to(facts.c.leaf, JSONB)["at"].astext
    start, end = span
    query = query if start is None else query.where(at >= start)
    query = query if end is None else query.where(at < end)
    rows = tx.execute(query.order_by(leaves.c.position.desc()).limit(limit))
    return [_sealed(row) for row in rows]


def sealed_at(tx: Connection, positions: Sequence[int]) -> list[SealedFact]:
    """Return the facts at these positions, in order; those that are not sealed are missing."""
    query = _SEALED.where(leaves.c.position.in_(list(positions))).order_by(leaves.c.position)
    return [_sealed(row) for row in tx.execute(query)]


def _sealed(row: Row[*tuple[Any, ...]]) -> SealedFact:
    return SealedFact(position=row.position, hash=row.hash, leaf=row.leaf.encode())


def place_of(tx: Connection, follower: str) -> int:
    """Return the position that `follower` reads next, and keep others from reading it meanwhile."""
    tx.execute(upsert(followers).values(name=follower, next_position=0).on_conflict_do_nothing())
    query = select(followers.c.next_position).where(followers.c.name == follower)
    return int(tx.execute(query.with_for_update()).scalar_one())


def seen_by(tx: Connection, follower: str) -> int:
    """Return how many facts `follower` has passed."""
    query = select(followers.c.next_position).where(followers.c.name == follower)
    return int(tx.scalar(query) or 0)


def move(tx: Connection, follower: str, position: int) -> None:
    """Set the position that `follower` reads next."""
    tx.execute(update(followers).where(followers.c.name == follower).values(next_position=position))


_STREAM = {"yield_per": 5000}
_CHECKPOINT = select(
    checkpoints.c.origin,
    checkpoints.c.size,
    checkpoints.c.root,
    checkpoints.c.note,
    checkpoints.c.sealed_at,
)
# The log as it was told: a leaf whose fact is gone is still there, with an empty text.
_SEALED = select(
    leaves.c.position,
    leaves.c.hash,
    func.coalesce(facts.c.leaf, literal_column("''")).label("leaf"),
).join_from(leaves, facts, facts.c.serial == leaves.c.fact, isouter=True)
_HASHES = text(
    "select 0 as level, position as number, hash from leaves"
    " where position = any(cast(:positions as bigint[]))"
    " union all select level, number, hash from nodes"
    " join unnest(cast(:levels as smallint[]), cast(:numbers as bigint[])) as wanted(l, n)"
    " on level = l and number = n"
)


def _path() -> Select[Any]:
    """Select the hashes of nodes, one behind the other in the order in which they were asked for.

    Those of level 0 are the leaves' own.
    """
    asked = func.unnest(
        bindparam("levels", type_=ARRAY(SmallInteger)),
        bindparam("numbers", type_=ARRAY(BigInteger)),
    )
    wanted = asked.table_valued(
        column("level", SmallInteger), column("number", BigInteger), with_ordinality="place"
    ).render_derived(name="wanted")
    leaf = case((wanted.c.level == literal_column("0"), wanted.c.number))
    above = (nodes.c.level == wanted.c.level) & (nodes.c.number == wanted.c.number)
    found = func.coalesce(leaves.c.hash, nodes.c.hash)
    in_order = aggregate_order_by(literal_column("''::bytea", LargeBinary), wanted.c.place)
    return select(func.string_agg(found, in_order).label("hashes")).select_from(
        wanted.join(leaves, leaves.c.position == leaf, isouter=True).join(
            nodes, above, isouter=True
        )
    )


_newest = _CHECKPOINT.order_by(checkpoints.c.size.desc()).limit(literal_column("1")).subquery()
_PATH = Question(_path())
_SEALED_NOW = Question(
    _SEALED.add_columns(*_newest.c)
    .join(_newest, true())
    .where(leaves.c.position == bindparam("position", type_=BigInteger))
)
