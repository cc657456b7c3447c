"""Counter-offers."""

revision = "0022_negotiation"
down_revision = "0021_demand"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
