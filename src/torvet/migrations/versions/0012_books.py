"""The books: accounts, transactions, entries. The database itself keeps them in balance."""

import sqlalchemy as sa
from alembic import op

revision = "0012_books"
down_revision = "0011_policies"
branch_labels = None
depends_on = None

BOOKS = ("books_accounts", "books_transactions", "books_entries")

KEPT = """
create function books_kept() returns trigger language plpgsql as $$
begin
    raise exception '% of % is refused: the books are only ever added to', tg_op, tg_table_name
        using errcode = 'restrict_violation', table = tg_table_name,
              hint = 'Post a transaction that corrects the wrong one.';
end $$
"""

# An entry comes in the same transaction of the database as what it belongs to, or not at all:
# nothing is added to what was posted before, not even a pair that balances.
TIMELY = """
create function books_entries_timely() returns trigger language plpgsql as $$
declare
    late text;
begin
    select e.transaction into late from added e
        where not exists (
            select from books_transactions t
            where t.id = e.transaction and t.xid = pg_current_xact_id()::text::bigint)
        limit 1;
    if found then
        raise exception 'transaction % is not being posted: entries come together with it', late
            using errcode = 'restrict_violation', table = 'books_entries';
    end if;
    return null;
end $$
"""

# Currencies are looked up one by one, by key: a plan made while there are few accounts stays good.
PROVE = """
create function books_prove(proven text, lines smallint, moment timestamptz) returns void
language plpgsql as $$
declare
    there bigint;
    wandering bigint;
    over text;
begin
    select sum(said.entries), sum(said.wandering),
           string_agg(format('%s %s', said.total, said.currency), ', ' order by said.currency)
               filter (where said.total <> 0)
        into there, wandering, over
        from (
            select named.currency, count(*) as entries, sum(named.amount) as total,
                   count(*) filter (where named.at <> moment or named.currency is null)
                       as wandering
            from (
                select e.at, e.amount,
                    (select a.currency from books_accounts a where a.id = e.account) as currency
                from books_entries e where e.transaction = proven
            ) named
            group by named.currency
        ) said;
    if there is distinct from lines then
        raise exception 'transaction % declares % entries and has %',
            proven, lines, coalesce(there, 0)
            using errcode = 'check_violation', constraint = 'books_balance';
    end if;
    if over is not null then
        raise exception 'transaction % does not balance: % are over', proven, over
            using errcode = 'check_violation', constraint = 'books_balance';
    end if;
    if wandering > 0 then
        raise exception 'transaction % has entries of another moment or of no account', proven
            using errcode = 'check_violation', constraint = 'books_balance';
    end if;
end $$
"""

# The two laws that look beyond one transaction lock what they look at, so that of two who race
# the second sees what the first has done.
TRANSACTION_PROVEN = """
create function books_transaction_proven() returns trigger language plpgsql as $$
declare
    wrong text;
begin
    if new.xid <> pg_current_xact_id()::text::bigint then
        raise exception 'transaction % claims to be posted by another transaction', new.id
            using errcode = 'check_violation', constraint = 'books_balance';
    end if;
    perform books_prove(new.id, new.lines, new.at);
    if new.corrects is not null then
        perform books_correction_proven(new.id, new.corrects);
    end if;
    perform 1 from books_entries e join books_accounts a on a.id = e.account
        where e.transaction = new.id and a.kind = 'escrow' and e.amount > 0
        order by a.id for update of a;
    if found then
        perform books_one_by_one();
        select format('%s of %s', a.currency, a.party) into wrong
            from books_entries moved join books_accounts a on a.id = moved.account
            where moved.transaction = new.id and a.kind = 'escrow' and moved.amount > 0
              and (select sum(e.amount) from books_entries e where e.account = a.id) > 0
            limit 1;
        if found then
            raise exception 'transaction % takes more than is held in escrow, in %', new.id, wrong
                using errcode = 'check_violation', constraint = 'books_escrow';
        end if;
    end if;
    return null;
end $$
"""

CORRECTION = """
create function books_correction_proven(correction text, original text) returns void
language plpgsql as $$
declare
    wrong bigint;
begin
    perform 1 from books_transactions where id = original and corrects is null for update;
    if not found then
        raise exception 'transaction % corrects %, which is none, or a correction itself',
            correction, original
            using errcode = 'check_violation', constraint = 'books_corrections';
    end if;
    perform books_one_by_one();
    select both_.account into wrong
        from (
            select e.account, coalesce(sum(e.amount) filter (where e.transaction = original), 0)
                       as first,
                   sum(e.amount) as rest
            from books_entries e
            where e.transaction = original or e.transaction in (
                select t.id from books_transactions t where t.corrects = original)
            group by e.account
        ) both_
        where both_.rest not between least(both_.first, 0) and greatest(both_.first, 0)
        limit 1;
    if found then
        raise exception 'transaction % takes back more than % moved, on account %',
            correction, original, wrong
            using errcode = 'check_violation', constraint = 'books_corrections';
    end if;
end $$
"""

ONE_BY_ONE = """
create function books_one_by_one() returns void language plpgsql as $$
begin
    if current_setting('transaction_isolation') = 'repeatable read' then
        raise exception 'what is held or taken back is posted in read committed'
            using errcode = 'invalid_transaction_state';
    end if;
end $$
"""

# All of a posting, with its fact, in one way there and back. Missing accounts are opened in one
# order, so that two who open the same ones never wait for each other in a circle.
POST = """
create function books_post(
    a_id text, a_key text, a_kind text, a_words text, a_at timestamptz, a_by text,
    a_corrects text, a_salt bytea, a_digest bytea, a_leaf text,
    kinds text[], owners text[], currencies text[], amounts bigint[],
    out id text, out salt bytea, out digest bytea
) language plpgsql as $$
#variable_conflict use_column
declare
    written integer;
begin
    insert into books_transactions
        (id, key, kind, words, at, posted_by, corrects, lines, salt, digest)
        values (a_id, a_key, a_kind, a_words, a_at, a_by, a_corrects,
                cardinality(amounts), a_salt, a_digest)
        on conflict (key) do nothing;
    if not found then
        select t.id, t.salt, t.digest into books_post.id, books_post.salt, books_post.digest
            from books_transactions t where t.key = a_key;
        return;
    end if;
    books_post.id := a_id;
    books_post.salt := a_salt;
    books_post.digest := a_digest;
    for round in 1..2 loop
        insert into books_entries (transaction, account, at, amount)
            select a_id, a.id, a_at, line.amount
            from unnest(kinds, owners, currencies, amounts)
                as line (kind, party, currency, amount)
            cross join lateral (
                select there.id from books_accounts there
                where there.party = line.party and there.kind = line.kind
                    and there.currency = line.currency limit 1) a
            on conflict do nothing;
        get diagnostics written = row_count;
        exit when written = cardinality(amounts) or round = 2;
        insert into books_accounts (kind, party, currency, opened_at)
            select line.kind, line.party, line.currency, a_at
            from unnest(kinds, owners, currencies) as line (kind, party, currency)
            where not exists (
                select from books_accounts a where a.kind = line.kind
                    and a.party = line.party and a.currency = line.currency)
            order by line.kind, line.party, line.currency
            on conflict do nothing;
    end loop;
    insert into facts (leaf) values (a_leaf);
end $$
"""


def upgrade() -> None:
    _tables()
    for function in (
        KEPT,
        TIMELY,
        PROVE,
        ONE_BY_ONE,
        CORRECTION,
        TRANSACTION_PROVEN,
        POST,
    ):
        op.execute(function)
    for table in BOOKS:
        op.execute(
            f"create trigger {table}_kept before update or delete or truncate on {table} "
            "for each statement execute function books_kept()"
        )
        # Also where a session says that it replicates, which switches other triggers off.
        op.execute(f"alter table {table} enable always trigger {table}_kept")
    op.execute(
        "create trigger books_entries_timely after insert on books_entries "
        "referencing new table as added for each statement execute function books_entries_timely()"
    )
    op.execute("alter table books_entries enable always trigger books_entries_timely")
    op.execute(
        "create constraint trigger books_transactions_proven after insert on books_transactions "
        "deferrable initially deferred for each row execute function books_transaction_proven()"
    )
    op.execute("alter table books_transactions enable always trigger books_transactions_proven")


def _tables() -> None:
    _accounts()
    _transactions()
    _entries()


def _accounts() -> None:
    op.create_table(
        "books_accounts",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind in ('bank', 'receivable', 'payable', 'escrow', 'revenue', 'vat', 'fee', "
            "'contributor')",
            name="books_accounts_kind",
        ),
        sa.CheckConstraint("party ~ '^([a-z]{2}_[0-9a-z]{1,40})?$'", name="books_accounts_party"),
        sa.CheckConstraint(
            "case when kind in ('bank', 'fee') then party = '' "
            "when kind in ('receivable', 'payable', 'escrow', 'contributor') then party <> '' "
            "else true end",
            name="books_accounts_whose",
        ),
        sa.CheckConstraint("currency in ('DKK', 'EUR')", name="books_accounts_currency"),
        sa.Index("books_accounts_name", "party", "kind", "currency", unique=True),
    )


def _transactions() -> None:
    op.create_table(
        "books_transactions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_by", sa.Text, nullable=False),
        sa.Column("corrects", sa.Text),
        sa.Column("lines", sa.SmallInteger, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column(
            "xid",
            sa.BigInteger,
            nullable=False,
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
        ),
        sa.CheckConstraint("lines >= 2", name="books_transactions_lines"),
        sa.CheckConstraint("length(salt) = 16", name="books_transactions_salt"),
        sa.CheckConstraint("length(digest) = 32", name="books_transactions_digest"),
        sa.Index("books_transactions_key", "key", unique=True),
        sa.Index(
            "books_transactions_corrections",
            "corrects",
            postgresql_where=sa.text("corrects is not null"),
        ),
    )


def _entries() -> None:
    op.create_table(
        "books_entries",
        sa.Column("transaction", sa.Text, primary_key=True),
        sa.Column("account", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.CheckConstraint(
            "amount <> 0 and abs(amount) <= 9007199254740991", name="books_entries_amount"
        ),
        sa.Index(
            "books_entries_by_account",
            "account",
            "at",
            "transaction",
            postgresql_include=["amount"],
        ),
    )
