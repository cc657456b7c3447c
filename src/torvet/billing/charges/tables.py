"""Charges, which are only ever added to, by the sheets on which they were derived."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)

metadata = MetaData()

MOMENT = DateTime(timezone=True)

# How far a contract's charges are derived. `since`: the first hour of which something is news.
# `due_at`: when it has to be looked at again, null where nothing will come by time alone.
charge_progress = Table(
    "charge_progress",
    metadata,
    Column("contract", Text, primary_key=True),
    Column("reached", MOMENT),
    Column("since", MOMENT),
    Column("due_at", MOMENT),
    Column("fault", Text),
    Index("charge_progress_due", "due_at", postgresql_where=text("due_at is not null")),
)

# What one derivation added to one month of one contract; `month` is the first day of it. It is
# invoiced as a whole: `invoice` is set once, and nothing else ever changes.
charge_sheets = Table(
    "charge_sheets",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("contract", Text, nullable=False),
    Column("month", Date, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("consumer", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("charges", Integer, nullable=False),
    Column("last_begin", MOMENT, nullable=False),
    Column("derived_at", MOMENT, nullable=False),
    Column("invoice", Text),
    CheckConstraint("charges > 0", name="charge_sheets_charges"),
    CheckConstraint("currency in ('DKK', 'EUR')", name="charge_sheets_currency"),
    Index("charge_sheets_of_contract", "contract", "id"),
    Index("charge_sheets_waiting", "consumer", postgresql_where=text("invoice is null")),
    Index("charge_sheets_invoiced", "invoice"),
)

# `portion` counts from 0: use that came late makes a further portion of the same charge.
charges = Table(
    "charges",
    metadata,
    Column("contract", Text, primary_key=True),
    Column("begin", MOMENT, primary_key=True),
    Column("cause", Text, primary_key=True),
    Column("meter", Text, primary_key=True),
    Column("portion", Integer, primary_key=True, autoincrement=False),
    Column("sheet", BigInteger, nullable=False),
    Column("counted", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    CheckConstraint("portion >= 0", name="charges_portion"),
    CheckConstraint("counted <> 0 or amount <> 0", name="charges_something"),
    # What is paid once is invoiced at once.
    Index("charges_once", "sheet", postgresql_where=text("cause = 'one-off'")),
)
