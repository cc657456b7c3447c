"""Tables of what data was used for, of thanks, and of reviews."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

reuse_uses = Table(
    "reuse_uses",
    metadata,
    Column("id", Text, primary_key=True),
    Column("contract", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("consumer", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("period_start", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("benefits", JSONB, nullable=False),
    Column("link", Text, nullable=False),
    Column("counted_with", Text),
    Column("shown", Text, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("stated_at", DateTime(timezone=True), nullable=False),
    Column("stated_by", Text),
    Column("withdrawn_at", DateTime(timezone=True)),
    CheckConstraint("shown in ('named', 'kind', 'anonymous')", name="reuse_uses_shown"),
    CheckConstraint("period_start <= period_end", name="reuse_uses_period"),
    Index("reuse_uses_provider", "provider", "id"),
    Index("reuse_uses_consumer", "consumer", "id"),
    Index("reuse_uses_dataset", "dataset", "id"),
    Index("reuse_uses_contract", "contract", "id"),
)

reuse_thanks = Table(
    "reuse_thanks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("contract", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("consumer", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("shown", Text, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("said_at", DateTime(timezone=True), nullable=False),
    Column("said_by", Text),
    CheckConstraint("shown in ('named', 'kind', 'anonymous')", name="reuse_thanks_shown"),
    Index("reuse_thanks_provider", "provider", "id"),
    Index("reuse_thanks_dataset", "dataset", "id"),
    Index("reuse_thanks_contract", "contract", "id"),
)

reviews = Table(
    "reviews",
    metadata,
    Column("id", Text, primary_key=True),
    Column("contract", Text, nullable=False, unique=True),
    Column("dataset", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("stars", JSONB, nullable=False),
    Column("words", Text, nullable=False),
    Column("answer", Text),
    Column("versions", Integer, nullable=False),
    Column("answer_versions", Integer, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("answered_at", DateTime(timezone=True)),
    CheckConstraint("stage in ('shown', 'withdrawn', 'hidden')", name="reviews_stage"),
    Index("reviews_dataset", "dataset", "id"),
    Index("reviews_provider", "provider", "id"),
)

# Every version of every review and answer, only ever added to.
review_versions = Table(
    "review_versions",
    metadata,
    Column("review", Text, ForeignKey("reviews.id"), primary_key=True),
    Column("side", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("stars", JSONB(none_as_null=True)),
    Column("words", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("by", Text),
    CheckConstraint("side in ('author', 'provider')", name="review_versions_side"),
)
