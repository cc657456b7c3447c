"""Payments and payouts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0018_payments"
down_revision = "0017_invoices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _statements()
    _lines()
    _card_payments()
    _card_refunds()
    _card_events()
    _payouts()


def _statements() -> None:
    op.create_table(
        "bank_files",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_by", sa.Text, nullable=False),
        sa.Column("lines", sa.Integer, nullable=False),
        sa.Column("fresh", sa.Integer, nullable=False),
    )
    op.create_table(
        "bank_statements",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("opening", sa.BigInteger),
        sa.Column("closing", sa.BigInteger),
        sa.Column("closes_on", sa.Date),
    )


def _lines() -> None:
    op.create_table(
        "bank_lines",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("statement", sa.Text, nullable=False),
        sa.Column("booked_on", sa.Date, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("named", ARRAY(sa.Text), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("other", sa.Text),
        sa.Column("other_account", sa.Text),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("meaning", sa.Text),
        sa.Column("about", sa.Text),
        sa.Column("transaction", sa.Text),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("decided_by", sa.Text),
        sa.CheckConstraint("stage in ('waiting', 'booked', 'apart')", name="bank_lines_stage"),
        sa.CheckConstraint(
            "(stage = 'booked') = (transaction is not null)", name="bank_lines_booked"
        ),
        sa.Index(
            "bank_lines_waiting",
            "booked_on",
            "key",
            postgresql_where=sa.text("stage = 'waiting'"),
        ),
        sa.Index("bank_lines_by_account", "account"),
    )


def _card_payments() -> None:
    op.create_table(
        "card_payments",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("invoice", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("session", sa.Text),
        sa.Column("url", sa.Text),
        sa.Column("intent", sa.Text),
        sa.Column("transaction", sa.Text),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.CheckConstraint(
            "stage in ('asked', 'open', 'paid', 'expired')", name="card_payments_stage"
        ),
        sa.CheckConstraint("amount > 0", name="card_payments_amount"),
        sa.Index("card_payments_session", "session", unique=True),
        sa.Index("card_payments_intent", "intent", unique=True),
        sa.Index("card_payments_invoice", "invoice"),
        sa.Index(
            "card_payments_live",
            "invoice",
            unique=True,
            postgresql_where=sa.text("stage in ('asked', 'open')"),
        ),
    )


def _card_refunds() -> None:
    op.create_table(
        "card_refunds",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("payment", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("refund", sa.Text),
        sa.Column("transaction", sa.Text, nullable=False),
        sa.Column("put_back", sa.Text),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.CheckConstraint("stage in ('asked', 'done', 'failed')", name="card_refunds_stage"),
        sa.CheckConstraint("amount > 0", name="card_refunds_amount"),
        sa.Index("card_refunds_by_payment", "payment"),
        sa.Index("card_refunds_refund", "refund", unique=True),
    )


def _card_events() -> None:
    op.create_table(
        "card_events",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Index("card_events_waiting", "made_at", postgresql_where=sa.text("outcome is null")),
    )


def _payouts() -> None:
    op.create_table(
        "payout_files",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("pay_on", sa.Date, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "payouts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("transfer", sa.Text, nullable=False),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("country", sa.Text),
        sa.Column("iban", sa.Text),
        sa.Column("bic", sa.Text),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("file", sa.Text),
        sa.Column("transaction", sa.Text, nullable=False),
        sa.Column("put_back", sa.Text),
        sa.Column("line_out", sa.Text),
        sa.Column("line_back", sa.Text),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.CheckConstraint("amount > 0", name="payouts_amount"),
        sa.CheckConstraint(
            "stage in ('ordered', 'filed', 'paid', 'returned', 'cancelled')", name="payouts_stage"
        ),
        sa.CheckConstraint(
            "(stage in ('returned', 'cancelled')) = (put_back is not null)",
            name="payouts_put_back",
        ),
        sa.CheckConstraint("stage <> 'filed' or file is not null", name="payouts_filed"),
        sa.Index("payouts_source", "source", unique=True),
        sa.Index("payouts_transfer", "transfer", unique=True),
        sa.Index("payouts_by_party", "party", "made_at"),
        sa.Index("payouts_ordered", "id", postgresql_where=sa.text("stage = 'ordered'")),
    )
