"""The books' bank account held against what bank and card provider say of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from torvet.kit.money import Currency, Money

FAULTS_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What the books have at bank and card provider in one currency, and what these say.

    `bank` is the statements' last closing balance less what was there before the first: what came
    and went since. Of that, `waiting` is not decided and `apart` not the exchange's. `cards` is
    booked and still with the card provider; `transit` is booked as paid out and not gone yet,
    below zero. `difference` is what none of it explains: nothing, where all is right.
    """

    currency: Currency
    books: Money
    bank: Money
    waiting: Money
    apart: Money
    cards: Money
    transit: Money

    @property
    def difference(self) -> Money:
        return self.books - (self.bank - self.waiting - self.apart + self.cards + self.transit)


def reconciled(tx: Connection) -> list[Reconciled]:
    """Return the bank account in every currency of which a statement was read."""
    found = []
    for row in tx.execute(_RECONCILED):
        currency = Currency(row.currency)

        def money(minor: int, currency: Currency = currency) -> Money:
            return Money(int(minor), currency)

        found.append(
            Reconciled(
                currency=currency,
                books=money(row.books),
                bank=money(row.bank),
                waiting=money(row.waiting),
                apart=money(row.apart),
                cards=money(row.cards),
                transit=money(row.transit),
            )
        )
    return found


def faults_of_payments(tx: Connection) -> Iterator[str]:
    """Say where books and bank differ: a statement that is missing, a line that is booked wrongly.

    Silent where no statement was ever read: then there is nothing to hold the books against.
    """
    for row in tx.execute(_GAPS, {"limit": FAULTS_MAX}):
        currency = Currency(row.currency)
        yield (
            f"the statements of {row.account} end at {Money(int(row.closing), currency)}, and "
            f"their lines make {Money(int(row.made), currency)}: a statement is missing"
        )
    for row in tx.execute(_MISBOOKED, {"limit": FAULTS_MAX}):
        yield f"line {row.key} is of {row.amount} minor units, and {row.booked} are booked for it"
    for one in reconciled(tx):
        if one.difference:
            yield (
                f"the books have {one.books} at the bank, and {one.difference} of it are not what "
                "statements, cards and payouts tell"
            )


# Of several statements of the first or the last day, which may be read in any order, one fits.
_GAPS = text(
    """
    with told as (
        select *, min(closes_on) over (partition by account) as first_day,
            max(closes_on) over (partition by account) as last_day
        from bank_statements where opening is not null and closing is not null),
    sums as (
        select account, sum(amount) as moved from bank_lines group by account),
    ends as (
        select l.account, l.currency, l.closing, f.opening + coalesce(s.moved, 0) as made
        from told l join told f on f.account = l.account and f.closes_on = f.first_day
            left join sums s on s.account = l.account
        where l.closes_on = l.last_day)
    select account, currency, max(closing) as closing, max(made) as made from ends
    group by account, currency having not bool_or(closing = made)
    order by 1 limit :limit
    """
)
_MISBOOKED = text(
    """
    select l.key, l.amount, coalesce(sum(e.amount), 0) as booked
    from bank_lines l
        left join (books_entries e join books_accounts a on a.id = e.account and a.kind = 'bank')
            on e.transaction = l.transaction
    where l.stage = 'booked'
    group by l.key having coalesce(sum(e.amount), 0) <> l.amount
    order by 1 limit :limit
    """
)
_RECONCILED = text(
    """
    with currencies as (select distinct currency from bank_lines),
    at_bank as (
        select e.transaction, a.currency, e.amount
        from books_entries e join books_accounts a on a.id = e.account and a.kind = 'bank'),
    by_card as (
        select transaction from card_payments where transaction is not null
        union select transaction from card_refunds
        union select put_back from card_refunds where put_back is not null
        union select id from books_transactions where key like 'payment:card:%')
    select c.currency,
        (select coalesce(sum(amount), 0) from at_bank where currency = c.currency) as books,
        sum(l.amount) as bank,
        coalesce(sum(l.amount) filter (where l.stage = 'waiting'), 0) as waiting,
        coalesce(sum(l.amount) filter (where l.meaning = 'other'), 0) as apart,
        (select coalesce(sum(amount), 0) from at_bank b
            where currency = c.currency and b.transaction in (select transaction from by_card))
            - coalesce(sum(l.amount) filter (where l.meaning = 'card'), 0) as cards,
        (select coalesce(sum(
                case when p.put_back is null then -p.amount else 0 end
                + case when p.line_out is null then 0 else p.amount end
                - case when p.line_back is null then 0 else p.amount end), 0)
            from payouts p where p.currency = c.currency) as transit
    from currencies c join bank_lines l on l.currency = c.currency
    group by c.currency order by c.currency
    """
)
