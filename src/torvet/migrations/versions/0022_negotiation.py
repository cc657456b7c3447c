"""Counter-offers: the rounds of a negotiation, whose terms are offers that are only proposed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022_negotiation"
down_revision = "0021_demand"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.drop_constraint("offers_stage", "offers")
    op.create_check_constraint(
        "offers_stage", "offers", "stage in ('open', 'withdrawn', 'proposed')"
    )
    op.create_table(
        "negotiations",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("start", sa.Text, nullable=False),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("purchase_order", sa.Text, nullable=False),
        sa.Column("ean", sa.Text, nullable=False),
        sa.Column("cap", JSONB),
        sa.Column("prepaid", sa.Boolean, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("rounds", sa.Integer, nullable=False),
        sa.Column("last_side", sa.Text, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("contract", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.CheckConstraint("stage in ('open', 'agreed', 'ended')", name="negotiations_stage"),
        sa.CheckConstraint("last_side in ('consumer', 'provider')", name="negotiations_side"),
    )
    op.create_index(
        "negotiations_open",
        "negotiations",
        ["start", "consumer"],
        unique=True,
        postgresql_where=sa.text("stage = 'open'"),
    )
    op.create_index("negotiations_provider", "negotiations", ["provider", "id"])
    op.create_index("negotiations_consumer", "negotiations", ["consumer", "id"])
    op.create_table(
        "negotiation_rounds",
        sa.Column("negotiation", sa.Text, sa.ForeignKey("negotiations.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("offer", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Text),
        sa.CheckConstraint("side in ('consumer', 'provider')", name="negotiation_rounds_side"),
        sa.CheckConstraint("number >= 1", name="negotiation_rounds_number"),
    )
