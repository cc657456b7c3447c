"""Data requests, pledges, statements of reuse, reviews."""

revision = "0021_demand"
down_revision = "0020_trust"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
