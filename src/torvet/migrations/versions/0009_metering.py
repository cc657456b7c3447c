"""The tables of metering."""

revision = "0009_metering"
down_revision = "0008_delivery"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
