"""What contributors get of a dataset's income."""

revision = "0019_shares"
down_revision = "0018_payments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
