"""The tables of parties."""

revision = "0003_parties"
down_revision = "0002_audit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
