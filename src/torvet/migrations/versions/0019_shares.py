"""What contributors get of a dataset's income."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019_shares"
down_revision = "0018_payments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "share_agreements",
        sa.Column("dataset", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("terms", JSONB, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.CheckConstraint("version > 0", name="share_agreements_version"),
    )
    op.create_table(
        "share_members",
        sa.Column("dataset", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("party", sa.Text, primary_key=True),
        sa.Index("share_members_by_party", "party"),
    )
    op.create_table(
        "share_divisions",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("sale", sa.Text, nullable=False),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("income", sa.BigInteger, nullable=False),
        sa.Column("shared", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("how", JSONB, nullable=False),
        sa.Column("transaction", sa.Text),
        sa.Column("divided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(transaction is null) = (shared = 0)", name="share_divisions_posted"),
        sa.Index("share_divisions_by_sale", "sale"),
    )
    op.create_table(
        "share_parts",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("party", sa.Text, primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Index("share_parts_by_party", "party", "source"),
    )
