"""The catalogue's tables. Discovery keeps its search index in tables of its own."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

datasets = Table(
    "datasets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("provider", Text, nullable=False, index=True),
    Column("visibility", Text, nullable=False),
    Column("circle", JSONB, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("modified_at", DateTime(timezone=True), nullable=False),
    Column("withdrawn_at", DateTime(timezone=True)),
    CheckConstraint(
        "visibility in ('hidden', 'metadata', 'circle', 'public')", name="datasets_visibility"
    ),
)

releases = Table(
    "releases",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("mode", Text, nullable=False),
    Column("delivery", Text, nullable=False, unique=True),
    Column("sources", JSONB, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("columns", JSONB, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
    Column("note", Text, nullable=False),
    Column("quality", Integer),
    CheckConstraint("mode in ('append', 'replace')", name="releases_mode"),
    CheckConstraint("number >= 1", name="releases_number"),
)

profiles = Table(
    "profiles",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("profile", JSONB, nullable=False),
    Column("quality", JSONB, nullable=False),
    Column("preview", JSONB, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("dataset", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("upload", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("sha256", Text),
    Column("mode", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("progress", Float, nullable=False),
    Column("failure", JSONB),
    Column("release", Integer),
    Column("source", Text, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("schema", JSONB),
    Column("options", JSONB, nullable=False),
    Column("note", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("touched_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    CheckConstraint(
        "stage in ('received', 'reading', 'checking', 'held', 'publishing', 'published', 'failed',"
        " 'dropped')",
        name="deliveries_stage",
    ),
    CheckConstraint("mode in ('append', 'replace')", name="deliveries_mode"),
    Index("deliveries_by_dataset", "dataset", "id"),
)

# What reviews say together, for lists and for DCAT: written with each review.
dataset_ratings = Table(
    "dataset_ratings",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("reviews", Integer, nullable=False),
    Column("stars", JSONB, nullable=False),
    CheckConstraint("reviews >= 0", name="dataset_ratings_reviews"),
)
