"""Payments and payouts."""

revision = "0018_payments"
down_revision = "0017_invoices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
