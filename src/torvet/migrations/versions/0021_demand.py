"""Data requests, pledges, statements of reuse, reviews."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0021_demand"
down_revision = "0020_trust"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _duties_and_ratings()
    _requests()
    _pledges()
    _answers()
    _uses()
    _reviews()


def _duties_and_ratings() -> None:
    op.create_table(
        "contract_duties",
        sa.Column(
            "contract", sa.Text, sa.ForeignKey("contracts.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("clause", sa.Text, primary_key=True),
        sa.Column("done_at", MOMENT),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("counts_from", MOMENT, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "dataset_ratings",
        sa.Column("dataset", sa.Text, primary_key=True),
        sa.Column("reviews", sa.Integer, nullable=False),
        sa.Column("stars", JSONB, nullable=False),
        sa.CheckConstraint("reviews >= 0", name="dataset_ratings_reviews"),
    )


def _requests() -> None:
    op.create_table(
        "wanted_requests",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("wanted", JSONB, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("theme", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("circle", ARRAY(sa.Text)),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("joined", sa.Integer, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("goal_minor", sa.BigInteger),
        sa.Column("pledged_minor", sa.BigInteger, nullable=False),
        sa.Column("deadline", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Text),
        sa.Column("touched_at", MOMENT, nullable=False),
        sa.Column("bound_at", MOMENT),
        sa.Column("closed_at", MOMENT),
        sa.Column("answer", sa.Text),
        sa.Column("dataset", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.CheckConstraint(
            "stage in ('open', 'bound', 'promised', 'fulfilled', 'lapsed', 'withdrawn', 'failed')",
            name="wanted_requests_stage",
        ),
        sa.CheckConstraint("joined >= 0 and pledged_minor >= 0", name="wanted_requests_sums"),
    )
    op.create_index("wanted_requests_dataset", "wanted_requests", ["dataset"])
    op.create_index(
        "wanted_requests_due",
        "wanted_requests",
        ["due_at"],
        postgresql_where=sa.text("due_at is not null"),
    )
    op.create_index("wanted_requests_money", "wanted_requests", ["pledged_minor", "id"])
    op.create_index("wanted_requests_number", "wanted_requests", ["joined", "id"])
    op.create_index("wanted_requests_owner", "wanted_requests", ["owner", "id"])
    op.create_table(
        "wanted_joins",
        sa.Column("request", sa.Text, sa.ForeignKey("wanted_requests.id"), primary_key=True),
        sa.Column("party", sa.Text, primary_key=True),
        sa.Column("use", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("joined_at", MOMENT, nullable=False),
    )


def _pledges() -> None:
    op.create_table(
        "wanted_pledges",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("request", sa.Text, sa.ForeignKey("wanted_requests.id"), nullable=False),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("purchase_order", sa.Text, nullable=False),
        sa.Column("ean", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("share_minor", sa.BigInteger),
        sa.Column("contract", sa.Text),
        sa.Column("hold", sa.Text),
        sa.Column("settled", sa.Boolean, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Text),
        sa.Column("closed_at", MOMENT),
        sa.CheckConstraint("minor > 0", name="wanted_pledges_amount"),
        sa.CheckConstraint("kind in ('prepaid', 'promise')", name="wanted_pledges_kind"),
        sa.CheckConstraint("share_minor between 0 and minor", name="wanted_pledges_share"),
        sa.CheckConstraint(
            "stage in ('waiting', 'made', 'bound', 'taken-back', 'freed', 'paid')",
            name="wanted_pledges_stage",
        ),
    )
    op.create_index(
        "wanted_pledges_alive",
        "wanted_pledges",
        ["request", "party"],
        unique=True,
        postgresql_where=sa.text("stage in ('waiting', 'made', 'bound')"),
    )
    op.create_index("wanted_pledges_party", "wanted_pledges", ["party", "id"])
    op.create_index(
        "wanted_pledges_unsettled",
        "wanted_pledges",
        ["id"],
        postgresql_where=sa.text("hold is not null and not settled"),
    )


def _answers() -> None:
    op.create_table(
        "wanted_answers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("request", sa.Text, sa.ForeignKey("wanted_requests.id"), nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("dataset", sa.Text),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("price_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("clauses", JSONB, nullable=False),
        sa.Column("deliver_by", MOMENT, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("votes", JSONB, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Text),
        sa.Column("closed_at", MOMENT),
        sa.CheckConstraint("price_minor >= 0", name="wanted_answers_price"),
        sa.CheckConstraint(
            "stage in ('offered', 'accepted', 'withdrawn', 'delivered', 'failed')",
            name="wanted_answers_stage",
        ),
    )
    op.create_index("wanted_answers_request", "wanted_answers", ["request", "id"])


def _uses() -> None:
    op.create_table(
        "reuse_uses",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("period_start", sa.Date, nullable=False),
        sa.Column("period_end", sa.Date, nullable=False),
        sa.Column("benefits", JSONB, nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("counted_with", sa.Text),
        sa.Column("shown", sa.Text, nullable=False),
        sa.Column("public", sa.Boolean, nullable=False),
        sa.Column("stated_at", MOMENT, nullable=False),
        sa.Column("stated_by", sa.Text),
        sa.Column("withdrawn_at", MOMENT),
        sa.CheckConstraint("period_start <= period_end", name="reuse_uses_period"),
        sa.CheckConstraint("shown in ('named', 'kind', 'anonymous')", name="reuse_uses_shown"),
    )
    op.create_index("reuse_uses_consumer", "reuse_uses", ["consumer", "id"])
    op.create_index("reuse_uses_contract", "reuse_uses", ["contract", "id"])
    op.create_index("reuse_uses_dataset", "reuse_uses", ["dataset", "id"])
    op.create_index("reuse_uses_provider", "reuse_uses", ["provider", "id"])
    op.create_table(
        "reuse_thanks",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("shown", sa.Text, nullable=False),
        sa.Column("public", sa.Boolean, nullable=False),
        sa.Column("said_at", MOMENT, nullable=False),
        sa.Column("said_by", sa.Text),
        sa.CheckConstraint("shown in ('named', 'kind', 'anonymous')", name="reuse_thanks_shown"),
    )
    op.create_index("reuse_thanks_contract", "reuse_thanks", ["contract", "id"])
    op.create_index("reuse_thanks_dataset", "reuse_thanks", ["dataset", "id"])
    op.create_index("reuse_thanks_provider", "reuse_thanks", ["provider", "id"])


def _reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("contract", sa.Text, nullable=False, unique=True),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("stars", JSONB, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("versions", sa.Integer, nullable=False),
        sa.Column("answer_versions", sa.Integer, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT),
        sa.CheckConstraint("stage in ('shown', 'withdrawn', 'hidden')", name="reviews_stage"),
    )
    op.create_index("reviews_dataset", "reviews", ["dataset", "id"])
    op.create_index("reviews_provider", "reviews", ["provider", "id"])
    op.create_table(
        "review_versions",
        sa.Column("review", sa.Text, sa.ForeignKey("reviews.id"), primary_key=True),
        sa.Column("side", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("stars", JSONB),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Text),
        sa.CheckConstraint("side in ('author', 'provider')", name="review_versions_side"),
    )
