"""The tables of privacy policies, of what is proposed, and of release certificates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011_policies"
down_revision = "0010_privacy"
branch_labels = None
depends_on = None

STAGES = "'received', 'reading', 'checking', 'held', 'publishing', 'published', 'failed'"


def upgrade() -> None:
    op.create_table(
        "privacy_policies",
        sa.Column("dataset", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("policy", JSONB, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version >= 1", name="privacy_policies_version"),
    )
    op.create_table(
        "privacy_certificates",
        sa.Column("dataset", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("policy_version", sa.Integer),
        sa.Column("treatment", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "privacy_proposals",
        sa.Column("dataset", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("proposal", JSONB, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.drop_constraint("deliveries_stage", "deliveries")
    op.create_check_constraint("deliveries_stage", "deliveries", f"stage in ({STAGES})")
