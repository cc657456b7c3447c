"""Where sources and uploads are written down. Their rows and bytes lie elsewhere."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

MOMENT = DateTime(timezone=True)

uploads = Table(
    "uploads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("party", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("bytes", BigInteger),
    Column("received", BigInteger, nullable=False),
    Column("sha256", Text),
    Column("stage", Text, nullable=False),
    Column("made_at", MOMENT, nullable=False),
    Column("touched_at", MOMENT, nullable=False),
    CheckConstraint("stage in ('receiving', 'complete')", name="uploads_stage"),
    CheckConstraint("received >= 0 and received <= coalesce(bytes, received)", name="uploads_size"),
    Index("uploads_touched", "touched_at"),
    Index("uploads_party", "party"),
)

sources = Table(
    "sources",
    metadata,
    Column("id", Text, primary_key=True),
    Column("party", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("columns", JSONB, nullable=False),
    Column("notes", JSONB, nullable=False),
    Column("received_at", MOMENT, nullable=False),
    CheckConstraint("rows >= 0 and rejected >= 0 and bytes >= 0", name="sources_counts"),
    Index("sources_party", "party"),
)
