"""The tables of search."""

from alembic import op
from sqlalchemy import Boolean, Column, DateTime, Text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

revision = "0006_search"
down_revision = "0005_catalogue"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_documents",
        Column("dataset", Text(collation="C"), primary_key=True),
        Column("provider", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("open", Boolean, nullable=False),
        Column("readers", ARRAY(Text), nullable=False),
        Column("theme", Text, nullable=False),
        Column("licence", Text, nullable=False),
        Column("frequency", Text, nullable=False),
        Column("place", Text, nullable=False),
        Column("places", ARRAY(Text), nullable=False),
        Column("formats", ARRAY(Text), nullable=False),
        Column("tags", ARRAY(Text), nullable=False),
        Column("sort_title", Text(collation="C"), nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("modified_at", DateTime(timezone=True), nullable=False),
        Column("head_words", TSVECTOR, nullable=False),
        Column("words", TSVECTOR, nullable=False),
    )
    # A phrase is looked for in the words themselves: reading them is cheaper than unpacking.
    op.execute("ALTER TABLE search_documents ALTER COLUMN words SET STORAGE EXTERNAL")
    for name in ("words", "head_words", "readers", "tags", "places"):
        op.create_index(
            f"search_documents_{name}", "search_documents", [name], postgresql_using="gin"
        )
    op.create_index("search_documents_newest", "search_documents", ["modified_at", "dataset"])
    op.create_index("search_documents_title", "search_documents", ["sort_title", "dataset"])
    op.create_index("search_documents_provider", "search_documents", ["provider", "modified_at"])
    op.create_index("search_documents_theme", "search_documents", ["theme", "modified_at"])
