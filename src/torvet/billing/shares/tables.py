"""Who shares in the income of which dataset, and what each got of which sale."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

MOMENT = DateTime(timezone=True)

# An agreement never changes: a newer version holds from its `made_at` on. One without members
# ends the sharing.
share_agreements = Table(
    "share_agreements",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("provider", Text, nullable=False),
    Column("terms", JSONB, nullable=False),
    Column("made_at", MOMENT, nullable=False),
    Column("made_by", Text, nullable=False),
    CheckConstraint("version > 0", name="share_agreements_version"),
)

share_members = Table(
    "share_members",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("party", Text, primary_key=True),
    Index("share_members_by_party", "party"),
)

# One division for each document and contract, whatever is retried. `sale` is the invoice that all
# of it began with. `how` tells the way, seed, samples
# and stated error. One of a credit note has amounts below zero.
share_divisions = Table(
    "share_divisions",
    metadata,
    Column("source", Text, primary_key=True),
    Column("sale", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("provider", Text, nullable=False),
    Column("income", BigInteger, nullable=False),
    Column("shared", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("how", JSONB, nullable=False),
    Column("transaction", Text),
    Column("divided_at", MOMENT, nullable=False),
    CheckConstraint("(transaction is null) = (shared = 0)", name="share_divisions_posted"),
    Index("share_divisions_by_sale", "sale"),
)

share_parts = Table(
    "share_parts",
    metadata,
    Column("source", Text, primary_key=True),
    Column("party", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Index("share_parts_by_party", "party", "source"),
)
