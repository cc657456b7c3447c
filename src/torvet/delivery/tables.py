"""The tables of delivery: which projections there are, so that a new release reaches them all."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

projections = Table(
    "projections",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("columns", JSONB(none_as_null=True)),
    Column("filter", JSONB(none_as_null=True)),
    Column("release", Integer, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
)
