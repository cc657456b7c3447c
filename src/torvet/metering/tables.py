"""Sums of use. They can be made again from the log at any time."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    MetaData,
    Numeric,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData()

# `rows` and `bytes` add up over years: exact and without an end.
usage_hours = Table(
    "usage_hours",
    metadata,
    Column("contract", Text, primary_key=True),
    Column("hour", DateTime(timezone=True), primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("dataset", Text, nullable=False),
    Column("parties", ARRAY(Text), nullable=False),
    Column("rows", Numeric(38, 0), nullable=False),
    Column("bytes", Numeric(38, 0), nullable=False),
    Column("requests", BigInteger, nullable=False),
    CheckConstraint(
        "channel in ('rest', 'sharing', 'file', 'answers')", name="usage_hours_channel"
    ),
    CheckConstraint("rows >= 0 and bytes >= 0 and requests >= 0", name="usage_hours_counts"),
    Index("usage_hours_by_party", "parties", postgresql_using="gin"),
)

# Usage facts that say something else than the meter understands: kept, and told to the operator.
usage_faults = Table(
    "usage_faults",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("fault", Text, nullable=False),
)

# Contracts of which something was counted since billing took note, and the first hour of it.
usage_news = Table(
    "usage_news",
    metadata,
    Column("contract", Text, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False),
)
