"""The tables of audit: facts, their order, the tree, the checkpoints; append-only."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0002_audit"
down_revision = "0001_jobs"
branch_labels = None
depends_on = None

APPEND_ONLY = ("facts", "leaves", "nodes", "checkpoints")

REFUSE = """
create function append_only() returns trigger language plpgsql as $$
begin
    raise exception 'table % is append-only: % is refused', tg_table_name, tg_op
        using errcode = 'restrict_violation',
              hint = 'The log is evidence. Record a new fact that corrects the old one.';
end $$
"""


def upgrade() -> None:
    _facts()
    _order()
    _checkpoints()
    op.execute(REFUSE)
    for table in APPEND_ONLY:
        op.execute(
            f"create trigger {table}_append_only before update or delete or truncate on {table} "
            "for each statement execute function append_only()"
        )


def _facts() -> None:
    op.create_table(
        "facts",
        sa.Column("serial", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column(
            "xid",
            sa.BigInteger,
            nullable=False,
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
        ),
        sa.Column("leaf", sa.Text, nullable=False),
        sa.Column("name", sa.Text, sa.Computed("(leaf::jsonb) ->> 'name'", persisted=True)),
        sa.Column("subject", sa.Text, sa.Computed("(leaf::jsonb) ->> 'subject'", persisted=True)),
    )
    op.create_index("facts_by_xid", "facts", ["xid"])
    op.create_index("facts_by_subject", "facts", ["subject"])


def _order() -> None:
    op.create_table(
        "leaves",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("fact", sa.BigInteger, nullable=False, unique=True),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("position >= 0", name="leaves_position"),
        sa.CheckConstraint("length(hash) = 32", name="leaves_hash"),
    )
    op.create_table(
        "nodes",
        sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("level > 0", name="nodes_level"),
        sa.CheckConstraint("length(hash) = 32", name="nodes_hash"),
    )
    op.create_table(
        "followers",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("next_position", sa.BigInteger, nullable=False),
        sa.CheckConstraint("next_position >= 0", name="followers_next_position"),
    )


def _checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cluster", sa.Text, nullable=False),
        sa.Column("horizon", sa.BigInteger, nullable=False),
        sa.Column("running", ARRAY(sa.BigInteger), nullable=False),
        sa.CheckConstraint("size > 0", name="checkpoints_size"),
        sa.CheckConstraint("length(root) = 32", name="checkpoints_root"),
    )
