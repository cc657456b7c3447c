"""Tables of data requests, who joined, what was pledged and what was answered."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()

# `joined` and `pledged_minor` are sums over the two tables below, kept in the row that every
# deed locks. `due_at` is the next instant at which time alone moves the request.
wanted_requests = Table(
    "wanted_requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("wanted", JSONB, nullable=False),
    Column("words", Text, nullable=False),
    Column("theme", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("circle", ARRAY(Text)),
    Column("stage", Text, nullable=False),
    Column("joined", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("goal_minor", BigInteger),
    Column("pledged_minor", BigInteger, nullable=False),
    Column("deadline", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True)),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("made_by", Text),
    Column("touched_at", DateTime(timezone=True), nullable=False),
    Column("bound_at", DateTime(timezone=True)),
    Column("closed_at", DateTime(timezone=True)),
    Column("answer", Text),
    Column("dataset", Text),
    Column("reason", Text, nullable=False),
    Column("version", Integer, nullable=False),
    CheckConstraint(
        "stage in ('open', 'bound', 'promised', 'fulfilled', 'lapsed', 'withdrawn', 'failed')",
        name="wanted_requests_stage",
    ),
    CheckConstraint("joined >= 0 and pledged_minor >= 0", name="wanted_requests_sums"),
    Index("wanted_requests_owner", "owner", "id"),
    Index("wanted_requests_due", "due_at", postgresql_where=text("due_at is not null")),
    Index("wanted_requests_money", "pledged_minor", "id"),
    Index("wanted_requests_number", "joined", "id"),
    Index("wanted_requests_dataset", "dataset"),
)

wanted_joins = Table(
    "wanted_joins",
    metadata,
    Column("request", Text, ForeignKey("wanted_requests.id"), primary_key=True),
    Column("party", Text, primary_key=True),
    Column("use", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("joined_at", DateTime(timezone=True), nullable=False),
)

wanted_pledges = Table(
    "wanted_pledges",
    metadata,
    Column("id", Text, primary_key=True),
    Column("request", Text, ForeignKey("wanted_requests.id"), nullable=False),
    Column("party", Text, nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("purchase_order", Text, nullable=False),
    Column("ean", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("share_minor", BigInteger),
    Column("contract", Text),
    Column("hold", Text),
    Column("settled", Boolean, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("made_by", Text),
    Column("closed_at", DateTime(timezone=True)),
    CheckConstraint("minor > 0", name="wanted_pledges_amount"),
    CheckConstraint("share_minor between 0 and minor", name="wanted_pledges_share"),
    CheckConstraint("kind in ('prepaid', 'promise')", name="wanted_pledges_kind"),
    CheckConstraint(
        "stage in ('waiting', 'made', 'bound', 'taken-back', 'freed', 'paid')",
        name="wanted_pledges_stage",
    ),
    # One pledge of a party that is alive, whoever races for it.
    Index(
        "wanted_pledges_alive",
        "request",
        "party",
        unique=True,
        postgresql_where=text("stage in ('waiting', 'made', 'bound')"),
    ),
    # What is looked after until its money has gone where it belongs.
    Index(
        "wanted_pledges_unsettled", "id", postgresql_where=text("hold is not null and not settled")
    ),
    Index("wanted_pledges_party", "party", "id"),
)

wanted_answers = Table(
    "wanted_answers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("request", Text, ForeignKey("wanted_requests.id"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("dataset", Text),
    Column("words", Text, nullable=False),
    Column("price_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("clauses", JSONB, nullable=False),
    Column("levels", JSONB(none_as_null=True)),
    Column("deliver_by", DateTime(timezone=True), nullable=False),
    Column("stage", Text, nullable=False),
    Column("votes", JSONB, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("made_by", Text),
    Column("closed_at", DateTime(timezone=True)),
    CheckConstraint("price_minor >= 0", name="wanted_answers_price"),
    CheckConstraint(
        "stage in ('offered', 'accepted', 'withdrawn', 'delivered', 'failed')",
        name="wanted_answers_stage",
    ),
    Index("wanted_answers_request", "request", "id"),
    Index("wanted_answers_provider", "provider", "id"),
)
