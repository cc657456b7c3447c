"""Service levels as they were measured, what was asked and answered, and disputes."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

MOMENT = DateTime(timezone=True)

# Twelve slots of five minutes an hour, a bit each: looked at; found failing; by the provider's
# fault. Bits are only ever set, so that looking twice is looking once.
service_hours = Table(
    "service_hours",
    metadata,
    Column("contract", Text, primary_key=True),
    Column("hour", MOMENT, primary_key=True),
    Column("seen", SmallInteger, nullable=False),
    Column("failed", SmallInteger, nullable=False),
    Column("by_provider", SmallInteger, nullable=False),
    CheckConstraint(
        "seen between 0 and 4095 and failed between 0 and 4095 and by_provider between 0 and 4095",
        name="service_hours_bits",
    ),
)

service_maintenance = Table(
    "service_maintenance",
    metadata,
    Column("id", Text, primary_key=True),
    Column("dataset", Text, nullable=False),
    Column("begins_at", MOMENT, nullable=False),
    Column("ends_at", MOMENT, nullable=False),
    Column("announced_at", MOMENT, nullable=False),
    Column("announced_by", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("withdrawn_at", MOMENT),
    CheckConstraint("begins_at < ends_at", name="service_maintenance_span"),
    Index("service_maintenance_dataset", "dataset", "begins_at"),
)

service_questions = Table(
    "service_questions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("contract", Text, nullable=False),
    Column("asked_at", MOMENT, nullable=False),
    Column("title", Text, nullable=False),
    Column("answered_at", MOMENT),
    Column("closed_at", MOMENT),
    Index("service_questions_contract", "contract", "id"),
)

# What was said about a question or in a dispute, by whom. Words can be taken out, their digest
# stands in the log.
trust_messages = Table(
    "trust_messages",
    metadata,
    Column("about", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("side", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("words", Text, nullable=False),
    CheckConstraint("side in ('consumer', 'provider', 'operator')", name="trust_messages_side"),
)

# One for each contract with service levels and each month that is over: made once, kept as it is.
service_reports = Table(
    "service_reports",
    metadata,
    Column("contract", Text, primary_key=True),
    Column("month", Text, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("consumer", Text, nullable=False),
    Column("made_at", MOMENT, nullable=False),
    Column("report", JSONB, nullable=False),
    Column("percent", SmallInteger, nullable=False),
    Column("credit", Text, nullable=False),
    Column("credited_at", MOMENT),
    Column("amount", BigInteger),
    Column("currency", Text),
    Column("notes", JSONB(none_as_null=True)),
    CheckConstraint("percent between 0 and 100", name="service_reports_percent"),
    CheckConstraint(
        "credit in ('none', 'waiting', 'credited', 'nothing')", name="service_reports_credit"
    ),
    Index("service_reports_waiting", "month", postgresql_where=text("credit = 'waiting'")),
)

disputes = Table(
    "disputes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("contract", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("consumer", Text, nullable=False),
    Column("opened_at", MOMENT, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("begins_at", MOMENT, nullable=False),
    Column("ends_at", MOMENT, nullable=False),
    Column("stage", Text, nullable=False),
    Column("answer_until", MOMENT, nullable=False),
    Column("answered_at", MOMENT),
    Column("decide_until", MOMENT, nullable=False),
    Column("decided_at", MOMENT),
    Column("decided_by", Text),
    Column("outcome", Text),
    Column("reason", Text, nullable=False),
    Column("amount", BigInteger),
    Column("currency", Text),
    Column("credit_note", Text),
    Column("version", Integer, nullable=False),
    CheckConstraint("about in ('invoice', 'period', 'service')", name="disputes_about"),
    CheckConstraint("stage in ('open', 'answered', 'decided', 'withdrawn')", name="disputes_stage"),
    CheckConstraint("outcome in ('rejected', 'credited', 'cancelled')", name="disputes_outcome"),
    CheckConstraint("begins_at < ends_at", name="disputes_span"),
    Index("disputes_contract", "contract", "id"),
    Index("disputes_provider", "provider", "id"),
    Index("disputes_consumer", "consumer", "id"),
    # Two people of one party who open the same dispute at once open one.
    Index(
        "disputes_live",
        "contract",
        "about",
        "subject",
        unique=True,
        postgresql_where=text("stage in ('open', 'answered')"),
    ),
)

# Facts that a dispute rests on, by their place in the log: collected when it is opened and when
# it is decided.
dispute_evidence = Table(
    "dispute_evidence",
    metadata,
    Column("dispute", Text, ForeignKey("disputes.id", ondelete="CASCADE"), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
    Index("dispute_evidence_order", "dispute", "at"),
)
