"""Service levels, breaches, disputes."""

revision = "0020_trust"
down_revision = "0019_shares"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
