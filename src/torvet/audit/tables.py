"""Four tables that only ever grow, and the followers' places. Triggers hold them to it."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData()

# Appended by the deeds. `leaf` is the canonical JSON that is hashed; the rest is read from it.
facts = Table(
    "facts",
    metadata,
    Column("serial", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "xid",
        BigInteger,
        nullable=False,
        server_default=text("(pg_current_xact_id()::text)::bigint"),
    ),
    Column("leaf", Text, nullable=False),
    Column("name", Text, Computed("(leaf::jsonb) ->> 'name'", persisted=True)),
    Column("subject", Text, Computed("(leaf::jsonb) ->> 'subject'", persisted=True)),
    Index("facts_by_xid", "xid"),
    Index("facts_by_subject", "subject"),
)

# Appended by the sealer: which fact stands where. The hash is level 0 of the tree.
leaves = Table(
    "leaves",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("fact", BigInteger, nullable=False, unique=True),
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint("position >= 0", name="leaves_position"),
    CheckConstraint("length(hash) = 32", name="leaves_hash"),
)

# Roots of whole subtrees of 16, 256, 4096 … leaves, each written once when it is full.
nodes = Table(
    "nodes",
    metadata,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint("level > 0", name="nodes_level"),
    CheckConstraint("length(hash) = 32", name="nodes_hash"),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("origin", Text, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("sealed_at", DateTime(timezone=True), nullable=False),
    # How far the sealer had looked: see `model.Horizon`.
    Column("cluster", Text, nullable=False),
    Column("horizon", BigInteger, nullable=False),
    Column("running", ARRAY(BigInteger), nullable=False),
    CheckConstraint("size > 0", name="checkpoints_size"),
    CheckConstraint("length(root) = 32", name="checkpoints_root"),
)

followers = Table(
    "followers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("next_position", BigInteger, nullable=False),
    CheckConstraint("next_position >= 0", name="followers_next_position"),
)
