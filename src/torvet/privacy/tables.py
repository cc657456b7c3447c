"""Privacy's tables: what providers decided, what releases were found to be, what was spent."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
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

# Which releases give answers, and to what: the public keys and bounds that their table was made by.
answer_releases = Table(
    "answer_releases",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("release", Integer, primary_key=True, autoincrement=False),
    Column("spec", JSONB, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
)

# What was learned so far: of a dataset by one consumer, and by all of them where `consumer` is
# empty. Every charge locks the second of these rows first.
budget_accounts = Table(
    "budget_accounts",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("consumer", Text, primary_key=True),
    Column("spent_micro_rho", BigInteger, nullable=False),
    Column("ever_micro_rho", BigInteger, nullable=False),
    Column("period_began_at", DateTime(timezone=True), nullable=False),
    CheckConstraint(
        "spent_micro_rho >= 0 and ever_micro_rho >= spent_micro_rho", name="budget_accounts_spent"
    ),
)

# One line a charge. The sums of an account are the sums of its lines, and are checked against them.
budget_charges = Table(
    "budget_charges",
    metadata,
    Column("serial", BigInteger, Identity(always=True), primary_key=True),
    Column("dataset", Text, nullable=False),
    Column("consumer", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("consumer_micro_rho", BigInteger, nullable=False),
    Column("dataset_micro_rho", BigInteger, nullable=False),
    Column("charged_at", DateTime(timezone=True), nullable=False),
    CheckConstraint(
        "dataset_micro_rho >= 0 and consumer_micro_rho >= 0", name="budget_charges_amounts"
    ),
    Index("budget_charges_by_dataset", "dataset", "consumer"),
)

# Noisy vectors. `numbers` (64-bit, little-endian) is empty from the charge until noise was drawn:
# whoever finds it so draws it, and only what is written here first is ever told to anybody.
answer_vectors = Table(
    "answer_vectors",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("release", Integer, primary_key=True, autoincrement=False),
    Column("vector", Text, primary_key=True),
    Column("micro_rho", BigInteger, primary_key=True, autoincrement=False),
    Column("scale", Double, nullable=False),
    Column("numbers", LargeBinary),
    Column("charged_at", DateTime(timezone=True), nullable=False),
)

# Who was charged for a vector, and so has it for nothing from then on.
answer_holders = Table(
    "answer_holders",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("release", Integer, primary_key=True, autoincrement=False),
    Column("vector", Text, primary_key=True),
    Column("micro_rho", BigInteger, primary_key=True, autoincrement=False),
    Column("consumer", Text, primary_key=True),
)
