"""The tables of budgets: what may be spent on answers, and what was."""

revision = "0010_privacy"
down_revision = "0009_metering"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
