"""Deliveries that waited and were dropped by their provider."""

from alembic import op

revision = "0015_treatments"
down_revision = "0014_prices"
branch_labels = None
depends_on = None

STAGES = "'received', 'reading', 'checking', 'held', 'publishing', 'published', 'failed', 'dropped'"


def upgrade() -> None:
    op.drop_constraint("deliveries_stage", "deliveries")
    op.create_check_constraint("deliveries_stage", "deliveries", f"stage in ({STAGES})")
