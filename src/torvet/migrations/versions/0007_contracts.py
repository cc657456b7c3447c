"""The tables of contracts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0007_contracts"
down_revision = "0006_search"
branch_labels = None
depends_on = None

LIVE = sa.text("stage in ('requested', 'agreed')")


def upgrade() -> None:
    _offers()
    _contracts()
    _counts()


def _offers() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("clauses", JSONB, nullable=False),
        sa.Column("approval", sa.Text, nullable=False),
        sa.Column("audience", ARRAY(sa.Text)),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.CheckConstraint("approval in ('at-once', 'on-request')", name="offers_approval"),
        sa.CheckConstraint("stage in ('open', 'withdrawn')", name="offers_stage"),
    )
    op.create_index("offers_dataset", "offers", ["dataset", "id"])
    op.create_index("offers_provider", "offers", ["provider", "id"])


def _contracts() -> None:
    op.create_table(
        "contracts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("offer", sa.Text, sa.ForeignKey("offers.id"), nullable=False),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("clauses", JSONB, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("share", sa.Text, nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.Text),
        sa.Column("agreed_at", sa.DateTime(timezone=True)),
        sa.Column("ends_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.CheckConstraint(
            "stage in ('requested', 'agreed', 'refused', 'revoked', 'ended')",
            name="contracts_stage",
        ),
    )
    op.create_index("contracts_share", "contracts", ["share"], unique=True)
    op.create_index("contracts_provider", "contracts", ["provider", "id"])
    op.create_index("contracts_consumer", "contracts", ["consumer", "id"])
    op.create_index("contracts_dataset", "contracts", ["dataset", "id"])
    op.create_index(
        "contracts_live", "contracts", ["offer", "consumer"], unique=True, postgresql_where=LIVE
    )
    op.create_index("contracts_ending", "contracts", ["ends_at"], postgresql_where=LIVE)


def _counts() -> None:
    op.create_table(
        "contract_counts",
        sa.Column(
            "contract",
            sa.Text,
            sa.ForeignKey("contracts.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.CheckConstraint("rows >= 0 and requests >= 0", name="contract_counts_positive"),
    )
