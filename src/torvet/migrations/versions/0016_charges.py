"""What contracts were charged, what was spent under them, and who has to look at them again."""

import sqlalchemy as sa
from alembic import op

revision = "0016_charges"
down_revision = "0015_treatments"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

KEPT = """
create function charges_kept() returns trigger language plpgsql as $$
begin
    raise exception '% of % is refused: charges are only ever added to', tg_op, tg_table_name
        using errcode = 'restrict_violation', table = tg_table_name,
              hint = 'Use that comes late, or is taken back, is charged by a further portion.';
end $$
"""

BILLED_ONCE = """
create function charge_sheets_billed_once() returns trigger language plpgsql as $$
begin
    if old.invoice is not null or new.invoice is null
        or (to_jsonb(new) - 'invoice') <> (to_jsonb(old) - 'invoice') then
        raise exception 'sheet % of charges never changes, and is invoiced once', old.id
            using errcode = 'restrict_violation', table = 'charge_sheets';
    end if;
    return new;
end $$
"""

# What a use was is told to the log and counted against the contract's month together: one way to
# the database, and never one without the other. The hold that was made for it goes.
SPEND = """
create function contract_spend(
    a_leaf text, a_contract text, a_since timestamptz, a_hold bigint,
    a_rows bigint, a_bytes bigint, a_requests bigint, a_answers bigint,
    out since timestamptz, out rows bigint, out bytes bigint, out requests bigint,
    out answers bigint, out warned bigint
) language plpgsql as $$
#variable_conflict use_column
declare
    held contract_holds%rowtype;
begin
    if a_leaf is not null then
        insert into facts (leaf) values (a_leaf);
    end if;
    if a_hold is not null then
        delete from contract_holds h where h.id = a_hold returning h.* into held;
    end if;
    insert into contract_spending as s
        (contract, since, rows, bytes, requests, answers,
         held_rows, held_bytes, held_requests, held_answers, turn)
        values (a_contract, a_since, a_rows, a_bytes, a_requests, a_answers, 0, 0, 0, 0, 1)
        on conflict (contract) do update set
            since = greatest(s.since, excluded.since),
            rows = case when s.since = excluded.since then s.rows + excluded.rows
                        when s.since < excluded.since then excluded.rows else s.rows end,
            bytes = case when s.since = excluded.since then s.bytes + excluded.bytes
                         when s.since < excluded.since then excluded.bytes else s.bytes end,
            requests = case when s.since = excluded.since then s.requests + excluded.requests
                            when s.since < excluded.since then excluded.requests
                            else s.requests end,
            answers = case when s.since = excluded.since then s.answers + excluded.answers
                           when s.since < excluded.since then excluded.answers else s.answers end,
            held_rows = greatest(s.held_rows - coalesce(held.rows, 0), 0),
            held_bytes = greatest(s.held_bytes - coalesce(held.bytes, 0), 0),
            held_requests = greatest(s.held_requests - coalesce(held.requests, 0), 0),
            held_answers = greatest(s.held_answers - coalesce(held.answers, 0), 0),
            warned = case when s.since < excluded.since then null else s.warned end,
            turn = s.turn + 1
        returning s.since, s.rows, s.bytes, s.requests, s.answers, s.warned
        into contract_spend.since, contract_spend.rows, contract_spend.bytes,
             contract_spend.requests, contract_spend.answers, contract_spend.warned;
end $$
"""


# One look at the entries proves what most transactions are: as many as declared, of its moment, of
# one currency, in balance, and nothing taken from escrow. Any other is proven as it was before.
# The limit keeps the plan by key, also where it was made while there were few accounts.
PROVEN = """
create or replace function books_transaction_proven() returns trigger language plpgsql as $$
declare
    there bigint;
    wandering bigint;
    over bigint;
    first text;
    last text;
    taken boolean;
    wrong text;
begin
    if new.xid <> pg_current_xact_id()::text::bigint then
        raise exception 'transaction % claims to be posted by another transaction', new.id
            using errcode = 'check_violation', constraint = 'books_balance';
    end if;
    select count(*), count(*) filter (where e.at <> new.at or a.currency is null), sum(e.amount),
           min(a.currency), max(a.currency), bool_or(a.kind = 'escrow' and e.amount > 0)
        into there, wandering, over, first, last, taken
        from books_entries e
        left join lateral (
            select c.currency, c.kind from books_accounts c where c.id = e.account limit 1
        ) a on true
        where e.transaction = new.id;
    if there is distinct from new.lines or wandering > 0 or over <> 0 or first <> last then
        perform books_prove(new.id, new.lines, new.at);
    end if;
    if new.corrects is not null then
        perform books_correction_proven(new.id, new.corrects);
    end if;
    if taken then
        perform 1 from books_entries e join books_accounts a on a.id = e.account
            where e.transaction = new.id and a.kind = 'escrow' and e.amount > 0
            order by a.id for update of a;
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


def upgrade() -> None:
    _news()
    _spending()
    _charges()
    for function in (KEPT, BILLED_ONCE, SPEND, PROVEN):
        op.execute(function)
    _triggers()
    op.execute("insert into contract_news select id from contracts where tariff is not null")
    op.execute("insert into usage_news select contract, min(hour) from usage_hours group by 1")


def _news() -> None:
    op.create_table(
        "usage_news",
        sa.Column("contract", sa.Text, primary_key=True),
        sa.Column("since", MOMENT, nullable=False),
    )
    op.create_table("contract_news", sa.Column("contract", sa.Text, primary_key=True))


def _spending() -> None:
    op.create_table(
        "contract_spending",
        sa.Column("contract", sa.Text, primary_key=True),
        sa.Column("since", MOMENT, nullable=False),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
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
        sa.Column("warned", sa.BigInteger),
    )
    op.create_table(
        "contract_holds",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("rows", "bytes", "requests", "answers")
        ),
    )


def _charges() -> None:
    op.create_table(
        "charge_progress",
        sa.Column("contract", sa.Text, primary_key=True),
        sa.Column("reached", MOMENT),
        sa.Column("since", MOMENT),
        sa.Column("due_at", MOMENT),
        sa.Column("fault", sa.Text),
        sa.Index("charge_progress_due", "due_at", postgresql_where=sa.text("due_at is not null")),
    )
    op.create_table(
        "charge_sheets",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("month", sa.Date, nullable=False),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("charges", sa.Integer, nullable=False),
        sa.Column("last_begin", MOMENT, nullable=False),
        sa.Column("derived_at", MOMENT, nullable=False),
        sa.Column("invoice", sa.Text),
        sa.CheckConstraint("charges > 0", name="charge_sheets_charges"),
        sa.CheckConstraint("currency in ('DKK', 'EUR')", name="charge_sheets_currency"),
        sa.Index("charge_sheets_of_contract", "contract", "id"),
        sa.Index("charge_sheets_waiting", "consumer", postgresql_where=sa.text("invoice is null")),
        sa.Index("charge_sheets_invoiced", "invoice"),
    )
    op.create_table(
        "charges",
        sa.Column("contract", sa.Text, primary_key=True),
        sa.Column("begin", MOMENT, primary_key=True),
        sa.Column("cause", sa.Text, primary_key=True),
        sa.Column("meter", sa.Text, primary_key=True),
        sa.Column("portion", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sheet", sa.BigInteger, nullable=False),
        sa.Column("counted", sa.BigInteger, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.CheckConstraint("portion >= 0", name="charges_portion"),
        sa.CheckConstraint("counted <> 0 or amount <> 0", name="charges_something"),
    )


def _triggers() -> None:
    for table in ("charges", "charge_sheets"):
        changes = "update or delete or truncate" if table == "charges" else "delete or truncate"
        op.execute(
            f"create trigger {table}_kept before {changes} on {table} "
            "for each statement execute function charges_kept()"
        )
        op.execute(f"alter table {table} enable always trigger {table}_kept")
    op.execute(
        "create trigger charge_sheets_billed before update on charge_sheets "
        "for each row execute function charge_sheets_billed_once()"
    )
    op.execute("alter table charge_sheets enable always trigger charge_sheets_billed")
