"""What is held and for what: the sub-ledger of the books' escrow accounts."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    Table,
    Text,
    text,
)

metadata = MetaData()

MOMENT = DateTime(timezone=True)

# One for each thing that money is held for. `rest` is the sum of its moves, and never below none.
escrow_holds = Table(
    "escrow_holds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("party", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("rest", BigInteger, nullable=False),
    Column("opened_at", MOMENT, nullable=False),
    Column("closed_at", MOMENT),
    CheckConstraint("purpose in ('prepaid', 'pledge')", name="escrow_holds_purpose"),
    CheckConstraint("currency in ('DKK', 'EUR')", name="escrow_holds_currency"),
    CheckConstraint("rest between 0 and 9007199254740991", name="escrow_holds_rest"),
    Index("escrow_holds_subject", "purpose", "subject", unique=True),
    Index("escrow_holds_reference", "reference", unique=True),
    Index("escrow_holds_party", "party", "id"),
)

# Only ever added to, as the books are. `amount` is above zero where it adds to the rest.
escrow_moves = Table(
    "escrow_moves",
    metadata,
    Column("key", Text, primary_key=True),
    Column("hold", Text, ForeignKey("escrow_holds.id"), nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("move", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("transaction", Text, nullable=False),
    Column("invoice", Text),
    Column("words", Text, nullable=False),
    CheckConstraint(
        "case move when 'held' then amount > 0 when 'put-back' then amount > 0 "
        "when 'released' then amount < 0 when 'given-back' then amount < 0 else false end",
        name="escrow_moves_move",
    ),
    Index("escrow_moves_hold", "hold", "at", "key"),
    Index("escrow_moves_invoice", "invoice", postgresql_where=text("invoice is not null")),
)

# What of a sale is not paid out for now, and why: its contract, and `cause`, the id of a dispute.
payout_stops = Table(
    "payout_stops",
    metadata,
    Column("invoice", Text, primary_key=True),
    Column("cause", Text, primary_key=True),
    Column("contract", Text, nullable=False),
    Column("since", MOMENT, nullable=False),
    Column("lifted_at", MOMENT),
)
