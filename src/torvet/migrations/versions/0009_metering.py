"""The tables of metering: sums of use by contract, hour and channel."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0009_metering"
down_revision = "0008_delivery"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "usage_hours",
        sa.Column("contract", sa.Text, primary_key=True),
        sa.Column("hour", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("parties", ARRAY(sa.Text), nullable=False),
        sa.Column("rows", sa.Numeric(38, 0), nullable=False),
        sa.Column("bytes", sa.Numeric(38, 0), nullable=False),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.CheckConstraint("channel in ('rest', 'sharing', 'file')", name="usage_hours_channel"),
        sa.CheckConstraint("rows >= 0 and bytes >= 0 and requests >= 0", name="usage_hours_counts"),
    )
    op.create_index("usage_hours_by_party", "usage_hours", ["parties"], postgresql_using="gin")
    op.create_table(
        "usage_faults",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("fault", sa.Text, nullable=False),
    )
