"""The tables of ingest."""

revision = "0004_ingest"
down_revision = "0003_parties"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
