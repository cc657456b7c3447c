"""Documents that were issued. They only ever grow: what is wrong is taken back by another one."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

metadata = MetaData()

MOMENT = DateTime(timezone=True)

# The last number of each series. Whoever issues holds its row until the documents are there.
invoice_series = Table(
    "invoice_series",
    metadata,
    Column("prefix", Text, primary_key=True),
    Column("issued", BigInteger, nullable=False),
    Column("last_issued_on", Date),
    CheckConstraint("issued >= 0", name="invoice_series_issued"),
)

# `seller` and `buyer` are parties, empty where it is the exchange itself. `document` is the UBL
# document as it was sent, `digest` its SHA-256, which stands in the log too. `preceding` is the
# document that a credit note takes back, `posted` the transaction of the books; a self-billed one
# was posted with the sales that it is for.
invoices = Table(
    "invoices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Text, nullable=False),
    Column("series", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("seller", Text, nullable=False),
    Column("buyer", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("net", BigInteger, nullable=False),
    Column("vat", BigInteger, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("due_on", Date),
    Column("issued_at", MOMENT, nullable=False),
    Column("issued_by", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("rules", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("preceding", Text, ForeignKey("invoices.id", name="invoices_preceding")),
    Column("posted", Text),
    Column("document", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    CheckConstraint("kind in ('380', '381', '389', '261')", name="invoices_kind"),
    CheckConstraint("currency in ('DKK', 'EUR')", name="invoices_currency"),
    CheckConstraint("net >= 0 and vat >= 0", name="invoices_amounts"),
    CheckConstraint("length(digest) = 32", name="invoices_digest"),
    CheckConstraint("(preceding is null) = (kind in ('380', '389'))", name="invoices_takes_back"),
    Index("invoices_number", "number", unique=True),
    Index("invoices_by_buyer", "buyer", "id"),
    Index("invoices_by_seller", "seller", "id"),
    Index("invoices_by_preceding", "preceding", postgresql_where=text("preceding is not null")),
)

# What one document says of one contract: `net` is what the consumer pays without VAT, `fee` what
# the exchange keeps of it, `share` what is left for the provider and `share_vat` the VAT on that.
# A credit note has them below zero. `self_bill` is the document to the provider, null where
# nothing is left for it; `sale` is the invoice that all of it began with.
invoice_sales = Table(
    "invoice_sales",
    metadata,
    Column("invoice", Text, ForeignKey("invoices.id", name="invoice_sales_i"), primary_key=True),
    Column("contract", Text, primary_key=True),
    Column("sale", Text, ForeignKey("invoices.id", name="invoice_sales_sale"), nullable=False),
    Column("self_bill", Text, ForeignKey("invoices.id", name="invoice_sales_self_bill")),
    Column("dataset", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("consumer", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("net", BigInteger, nullable=False),
    Column("fee", BigInteger, nullable=False),
    Column("share", BigInteger, nullable=False),
    Column("share_vat", BigInteger, nullable=False),
    CheckConstraint("net = fee + share", name="invoice_sales_whole"),
    Index("invoice_sales_by_sale", "sale"),
    Index("invoice_sales_by_contract", "contract"),
    Index("invoice_sales_by_self_bill", "self_bill"),
    Index("invoice_sales_by_provider", "provider", "invoice"),
)

# What was paid of an invoice, each with its transaction of the books; below zero it was paid back.
invoice_payments = Table(
    "invoice_payments",
    metadata,
    Column("transaction", Text, primary_key=True),
    Column("invoice", Text, ForeignKey("invoices.id", name="invoice_payments_i"), primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("at", MOMENT, nullable=False),
    CheckConstraint("amount <> 0", name="invoice_payments_amount"),
    Index("invoice_payments_by_invoice", "invoice"),
)

# The months whose run is over: what comes late goes onto the next month's invoices.
invoice_runs = Table(
    "invoice_runs",
    metadata,
    Column("month", Text, primary_key=True),
    Column("ended_at", MOMENT, nullable=False),
    Column("issued", BigInteger, nullable=False),
    Column("waiting", BigInteger, nullable=False),
)
