"""Tables of offers, contracts and their live counts."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()

# `price` and `tariff` are null where nothing is to be paid.
offers = Table(
    "offers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("dataset", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("clauses", JSONB, nullable=False),
    Column("approval", Text, nullable=False),
    Column("audience", ARRAY(Text)),
    Column("price", JSONB(none_as_null=True)),
    Column("levels", JSONB(none_as_null=True)),
    Column("stage", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("made_by", Text),
    Column("digest", Text, nullable=False),
    Column("version", Integer, nullable=False),
    CheckConstraint("approval in ('at-once', 'on-request')", name="offers_approval"),
    CheckConstraint("stage in ('open', 'withdrawn')", name="offers_stage"),
    Index("offers_dataset", "dataset", "id"),
    Index("offers_provider", "provider", "id"),
)

contracts = Table(
    "contracts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("offer", Text, ForeignKey("offers.id"), nullable=False),
    Column("dataset", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("consumer", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("clauses", JSONB, nullable=False),
    Column("stage", Text, nullable=False),
    Column("share", Text, nullable=False),
    Column("tariff", JSONB(none_as_null=True)),
    Column("levels", JSONB(none_as_null=True)),
    Column("purchase_order", Text),
    Column("ean", Text),
    Column("cap", JSONB(none_as_null=True)),
    Column("prepaid", Boolean, nullable=False, server_default=false()),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("requested_by", Text),
    Column("agreed_at", DateTime(timezone=True)),
    Column("ends_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("reason", Text, nullable=False),
    Column("version", Integer, nullable=False),
    CheckConstraint(
        "stage in ('requested', 'agreed', 'refused', 'revoked', 'ended')", name="contracts_stage"
    ),
    Index("contracts_share", "share", unique=True),
    Index("contracts_provider", "provider", "id"),
    Index("contracts_consumer", "consumer", "id"),
    Index("contracts_dataset", "dataset", "id"),
    # One live contract of an offer and a consumer, whoever races for it.
    Index(
        "contracts_live",
        "offer",
        "consumer",
        unique=True,
        postgresql_where=text("stage in ('requested', 'agreed')"),
    ),
    Index("contracts_ending", "ends_at", postgresql_where=text("stage in ('requested', 'agreed')")),
    Index("contracts_promising", "id", postgresql_where=text("levels is not null")),
)

# What was used of the limits, in the row that readers lock: rows on a day of the place,
# requests in a minute of the clock.
contract_counts = Table(
    "contract_counts",
    metadata,
    Column("contract", Text, ForeignKey("contracts.id", ondelete="CASCADE"), primary_key=True),
    Column("day", Date, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("minute", DateTime(timezone=True), nullable=False),
    Column("requests", BigInteger, nullable=False),
    CheckConstraint("rows >= 0 and requests >= 0", name="contract_counts_positive"),
)

# What a consumer did of the duties that its contract has, by the kind of clause.
contract_duties = Table(
    "contract_duties",
    metadata,
    Column("contract", Text, ForeignKey("contracts.id", ondelete="CASCADE"), primary_key=True),
    Column("clause", Text, primary_key=True),
    Column("done_at", DateTime(timezone=True)),
    Column("words", Text, nullable=False),
    Column("counts_from", DateTime(timezone=True), nullable=False),
    Column("reason", Text, nullable=False),
)

# How much the use of the month that begins at `since` may cost, of contracts that are paid before.
contract_funds = Table(
    "contract_funds",
    metadata,
    Column("contract", Text, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
)

# Contracts with a price that were made, agreed or ended since billing took note.
contract_news = Table("contract_news", metadata, Column("contract", Text, primary_key=True))

# What was used in the part of the month that is paid for and begins at `since`, by what it can be
# priced by, and what reads at work may use beyond it. `turn` moves with every change; `warned` is
# the cap, in minor units, of which a warning was given in this month.
contract_spending = Table(
    "contract_spending",
    metadata,
    Column("contract", Text, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False),
    *(
        Column(name, BigInteger, nullable=False)
        for name in (
            "rows",
            "bytes",
            "requests",
            "answers",
            "held_rows",
            "held_bytes",
            "held_requests",
            "held_answers",
            "turn",
        )
    ),
    Column("warned", BigInteger),
)

# What one read at work may use, as long as it is not known what it did use.
contract_holds = Table(
    "contract_holds",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("contract", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    *(
        Column(name, BigInteger, nullable=False)
        for name in ("rows", "bytes", "requests", "answers")
    ),
)
