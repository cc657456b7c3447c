"""Invoices, and whom they are written to."""

import sqlalchemy as sa
from alembic import op

revision = "0017_invoices"
down_revision = "0016_charges"
branch_labels = None
depends_on = None

KEPT = ("invoices", "invoice_sales", "invoice_payments")

FUNCTION = """
create function invoices_kept() returns trigger language plpgsql as $$
begin
    raise exception '% of % is refused: documents are only ever added to', tg_op, tg_table_name
        using errcode = 'restrict_violation', table = tg_table_name,
              hint = 'Issue a credit note that takes the wrong one back.';
end $$
"""


def upgrade() -> None:
    _profiles()
    _series()
    _invoices()
    _sales()
    _payments()
    op.create_index(
        "charges_once", "charges", ["sheet"], postgresql_where=sa.text("cause = 'one-off'")
    )
    op.execute(FUNCTION)
    for table in KEPT:
        op.execute(
            f"create trigger {table}_kept before update or delete or truncate on {table} "
            "for each statement execute function invoices_kept()"
        )
        op.execute(f"alter table {table} enable always trigger {table}_kept")


def _profiles() -> None:
    op.create_table(
        "billing_profiles",
        sa.Column("party", sa.Text, primary_key=True),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("name", "street", "post_code", "city", "country")
        ),
        sa.Column("cvr", sa.Text),
        sa.Column("vat_number", sa.Text),
        sa.Column("vat_registered", sa.Boolean, nullable=False),
        *(
            sa.Column(name, sa.Text)
            for name in (
                "ean", "endpoint_scheme", "endpoint_value", "email", "iban", "bic",
                "registration", "account",
            )
        ),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.CheckConstraint("language in ('da', 'en')", name="billing_profiles_language"),
    )  # fmt: skip


def _series() -> None:
    op.create_table(
        "invoice_series",
        sa.Column("prefix", sa.Text, primary_key=True),
        sa.Column("issued", sa.BigInteger, nullable=False),
        sa.Column("last_issued_on", sa.Date),
        sa.CheckConstraint("issued >= 0", name="invoice_series_issued"),
    )
    op.create_table(
        "invoice_runs",
        sa.Column("month", sa.Text, primary_key=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued", sa.BigInteger, nullable=False),
        sa.Column("waiting", sa.BigInteger, nullable=False),
    )


def _invoices() -> None:
    op.create_table(
        "invoices",
        sa.Column("id", sa.Text, primary_key=True),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("number", "series", "kind", "seller", "buyer", "currency")
        ),
        sa.Column("net", sa.BigInteger, nullable=False),
        sa.Column("vat", sa.BigInteger, nullable=False),
        sa.Column("issued_on", sa.Date, nullable=False),
        sa.Column("due_on", sa.Date),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("issued_by", "reference", "rules", "language")
        ),
        sa.Column("preceding", sa.Text, sa.ForeignKey("invoices.id", name="invoices_preceding")),
        sa.Column("posted", sa.Text),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("kind in ('380', '381', '389', '261')", name="invoices_kind"),
        sa.CheckConstraint("currency in ('DKK', 'EUR')", name="invoices_currency"),
        sa.CheckConstraint("net >= 0 and vat >= 0", name="invoices_amounts"),
        sa.CheckConstraint("length(digest) = 32", name="invoices_digest"),
        sa.CheckConstraint(
            "(preceding is null) = (kind in ('380', '389'))", name="invoices_takes_back"
        ),
        sa.Index("invoices_number", "number", unique=True),
        sa.Index("invoices_by_buyer", "buyer", "id"),
        sa.Index("invoices_by_seller", "seller", "id"),
        sa.Index(
            "invoices_by_preceding",
            "preceding",
            postgresql_where=sa.text("preceding is not null"),
        ),
    )


def _sales() -> None:
    invoice = sa.ForeignKey("invoices.id", name="invoice_sales_i")
    op.create_table(
        "invoice_sales",
        sa.Column("invoice", sa.Text, invoice, primary_key=True),
        sa.Column("contract", sa.Text, primary_key=True),
        sa.Column(
            "sale", sa.Text, sa.ForeignKey("invoices.id", name="invoice_sales_sale"), nullable=False
        ),
        sa.Column(
            "self_bill", sa.Text, sa.ForeignKey("invoices.id", name="invoice_sales_self_bill")
        ),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("dataset", "provider", "consumer", "currency")
        ),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("net", "fee", "share", "share_vat")
        ),
        sa.CheckConstraint("net = fee + share", name="invoice_sales_whole"),
        sa.Index("invoice_sales_by_sale", "sale"),
        sa.Index("invoice_sales_by_self_bill", "self_bill"),
        sa.Index("invoice_sales_by_provider", "provider", "invoice"),
    )


def _payments() -> None:
    invoice = sa.ForeignKey("invoices.id", name="invoice_payments_i")
    op.create_table(
        "invoice_payments",
        sa.Column("transaction", sa.Text, primary_key=True),
        sa.Column("invoice", sa.Text, invoice, primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount <> 0", name="invoice_payments_amount"),
        sa.Index("invoice_payments_by_invoice", "invoice"),
    )
