"""Tables of negotiations. The terms of a round are a row of `offers`, at stage `proposed`."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

negotiations = Table(
    "negotiations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("start", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("consumer", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("purchase_order", Text, nullable=False),
    Column("ean", Text, nullable=False),
    Column("cap", JSONB(none_as_null=True)),
    Column("prepaid", Boolean, nullable=False),
    Column("stage", Text, nullable=False),
    Column("rounds", Integer, nullable=False),
    Column("last_side", Text, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("contract", Text),
    Column("reason", Text, nullable=False),
    CheckConstraint("stage in ('open', 'agreed', 'ended')", name="negotiations_stage"),
    CheckConstraint("last_side in ('consumer', 'provider')", name="negotiations_side"),
    Index(
        "negotiations_open",
        "start",
        "consumer",
        unique=True,
        postgresql_where=text("stage = 'open'"),
    ),
    Index("negotiations_provider", "provider", "id"),
    Index("negotiations_consumer", "consumer", "id"),
)

negotiation_rounds = Table(
    "negotiation_rounds",
    metadata,
    Column("negotiation", Text, ForeignKey("negotiations.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("side", Text, nullable=False),
    Column("offer", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("by", Text),
    CheckConstraint("side in ('consumer', 'provider')", name="negotiation_rounds_side"),
    CheckConstraint("number >= 1", name="negotiation_rounds_number"),
)
