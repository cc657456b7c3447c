"""Payouts as rows. Each function takes the transaction that it runs in."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from torvet.billing.bank.model import PayoutAccount
from torvet.billing.model import AccountKind
from torvet.kit.money import Currency, Money

from .errors import PayoutFileNotFound, PayoutNotFound, PayoutSettled
from .model import (
    LIVE,
    FileId,
    FileSum,
    KeptFile,
    LineKind,
    Payout,
    PayoutId,
    PayoutLine,
    Stage,
    WaitingSale,
)
from .tables import payout_files, payout_lines, payouts

_LOCK = 0x7061796F7574  # "payout": two runs at once would reckon with the same balances


def one_run(tx: Connection) -> None:
    """Let no other run reckon until `tx` ends."""
    tx.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def add(tx: Connection, payout: Payout) -> Payout:
    """Write `payout`, or return the one that has its source."""
    made = insert_or(payouts).values(_row(payout)).on_conflict_do_nothing()
    if tx.scalar(made.returning(payouts.c.id)) is not None:
        return payout
    return _payout(tx.execute(select(payouts).where(payouts.c.source == payout.source)).one())


def by_source(tx: Connection, source: str) -> Payout | None:
    """Return the payout that is for `source`."""
    row = tx.execute(select(payouts).where(payouts.c.source == source)).one_or_none()
    return _payout(row) if row else None


def get(tx: Connection, id_: str, *, locked: bool = False) -> Payout:
    """Return one payout; with `locked` nobody else changes it until `tx` ends."""
    query = select(payouts).where(payouts.c.id == id_)
    row = tx.execute(query.with_for_update() if locked else query).one_or_none()
    if row is None:
        raise PayoutNotFound(id_)
    return _payout(row)


def by_transfers(tx: Connection, transfers: Collection[str]) -> list[Payout]:
    """Return the payouts with one of these EndToEndIds, in bare lower-case letters and digits."""
    if not transfers:
        return []
    query = select(payouts).where(func.lower(payouts.c.transfer).in_(sorted(transfers)))
    return [_payout(row) for row in tx.execute(query.order_by(payouts.c.id))]


def ordered(tx: Connection, limit: int) -> list[Payout]:
    """Return what waits for a file, the oldest first, held until `tx` ends."""
    return [_payout(row) for row in tx.execute(_ordered(limit).with_for_update())]


def ordered_of(tx: Connection, party: str | None, limit: int) -> list[Payout]:
    """Return what waits for a file of `party`, or of all, the oldest first."""
    query = _ordered(limit)
    if party is not None:
        query = query.where(payouts.c.party == party)
    return [_payout(row) for row in tx.execute(query)]


def _ordered(limit: int) -> Select[Any]:
    query = select(payouts).where(payouts.c.stage == Stage.ORDERED.value)
    return query.order_by(payouts.c.id).limit(limit)


def paid_back(tx: Connection, party: str, invoice: str) -> list[Payout]:
    """Return what goes back by transfer of what `party` paid of `invoice`, the oldest first."""
    query = select(payouts).where(
        payouts.c.party == party, payouts.c.source.endswith(f":{invoice}", autoescape=True)
    )
    return [_payout(row) for row in tx.execute(query.order_by(payouts.c.id))]


def of_party(tx: Connection, party: str | None, limit: int) -> list[Payout]:
    """Return the newest payouts of `party`, or of all."""
    query = select(payouts).order_by(payouts.c.id.desc()).limit(limit)
    if party is not None:
        query = query.where(payouts.c.party == party)
    return [_payout(row) for row in tx.execute(query)]


def every(tx: Connection) -> list[Payout]:
    """Return every payout."""
    return [_payout(row) for row in tx.execute(select(payouts).order_by(payouts.c.id))]


def change(tx: Connection, before: Payout, after: Payout) -> Payout:
    """Write `after` over `before`; raise PayoutSettled where it is another by now."""
    changed = (
        update(payouts)
        .where(payouts.c.id == before.id, payouts.c.stage == before.stage.value)
        .values(_row(after))
    )
    if tx.execute(changed).rowcount != 1:
        raise PayoutSettled(before.id, get(tx, before.id).stage.value)
    return after


def add_file(tx: Connection, kept: KeptFile) -> None:
    """Keep a payment file."""
    tx.execute(
        insert(payout_files).values(
            id=kept.id,
            made_at=kept.made_at,
            made_by=kept.made_by,
            pay_on=kept.pay_on,
            document=kept.document,
        )
    )


def file(tx: Connection, id_: str) -> KeptFile:
    """Return a payment file."""
    row = tx.execute(select(payout_files).where(payout_files.c.id == id_)).one_or_none()
    if row is None:
        raise PayoutFileNotFound(id_)
    return KeptFile(
        id=FileId(row.id),
        made_at=row.made_at,
        made_by=row.made_by,
        pay_on=row.pay_on,
        document=bytes(row.document),
    )


def unsent(tx: Connection) -> list[str]:
    """Return the files of which some transfer was not seen by the bank yet."""
    filed = [stage.value for stage in LIVE]
    query = select(payouts.c.file).where(payouts.c.file.is_not(None), payouts.c.stage.in_(filed))
    return sorted(set(tx.scalars(query)))


def _row(payout: Payout) -> dict[str, Any]:
    to = payout.to
    return {
        "id": payout.id,
        "source": payout.source,
        "transfer": payout.transfer,
        "party": payout.party,
        "account": payout.account.value,
        "amount": payout.amount.minor,
        "currency": payout.amount.currency.value,
        "words": payout.words,
        "name": to.name if to else None,
        "country": to.country if to else None,
        "iban": to.iban if to else None,
        "bic": to.bic if to else None,
        "stage": payout.stage.value,
        "file": payout.file,
        "transaction": payout.transaction,
        "put_back": payout.put_back,
        "line_out": payout.line_out,
        "line_back": payout.line_back,
        "why": payout.why,
        "made_at": payout.made_at,
        "made_by": payout.made_by,
    }


def _payout(row: Row[*tuple[Any, ...]]) -> Payout:
    return Payout(
        id=PayoutId(row.id),
        source=row.source,
        transfer=row.transfer,
        party=row.party,
        account=AccountKind(row.account),
        amount=Money(row.amount, Currency(row.currency)),
        words=row.words,
        stage=Stage(row.stage),
        transaction=row.transaction,
        made_at=row.made_at,
        made_by=row.made_by,
        to=None
        if row.iban is None
        else PayoutAccount(name=row.name, country=row.country, iban=row.iban, bic=row.bic),
        file=row.file,
        put_back=row.put_back,
        line_out=row.line_out,
        line_back=row.line_back,
        why=row.why,
    )


def held_by_sales(
    tx: Connection, party: str | None
) -> dict[tuple[AccountKind, str, Currency], Money]:
    """Return what belongs to sales that are not paid yet or are disputed, by account.

    Of a provider what its self-billed documents say, less the shares that were posted of it; of
    a contributor its shares. Of one party, or of all where `party` is None.
    """
    found: dict[tuple[AccountKind, str, Currency], Money] = {}
    for row in tx.execute(_HELD_OF_ALL) if party is None else tx.execute(_HELD, {"party": party}):
        currency = Currency(row.currency)
        found[AccountKind(row.account), row.party, currency] = Money(int(row.held), currency)
    return found


def waiting_sales(tx: Connection, party: str, limit: int) -> list[WaitingSale]:
    """Return the sales of a provider whose money stays here for now, the oldest first."""
    found = tx.execute(_WAITING, {"party": party, "limit": limit})
    return [
        WaitingSale(
            contract=row.contract,
            dataset=row.dataset,
            document=row.number,
            amount=Money(int(row.amount), Currency(row.currency)),
            why=_WHY[row.why],
        )
        for row in found
    ]


def lines_due(tx: Connection) -> dict[tuple[AccountKind, str, Currency], list[PayoutLine]]:
    """Return what is free to be paid and was not, by account; below zero what was paid too soon.

    What stands in a payout that came back or was taken back was not paid.
    """
    found: dict[tuple[AccountKind, str, Currency], list[PayoutLine]] = {}
    for row in tx.execute(_LINES_DUE):
        currency = Currency(row.currency)
        line = PayoutLine(
            kind=LineKind(row.kind),
            invoice=row.invoice,
            contract=row.contract,
            amount=Money(int(row.amount), currency),
        )
        found.setdefault((AccountKind(row.account), row.party, currency), []).append(line)
    return found


def add_lines(tx: Connection, payout: str, lines: Sequence[PayoutLine]) -> None:
    """Write what a payout is for."""
    rows = [
        {
            "payout": payout,
            "kind": one.kind.value,
            "invoice": one.invoice,
            "contract": one.contract,
            "amount": one.amount.minor,
        }
        for one in lines
    ]
    if rows:
        tx.execute(insert(payout_lines), rows)


def lines_of(tx: Connection, payout: Payout) -> list[PayoutLine]:
    """Return what a payout is for: by document and contract, what else there is last."""
    return [
        PayoutLine(
            kind=LineKind(row.kind),
            invoice=row.invoice,
            contract=row.contract,
            amount=Money(row.amount, payout.amount.currency),
            document=row.number,
            dataset=row.dataset,
        )
        for row in tx.execute(_LINES_OF, {"payout": payout.id})
    ]


def paying(tx: Connection, self_bill: str) -> list[tuple[Payout, Money]]:
    """Return the payouts that are for a self-billed document, and for how much of it each."""
    found = tx.execute(_PAYING, {"self_bill": self_bill})
    sums = {row.payout: int(row.amount) for row in found}
    query = select(payouts).where(payouts.c.id.in_(sorted(sums))).order_by(payouts.c.id)
    made = [_payout(row) for row in tx.execute(query)] if sums else []
    return [(one, Money(sums[one.id], one.amount.currency)) for one in made]


def crooked(tx: Connection, limit: int) -> list[str]:
    """Return the payouts that have lines which are not together their amount."""
    return list(tx.scalars(_CROOKED, {"limit": limit}))


def files(tx: Connection, limit: int) -> list[FileSum]:
    """Return the newest payment files: how many transfers each has, and what they come to."""
    return [
        FileSum(
            id=FileId(row.id),
            made_at=row.made_at,
            pay_on=row.pay_on,
            transfers=row.transfers,
            amount=Money(int(row.amount), Currency(row.currency)),
            seen=row.seen,
        )
        for row in tx.execute(_FILES, {"limit": limit})
    ]


def refused_accounts(tx: Connection, wanted: Collection[str]) -> dict[str, str]:
    """Return the IBANs to which the newest transfers of parties could not be made, by party."""
    newest = (
        select(func.max(payouts.c.id))
        .where(payouts.c.party.in_(sorted(wanted)), payouts.c.file.is_not(None))
        .group_by(payouts.c.party)
    )
    came_back = select(payouts.c.party, payouts.c.iban).where(
        payouts.c.id.in_(newest), payouts.c.stage == Stage.RETURNED.value
    )
    return {row.party: row.iban for row in tx.execute(came_back)} if wanted else {}


def given_back_unordered(tx: Connection) -> list[Row[Any]]:
    """Return what escrow gave back and no payout is for yet."""
    return list(tx.execute(_GIVEN_BACK))


# Sales of a party, those that it provides and those of which it has a share.
_OF_PARTY = """
    and i.id in (
        select s.sale from invoice_sales s where s.provider = :party
        union all
        select d.sale from share_parts p join share_divisions d on d.source = p.source
            where p.party = :party)
"""


def _waiting_sales(whose: str = "") -> str:
    """Ask for the sales whose money stays here: their ids, and with `why` the first reason of each.

    What was settled and not divided yet is not known to be the provider's.
    """
    return f"""
    unpaid as (
        select i.id from invoices i where i.kind = '380' {whose} and i.net + i.vat
            - (select coalesce(sum(n.net + n.vat), 0) from invoices n where n.preceding = i.id)
            - (select coalesce(sum(p.amount), 0) from invoice_payments p where p.invoice = i.id)
            > 0),
    reasons as (
        select s.sale, s.contract, 2 as why
            from invoice_sales s where s.sale in (select id from unpaid)
        union
        select invoice, contract, 1 from payout_stops where lifted_at is null
        union
        select s.sale, s.contract, 3 from invoice_sales s join invoices sold on sold.id = s.sale
            where s.dataset in (select dataset from share_agreements)
              and exists (select from share_agreements a
                where a.dataset = s.dataset and a.made_at <= sold.issued_at)
              and not exists (select from share_divisions d
                where d.source = s.invoice || ':' || s.contract)),
    held as (select sale, contract, min(why) as why from reasons group by sale, contract)
    """


def _held(whose: str = "", only: str = "true") -> str:
    return f"""
    with {_waiting_sales(whose)}
    select account, party, currency, held from (
        select 'payable' as account, provider as party, currency, sum(amount) as held from (
            select s.provider, s.currency, s.share + s.share_vat as amount
                from invoice_sales s join held using (sale, contract)
            union all
            select d.provider, d.currency, -d.shared
                from share_divisions d join held using (sale, contract)
        ) of_providers group by provider, currency
        union all
        select 'contributor', p.party, d.currency, sum(p.amount)
            from share_parts p join share_divisions d on d.source = p.source
            join held using (sale, contract) group by p.party, d.currency
    ) of_all where {only}
    """


_HELD_OF_ALL = text(_held())
_HELD = text(_held(_OF_PARTY, "party = :party"))
_GIVEN_BACK = text(
    """
    select t.id as transaction, t.words, h.party, h.currency, abs(m.amount) as amount
    from escrow_moves m join escrow_holds h on h.id = m.hold
        join books_transactions t on t.id = m.transaction
    where m.move = 'given-back'
      and not exists (select from payouts p where p.transaction = t.id)
    order by m.at, m.key
    """
)
_WHY = {
    1: "it is disputed",
    2: "its buyer has not paid all of it",
    3: "what others share of it is being worked out",
}
_WAITING = text(
    f"""
    with {_waiting_sales(_OF_PARTY)}
    select s.contract, s.dataset, b.number, s.currency, s.share + s.share_vat as amount, held.why
    from invoice_sales s join held using (sale, contract) left join invoices b on b.id = s.self_bill
    where s.provider = :party order by s.invoice, s.contract limit :limit
    """
)
_LINES_DUE = text(
    f"""
    with {_waiting_sales()},
    free as (
        select 'payable' as account, s.provider as party, s.currency, 'sale' as kind, s.invoice,
            s.contract, s.share + s.share_vat as amount
        from invoice_sales s where not exists (
            select from held h where h.sale = s.sale and h.contract = s.contract)
        union all
        select 'payable', d.provider, d.currency, 'share', split_part(d.source, ':', 1), d.contract,
            -d.shared
        from share_divisions d where not exists (
            select from held h where h.sale = d.sale and h.contract = d.contract)
        union all
        select 'contributor', p.party, d.currency, 'share', split_part(d.source, ':', 1),
            d.contract, p.amount
        from share_parts p join share_divisions d on d.source = p.source where not exists (
            select from held h where h.sale = d.sale and h.contract = d.contract)),
    paid as (
        select p.account, p.party, p.currency, l.kind, l.invoice, l.contract,
            sum(l.amount) as amount
        from payout_lines l join payouts p on p.id = l.payout
        where p.put_back is null and l.kind <> 'other' group by 1, 2, 3, 4, 5, 6)
    select account, party, currency, kind, invoice, contract,
        coalesce(free.amount, 0) - coalesce(paid.amount, 0) as amount
    from free full join paid using (account, party, currency, kind, invoice, contract)
    where coalesce(free.amount, 0) <> coalesce(paid.amount, 0)
    order by invoice, contract, kind
    """
)
_LINES_OF = text(
    """
    select l.kind, l.invoice, l.contract, l.amount, s.dataset, b.number
    from payout_lines l left join invoice_sales s
            on s.invoice = l.invoice and s.contract = l.contract
        left join invoices b on b.id = s.self_bill
    where l.payout = :payout order by l.kind = 'other', l.invoice, l.contract, l.kind
    """
)
_PAYING = text(
    """
    select l.payout, sum(l.amount) as amount
    from invoice_sales s join payout_lines l
        on l.invoice = s.invoice and l.contract = s.contract and l.kind = 'sale'
    where s.self_bill = :self_bill group by l.payout
    """
)
_CROOKED = text(
    """
    select p.id from payouts p join payout_lines l on l.payout = p.id
    group by p.id having sum(l.amount) <> p.amount order by 1 limit :limit
    """
)
_FILES = text(
    """
    select f.id, f.made_at, f.pay_on, p.currency, count(*) as transfers, sum(p.amount) as amount,
        bool_and(p.stage <> 'filed') as seen
    from payout_files f join payouts p on p.file = f.id
    group by f.id, f.made_at, f.pay_on, p.currency
    order by f.id desc, p.currency limit :limit
    """
)
