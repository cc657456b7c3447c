"""The tables of audit."""

revision = "0002_audit"
down_revision = "0001_jobs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
