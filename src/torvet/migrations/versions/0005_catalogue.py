"""The tables of catalogue: datasets, releases, what was found in them, deliveries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005_catalogue"
down_revision = "0004_ingest"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _datasets()
    _releases()
    _deliveries()


def _datasets() -> None:
    op.create_table(
        "datasets",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("slug", sa.Text, nullable=False, unique=True),
        sa.Column("provider", sa.Text, nullable=False, index=True),
        sa.Column("visibility", sa.Text, nullable=False),
        sa.Column("circle", JSONB, nullable=False),
        sa.Column("details", JSONB, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "visibility in ('hidden', 'metadata', 'circle', 'public')",
            name="datasets_visibility",
        ),
    )


def _releases() -> None:
    op.create_table(
        "releases",
        sa.Column("dataset", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("delivery", sa.Text, nullable=False, unique=True),
        sa.Column("sources", JSONB, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("columns", JSONB, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("quality", sa.Integer),
        sa.CheckConstraint("mode in ('append', 'replace')", name="releases_mode"),
        sa.CheckConstraint("number >= 1", name="releases_number"),
    )
    op.create_table(
        "profiles",
        sa.Column("dataset", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("profile", JSONB, nullable=False),
        sa.Column("quality", JSONB, nullable=False),
        sa.Column("preview", JSONB, nullable=False),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("upload", sa.Text, nullable=False),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("progress", sa.Float, nullable=False),
        sa.Column("failure", JSONB),
        sa.Column("release", sa.Integer),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("rejected", sa.BigInteger, nullable=False),
        sa.Column("schema", JSONB),
        sa.Column("options", JSONB, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "stage in ('received', 'reading', 'checking', 'publishing', 'published', 'failed')",
            name="deliveries_stage",
        ),
        sa.CheckConstraint("mode in ('append', 'replace')", name="deliveries_mode"),
        sa.Index("deliveries_by_dataset", "dataset", "id"),
    )
