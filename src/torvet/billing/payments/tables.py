"""What banks and the card provider said, word for word, and what came of it."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData()

MOMENT = DateTime(timezone=True)

# Files that were read, by their SHA-256: the same file again says nothing new.
bank_files = Table(
    "bank_files",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("read_at", MOMENT, nullable=False),
    Column("read_by", Text, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("fresh", Integer, nullable=False),
)

# `number` is the order in which they were read. Balances in minor units, as the bank says them.
bank_statements = Table(
    "bank_statements",
    metadata,
    Column("account", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False),
    Column("file", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("opening", BigInteger),
    Column("closing", BigInteger),
    Column("closes_on", Date),
)

# A line waits until it is clear what it pays. One that is `booked` has its transaction; one that
# is set `apart` moves no money of the exchange.
bank_lines = Table(
    "bank_lines",
    metadata,
    Column("key", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("statement", Text, nullable=False),
    Column("booked_on", Date, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("named", ARRAY(Text), nullable=False),
    Column("words", Text, nullable=False),
    Column("other", Text),
    Column("other_account", Text),
    Column("stage", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("meaning", Text),
    Column("about", Text),
    Column("transaction", Text),
    Column("decided_at", MOMENT),
    Column("decided_by", Text),
    CheckConstraint("stage in ('waiting', 'booked', 'apart')", name="bank_lines_stage"),
    CheckConstraint("(stage = 'booked') = (transaction is not null)", name="bank_lines_booked"),
    Index("bank_lines_waiting", "booked_on", "key", postgresql_where=text("stage = 'waiting'")),
    Index("bank_lines_by_account", "account"),
)

# `session` and `intent` are the card provider's own names. The id is the key of every request
# that asks for the payment, so that one that is sent again is the same one there.
card_payments = Table(
    "card_payments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("party", Text, nullable=False),
    Column("invoice", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("session", Text),
    Column("url", Text),
    Column("intent", Text),
    Column("transaction", Text),
    Column("asked_at", MOMENT, nullable=False),
    Column("asked_by", Text, nullable=False),
    CheckConstraint("stage in ('asked', 'open', 'paid', 'expired')", name="card_payments_stage"),
    CheckConstraint("amount > 0", name="card_payments_amount"),
    Index("card_payments_session", "session", unique=True),
    Index("card_payments_intent", "intent", unique=True),
    Index("card_payments_invoice", "invoice"),
    Index(
        "card_payments_live",
        "invoice",
        unique=True,
        postgresql_where=text("stage in ('asked', 'open')"),
    ),
)

# `refund` is the card provider's own name of it.
card_refunds = Table(
    "card_refunds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("payment", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("refund", Text),
    Column("transaction", Text, nullable=False),
    Column("put_back", Text),
    Column("asked_at", MOMENT, nullable=False),
    Column("asked_by", Text, nullable=False),
    CheckConstraint("stage in ('asked', 'done', 'failed')", name="card_refunds_stage"),
    CheckConstraint("amount > 0", name="card_refunds_amount"),
    Index("card_refunds_by_payment", "payment"),
    Index("card_refunds_refund", "refund", unique=True),
)

# Events as the card provider signed them; `outcome` is null until one is done with.
card_events = Table(
    "card_events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("made_at", MOMENT, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", MOMENT, nullable=False),
    Column("outcome", Text),
    Index("card_events_waiting", "made_at", postgresql_where=text("outcome is null")),
)
