"""The tables of answers: releases that give them, budgets, charges, and noisy vectors."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010_privacy"
down_revision = "0009_metering"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _answers()
    _budgets()
    op.drop_constraint("usage_hours_channel", "usage_hours")
    op.create_check_constraint(
        "usage_hours_channel",
        "usage_hours",
        "channel in ('rest', 'sharing', 'file', 'answers')",
    )


def _answers() -> None:
    op.create_table(
        "answer_releases",
        sa.Column("dataset", sa.Text, primary_key=True),
        sa.Column("release", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("spec", JSONB, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "answer_vectors",
        sa.Column("dataset", sa.Text, primary_key=True),
        sa.Column("release", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("vector", sa.Text, primary_key=True),
        sa.Column("micro_rho", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("scale", sa.Double, nullable=False),
        sa.Column("numbers", sa.LargeBinary),
        sa.Column("charged_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "answer_holders",
        sa.Column("dataset", sa.Text, primary_key=True),
        sa.Column("release", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("vector", sa.Text, primary_key=True),
        sa.Column("micro_rho", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("consumer", sa.Text, primary_key=True),
    )


def _budgets() -> None:
    op.create_table(
        "budget_accounts",
        sa.Column("dataset", sa.Text, primary_key=True),
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("spent_micro_rho", sa.BigInteger, nullable=False),
        sa.Column("ever_micro_rho", sa.BigInteger, nullable=False),
        sa.Column("period_began_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "spent_micro_rho >= 0 and ever_micro_rho >= spent_micro_rho",
            name="budget_accounts_spent",
        ),
        # Its rows are written again and again: room beside them keeps their index still.
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "budget_charges",
        sa.Column("serial", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("consumer_micro_rho", sa.BigInteger, nullable=False),
        sa.Column("dataset_micro_rho", sa.BigInteger, nullable=False),
        sa.Column("charged_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "dataset_micro_rho >= 0 and consumer_micro_rho >= 0", name="budget_charges_amounts"
        ),
    )
    op.create_index("budget_charges_by_dataset", "budget_charges", ["dataset", "consumer"])
