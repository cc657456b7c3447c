"""The documents checked: their numbers, their charges, their postings, and the log's witness."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from torvet.audit import facts_named
from torvet.billing.guards import beside, unguarded

from . import store
from .issuing import ISSUED
from .numbering import out_of_order

TRIGGERS = ("invoices_kept", "invoice_sales_kept", "invoice_payments_kept")


def invoice_faults(tx: Connection) -> Iterator[str]:
    """Say what is wrong with issued documents; nothing where every law of theirs holds.

    The laws: numbers of each series run from one without a gap, in the order of their days; an
    invoice without VAT is the sum of its charges; what it says of contracts is its whole, and so is
    what self-billed documents say; each was posted as it says; the document that was sent says
    the same, and nothing of it changed since, as the log bears witness; the triggers are on guard.
    """
    for name in unguarded(tx, *TRIGGERS):
        yield f"the trigger {name} is gone or switched off: documents are not kept"
    yield from _faults_of_series(tx)
    for law in (_CHARGES, _SALES, _SELF_BILLS, _POSTINGS, _DOCUMENTS):
        for row in tx.execute(law):
            yield f"document {row.number} {row.wrong}"
    yield from _faults_of_witnesses(tx)


def _faults_of_series(tx: Connection) -> Iterator[str]:
    numbers: dict[str, list[str]] = {}
    for row in tx.execute(text("select series, number from invoices order by series, number")):
        numbers.setdefault(row.series, []).append(row.number)
    for one in store.every_series(tx):
        found = numbers.pop(one.prefix, [])
        yield from (f"series {one.prefix}: {wrong}" for wrong in out_of_order(one.prefix, found))
        if len(found) != one.issued:
            yield f"series {one.prefix} gave out {one.issued} numbers, and {len(found)} are there"
    for prefix in numbers:
        yield f"series {prefix} is not known, and has documents"
    for row in tx.execute(_TURNED):
        yield f"document {row.number} is dated before the one before it"


def _faults_of_witnesses(tx: Connection) -> Iterator[str]:
    """Hold every document against its fact, and every fact against its document."""
    own = ((id_, (number, digest)) for id_, number, digest in tx.execute(_DIGESTS))
    for id_, kept, facts in beside(facts_named(tx, ISSUED), own):
        if kept is None:
            yield f"document {id_} is gone: the log knows it"
            continue
        number, digest = kept
        if not facts:
            yield f"document {number} is not known to the log"
        elif [fact.body.get("digest") for fact in facts] != [bytes(digest).hex()]:
            yield f"document {number} is not what the log bears witness of"


_TURNED = text(
    """
    select number from (
        select number, issued_on, lag(issued_on) over (
            partition by series order by length(number), number) as before
        from invoices) dated
    where issued_on < before
    """
)
_DIGESTS = text('select id, number, digest from invoices order by id collate "C"')
_CHARGES = text(
    """
    select coalesce(i.number, s.invoice) as number,
        case when i.id is null then 'is not there, and charges say that they are on it'
             else format('comes to %s, and its charges to %s', i.net, coalesce(s.amount, 0))
        end as wrong
    from (select * from invoices where kind = '380') i full join (
        select invoice, sum(amount) as amount from charge_sheets
        where invoice is not null group by invoice) s on s.invoice = i.id
    where i.id is null or i.net <> coalesce(s.amount, 0)
    """
)
_SALES = text(
    """
    select i.number, format('comes to %s, and its contracts to %s', i.net, s.net) as wrong
    from invoices i left join (
        select invoice, abs(sum(net)) as net from invoice_sales group by invoice
    ) s on s.invoice = i.id
    where i.kind in ('380', '381') and s.net is distinct from i.net
    """
)
_SELF_BILLS = text(
    """
    select i.number, format('comes to %s and %s, and its sales to %s and %s', i.net, i.vat,
        s.share, s.share_vat) as wrong
    from invoices i left join (
        select self_bill, abs(sum(share)) as share, abs(sum(share_vat)) as share_vat
        from invoice_sales where self_bill is not null group by self_bill
    ) s on s.self_bill = i.id
    where i.kind in ('389', '261')
        and (s.share is distinct from i.net or s.share_vat is distinct from i.vat)
    """
)
_POSTINGS = text(
    """
    with signed as (
        select id, number, buyer, currency, posted,
            case kind when '381' then -1 else 1 end * (net + vat) as gross,
            case kind when '381' then -1 else 1 end * vat as vat
        from invoices where kind in ('380', '381')
    ), moves (posted, kind, party, currency, amount) as (
        select posted, 'receivable', buyer, currency, gross from signed
        union all select posted, 'vat', '', currency, -vat from signed
        union all select i.posted, 'vat', '', i.currency, s.share_vat
            from invoice_sales s join signed i on i.id = s.invoice
        union all select i.posted, 'payable', s.provider, i.currency, -s.share - s.share_vat
            from invoice_sales s join signed i on i.id = s.invoice
        union all select i.posted, 'fee', '', i.currency, -s.fee
            from invoice_sales s join signed i on i.id = s.invoice
    ), wanted as (
        select posted, kind, party, currency, sum(amount) as amount
        from moves group by posted, kind, party, currency having sum(amount) <> 0
    ), there as (
        select e.transaction as posted, a.kind, a.party, a.currency, e.amount
        from books_entries e join books_accounts a on a.id = e.account
        where e.transaction in (select posted from signed)
    ), unlike as (
        select coalesce(w.posted, t.posted) as posted
        from wanted w full join there t
            on t.posted = w.posted and t.kind = w.kind and t.party = w.party
            and t.currency = w.currency
        where w.amount is distinct from t.amount
    )
    select number, 'was not posted as it says' as wrong from signed
    where posted is null or posted in (select posted from unlike)
    union all
    select coalesce(i.number, t.key), 'was posted, and is not there'
    from books_transactions t left join signed i on i.posted = t.id
    where t.kind in ('invoice', 'credit-note') and i.id is null
    """
)
_DOCUMENTS = text(
    r"""
    select number, wrong from (
        select number, case
            when sha256(document) <> digest then 'is not what was sent: its digest is another'
            when substring(convert_from(document, 'UTF8') from
                '<cbc:TaxExclusiveAmount currencyID="...">([0-9.]+)<')::numeric * 100 <> net
                or substring(convert_from(document, 'UTF8') from
                '<cbc:TaxInclusiveAmount currencyID="...">([0-9.]+)<')::numeric * 100 <> net + vat
                then 'says another amount than is kept beside it'
            when position('<cbc:ID>' || number || '</cbc:ID>' in convert_from(document, 'UTF8')) = 0
                then 'says another number'
        end as wrong from invoices) told
    where wrong is not null
    """
)
