"""The search index: one row for each dataset that can be found, made from its description."""

from sqlalchemy import Boolean, Column, DateTime, Index, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from torvet.catalogue.tables import metadata

search_documents = Table(
    "search_documents",
    metadata,
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
    Index("search_documents_words", "words", postgresql_using="gin"),
    Index("search_documents_head_words", "head_words", postgresql_using="gin"),
    Index("search_documents_readers", "readers", postgresql_using="gin"),
    Index("search_documents_tags", "tags", postgresql_using="gin"),
    Index("search_documents_places", "places", postgresql_using="gin"),
    Index("search_documents_newest", "modified_at", "dataset"),
    Index("search_documents_title", "sort_title", "dataset"),
    Index("search_documents_provider", "provider", "modified_at"),
    Index("search_documents_theme", "theme", "modified_at"),
)

# Words as they may be mistyped: `near` is each without any one of its letters (spelling.py).
search_words = Table(
    "search_words",
    metadata,
    Column("word", Text(collation="C"), primary_key=True),
    Column("near", ARRAY(Text(collation="C")), nullable=False),
    Index("search_words_near", "near", postgresql_using="gin"),
)
