"""What each payout is for, line by line."""

import sqlalchemy as sa
from alembic import op

revision = "0024_payout_lines"
down_revision = "0023_answer_levels"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payout_lines",
        sa.Column(
            "payout",
            sa.Text,
            sa.ForeignKey("payouts.id", name="payout_lines_payout"),
            primary_key=True,
        ),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("invoice", sa.Text, primary_key=True),
        sa.Column("contract", sa.Text, primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.CheckConstraint("kind in ('sale', 'share', 'other')", name="payout_lines_kind"),
        sa.CheckConstraint("amount <> 0", name="payout_lines_amount"),
        sa.Index("payout_lines_of_sale", "invoice", "contract"),
    )
