"""The tables of delivery."""

revision = "0008_delivery"
down_revision = "0007_contracts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
