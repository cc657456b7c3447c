"""The tables of catalogue."""

revision = "0005_catalogue"
down_revision = "0004_ingest"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
