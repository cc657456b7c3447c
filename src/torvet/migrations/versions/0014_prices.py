"""What offers cost, and what a buyer orders with a contract."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014_prices"
down_revision = "0013_spelling"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("offers", sa.Column("price", JSONB))
    op.add_column("contracts", sa.Column("tariff", JSONB))
    op.add_column("contracts", sa.Column("purchase_order", sa.Text))
    op.add_column("contracts", sa.Column("ean", sa.Text))
    op.add_column("contracts", sa.Column("cap", JSONB))
