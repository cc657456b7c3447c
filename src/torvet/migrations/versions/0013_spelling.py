"""The words of the catalogue, for those who mistype them."""

from alembic import op
from sqlalchemy import Column, Text
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0013_spelling"
down_revision = "0012_books"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_words",
        Column("word", Text(collation="C"), primary_key=True),
        Column("near", ARRAY(Text(collation="C")), nullable=False),
    )
    op.create_index("search_words_near", "search_words", ["near"], postgresql_using="gin")


def downgrade() -> None:
    op.drop_table("search_words")
