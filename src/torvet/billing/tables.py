"""The books, which only ever grow. Triggers hold them to it, and to their balance."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)

metadata = MetaData()

MOMENT = DateTime(timezone=True)

# One for each kind, party and currency; `party` is empty where it is the exchange's own.
books_accounts = Table(
    "books_accounts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("opened_at", MOMENT, nullable=False),
    CheckConstraint(
        "kind in ('bank', 'receivable', 'payable', 'escrow', 'revenue', 'vat', 'fee', "
        "'contributor')",
        name="books_accounts_kind",
    ),
    CheckConstraint("party ~ '^([a-z]{2}_[0-9a-z]{1,40})?$'", name="books_accounts_party"),
    CheckConstraint(
        "case when kind in ('bank', 'fee') then party = '' "
        "when kind in ('receivable', 'payable', 'escrow', 'contributor') then party <> '' "
        "else true end",
        name="books_accounts_whose",
    ),
    CheckConstraint("currency in ('DKK', 'EUR')", name="books_accounts_currency"),
    Index("books_accounts_name", "party", "kind", "currency", unique=True),
)

# `lines` is how many entries it has: at commit neither more nor less are there, and so for ever.
# `digest` is over salt and content, and stands in the log too. `xid` is the database's own number
# of the transaction that posted it: no other may add an entry.
books_transactions = Table(
    "books_transactions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("posted_by", Text, nullable=False),
    Column("corrects", Text),
    Column("lines", SmallInteger, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column(
        "xid",
        BigInteger,
        nullable=False,
        server_default=text("(pg_current_xact_id()::text)::bigint"),
    ),
    CheckConstraint("lines >= 2", name="books_transactions_lines"),
    CheckConstraint("length(salt) = 16", name="books_transactions_salt"),
    CheckConstraint("length(digest) = 32", name="books_transactions_digest"),
    Index("books_transactions_key", "key", unique=True),
    Index(
        "books_transactions_corrections", "corrects", postgresql_where=text("corrects is not null")
    ),
)

# `amount` in minor units: above zero it is a debit, below a credit. `at` is its transaction's, so
# that a statement is read from one index.
books_entries = Table(
    "books_entries",
    metadata,
    Column("transaction", Text, primary_key=True),
    Column("account", BigInteger, primary_key=True, autoincrement=False),
    Column("at", MOMENT, nullable=False),
    Column("amount", BigInteger, nullable=False),
    CheckConstraint("amount <> 0 and abs(amount) <= 9007199254740991", name="books_entries_amount"),
    Index(
        "books_entries_by_account",
        "account",
        "at",
        "transaction",
        postgresql_include=["amount"],
    ),
)
