"""The tables of contracts."""

revision = "0007_contracts"
down_revision = "0006_search"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
