"""Billing details as rows: one for each party, and one without a party for the exchange."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Integer,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()

billing_profiles = Table(
    "billing_profiles",
    metadata,
    Column("party", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("street", Text, nullable=False),
    Column("post_code", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("cvr", Text),
    Column("vat_number", Text),
    Column("vat_registered", Boolean, nullable=False),
    Column("ean", Text),
    Column("endpoint_scheme", Text),
    Column("endpoint_value", Text),
    Column("email", Text),
    Column("iban", Text),
    Column("bic", Text),
    Column("registration", Text),
    Column("account", Text),
    Column("language", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
    CheckConstraint("language in ('da', 'en')", name="billing_profiles_language"),
)
