"""Privacy's tables: what providers decided, what releases were found to be, what was spent."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

# Every policy that a dataset ever had; the highest version is in force.
policies = Table(
    "privacy_policies",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("policy", JSONB, nullable=False),
    Column("account", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("version >= 1", name="privacy_policies_version"),
)

# `content` is the signed certificate as text, not JSONB: its bytes are what was signed.
certificates = Table(
    "privacy_certificates",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("policy_version", Integer),
    Column("treatment", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
)

# What was found in the newest delivery that waits or went through, and what is proposed for it.
proposals = Table(
    "privacy_proposals",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("proposal", JSONB, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
)
