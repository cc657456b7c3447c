"""Transfers to those whom the exchange owes, and the files that order them."""

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

# The document is kept: whatever was sent to the bank can be sent again, byte by byte, and a bank
# that knows its id does not pay it twice.
payout_files = Table(
    "payout_files",
    metadata,
    Column("id", Text, primary_key=True),
    Column("made_at", MOMENT, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("pay_on", Date, nullable=False),
    Column("document", LargeBinary, nullable=False),
)

# `source` is what it is for: of two with the same source the second is the first. `transfer` is
# the EndToEndId by which the bank tells of it.
payouts = Table(
    "payouts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("transfer", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("name", Text),
    Column("country", Text),
    Column("iban", Text),
    Column("bic", Text),
    Column("stage", Text, nullable=False),
    Column("file", Text),
    Column("transaction", Text, nullable=False),
    Column("put_back", Text),
    Column("line_out", Text),
    Column("line_back", Text),
    Column("why", Text, nullable=False),
    Column("made_at", MOMENT, nullable=False),
    Column("made_by", Text, nullable=False),
    CheckConstraint("amount > 0", name="payouts_amount"),
    CheckConstraint(
        "stage in ('ordered', 'filed', 'paid', 'returned', 'cancelled')", name="payouts_stage"
    ),
    CheckConstraint(
        "(stage in ('returned', 'cancelled')) = (put_back is not null)", name="payouts_put_back"
    ),
    CheckConstraint("stage <> 'filed' or file is not null", name="payouts_filed"),
    Index("payouts_source", "source", unique=True),
    Index("payouts_transfer", "transfer", unique=True),
    Index("payouts_by_party", "party", "made_at"),
    Index("payouts_ordered", "id", postgresql_where=text("stage = 'ordered'")),
)

# What a payout is for, written with it: together exactly its amount. A line is what a document
# says of a contract (`sale`), what others share of that (`share`), or the rest (`other`).
payout_lines = Table(
    "payout_lines",
    metadata,
    Column("payout", Text, ForeignKey("payouts.id", name="payout_lines_payout"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("invoice", Text, primary_key=True),
    Column("contract", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    CheckConstraint("kind in ('sale', 'share', 'other')", name="payout_lines_kind"),
    CheckConstraint("amount <> 0", name="payout_lines_amount"),
    Index("payout_lines_of_sale", "invoice", "contract"),
)
