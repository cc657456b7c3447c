"""Invoices, and whom they are written to."""

revision = "0017_invoices"
down_revision = "0016_charges"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
