"""Answers to data requests carry service levels, and are found by their provider."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0023_answer_levels"
down_revision = "0022_negotiation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("wanted_answers", sa.Column("levels", JSONB))
    op.create_index("wanted_answers_provider", "wanted_answers", ["provider", "id"])
