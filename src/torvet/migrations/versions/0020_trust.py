"""Service levels, breaches, disputes, and what is held in escrow and for what."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020_trust"
down_revision = "0019_shares"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
LIVE = sa.text("stage in ('open', 'answered')")


def upgrade() -> None:
    _promised()
    _held()
    _measured()
    _asked()
    _disputed()


def _promised() -> None:
    op.add_column("offers", sa.Column("levels", JSONB))
    op.add_column("contracts", sa.Column("levels", JSONB))
    op.add_column(
        "contracts", sa.Column("prepaid", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.create_index(
        "contracts_promising",
        "contracts",
        ["id"],
        postgresql_where=sa.text("levels is not null"),
    )
    op.create_table(
        "contract_funds",
        sa.Column("contract", sa.Text, primary_key=True),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
    )


def _held() -> None:
    op.create_table(
        "escrow_holds",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("rest", sa.BigInteger, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT),
        sa.CheckConstraint("purpose in ('prepaid', 'pledge')", name="escrow_holds_purpose"),
        sa.CheckConstraint("currency in ('DKK', 'EUR')", name="escrow_holds_currency"),
        sa.CheckConstraint("rest between 0 and 9007199254740991", name="escrow_holds_rest"),
        sa.Index("escrow_holds_subject", "purpose", "subject", unique=True),
        sa.Index("escrow_holds_reference", "reference", unique=True),
        sa.Index("escrow_holds_party", "party", "id"),
    )
    op.create_table(
        "escrow_moves",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("hold", sa.Text, sa.ForeignKey("escrow_holds.id"), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("move", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("transaction", sa.Text, nullable=False),
        sa.Column("invoice", sa.Text),
        sa.Column("words", sa.Text, nullable=False),
        sa.CheckConstraint(
            "case move when 'held' then amount > 0 when 'put-back' then amount > 0 "
            "when 'released' then amount < 0 when 'given-back' then amount < 0 else false end",
            name="escrow_moves_move",
        ),
        sa.Index("escrow_moves_hold", "hold", "at", "key"),
        sa.Index(
            "escrow_moves_invoice", "invoice", postgresql_where=sa.text("invoice is not null")
        ),
    )
    op.create_index("invoice_sales_by_contract", "invoice_sales", ["contract"])
    op.execute(
        "create trigger escrow_moves_kept before update or delete or truncate on escrow_moves "
        "for each statement execute function books_kept()"
    )
    op.execute("alter table escrow_moves enable always trigger escrow_moves_kept")
    op.create_table(
        "payout_stops",
        sa.Column("invoice", sa.Text, primary_key=True),
        sa.Column("cause", sa.Text, primary_key=True),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("lifted_at", MOMENT),
    )


def _measured() -> None:
    op.create_table(
        "service_hours",
        sa.Column("contract", sa.Text, primary_key=True),
        sa.Column("hour", MOMENT, primary_key=True),
        sa.Column("seen", sa.SmallInteger, nullable=False),
        sa.Column("failed", sa.SmallInteger, nullable=False),
        sa.Column("by_provider", sa.SmallInteger, nullable=False),
        sa.CheckConstraint(
            "seen between 0 and 4095 and failed between 0 and 4095 "
            "and by_provider between 0 and 4095",
            name="service_hours_bits",
        ),
    )
    op.create_table(
        "service_maintenance",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("begins_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("announced_at", MOMENT, nullable=False),
        sa.Column("announced_by", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("withdrawn_at", MOMENT),
        sa.CheckConstraint("begins_at < ends_at", name="service_maintenance_span"),
        sa.Index("service_maintenance_dataset", "dataset", "begins_at"),
    )
    op.create_table(
        "service_reports",
        sa.Column("contract", sa.Text, primary_key=True),
        sa.Column("month", sa.Text, primary_key=True),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("report", JSONB, nullable=False),
        sa.Column("percent", sa.SmallInteger, nullable=False),
        sa.Column("credit", sa.Text, nullable=False),
        sa.Column("credited_at", MOMENT),
        sa.Column("amount", sa.BigInteger),
        sa.Column("currency", sa.Text),
        sa.Column("notes", JSONB),
        sa.CheckConstraint("percent between 0 and 100", name="service_reports_percent"),
        sa.CheckConstraint(
            "credit in ('none', 'waiting', 'credited', 'nothing')", name="service_reports_credit"
        ),
        sa.Index(
            "service_reports_waiting", "month", postgresql_where=sa.text("credit = 'waiting'")
        ),
    )


def _asked() -> None:
    op.create_table(
        "service_questions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("answered_at", MOMENT),
        sa.Column("closed_at", MOMENT),
        sa.Index("service_questions_contract", "contract", "id"),
    )
    op.create_table(
        "trust_messages",
        sa.Column("about", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.CheckConstraint(
            "side in ('consumer', 'provider', 'operator')", name="trust_messages_side"
        ),
    )


def _disputed() -> None:
    op.create_table(
        "disputes",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("opened_by", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("begins_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("answer_until", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT),
        sa.Column("decide_until", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT),
        sa.Column("decided_by", sa.Text),
        sa.Column("outcome", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger),
        sa.Column("currency", sa.Text),
        sa.Column("credit_note", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.CheckConstraint("about in ('invoice', 'period', 'service')", name="disputes_about"),
        sa.CheckConstraint(
            "stage in ('open', 'answered', 'decided', 'withdrawn')", name="disputes_stage"
        ),
        sa.CheckConstraint(
            "outcome in ('rejected', 'credited', 'cancelled')", name="disputes_outcome"
        ),
        sa.CheckConstraint("begins_at < ends_at", name="disputes_span"),
        sa.Index("disputes_contract", "contract", "id"),
        sa.Index("disputes_provider", "provider", "id"),
        sa.Index("disputes_consumer", "consumer", "id"),
        sa.Index(
            "disputes_live", "contract", "about", "subject", unique=True, postgresql_where=LIVE
        ),
    )
    op.create_table(
        "dispute_evidence",
        sa.Column(
            "dispute",
            sa.Text,
            sa.ForeignKey("disputes.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Index("dispute_evidence_order", "dispute", "at"),
    )
