"""What treated releases owe each other."""

revision = "0015_treatments"
down_revision = "0014_prices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
