"""The tables of jobs: procrastinate's own schema, as of its version 3.10."""

from pathlib import Path

from alembic import op

revision = "0001_jobs"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A copy, so that the chain stays the same whatever version of procrastinate is installed.
    schema = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(schema.replace("%", "%%"))
