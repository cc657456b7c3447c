"""What contracts were charged."""

revision = "0016_charges"
down_revision = "0015_treatments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
