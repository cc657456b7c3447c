"""Agreements and divisions as rows. Each function takes the transaction that it runs in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, text
from sqlalchemy.dialects.postgresql import distinct_on

from torvet.kit.money import Currency, Money

from .model import (
    Agreement,
    Division,
    Earned,
    How,
    Member,
    Part,
    Terms,
    Way,
    Worth,
)
from .tables import share_agreements as agreements
from .tables import share_divisions as divisions
from .tables import share_members as members
from .tables import share_parts as parts


def hold_dataset(tx: Connection, dataset: str) -> None:
    """Let nobody else change the agreement of `dataset` until `tx` ends."""
    key = func.hashtextextended(f"shares:{dataset}", 0)
    tx.execute(select(func.pg_advisory_xact_lock(key)))


def newest(tx: Connection, dataset: str, at: datetime | None = None) -> Agreement | None:
    """Return the agreement that holds, or held at `at`."""
    query = select(agreements).where(agreements.c.dataset == dataset)
    if at is not None:
        query = query.where(agreements.c.made_at <= at)
    row = tx.execute(query.order_by(agreements.c.version.desc()).limit(1)).one_or_none()
    return _agreement(row) if row else None


def version(tx: Connection, dataset: str, number: int) -> Agreement:
    """Return one version of an agreement, which is there."""
    named = (agreements.c.dataset == dataset, agreements.c.version == number)
    return _agreement(tx.execute(select(agreements).where(*named)).one())


def versions(tx: Connection, dataset: str) -> list[Agreement]:
    """Return every version, the newest first."""
    query = select(agreements).where(agreements.c.dataset == dataset)
    return [_agreement(row) for row in tx.execute(query.order_by(agreements.c.version.desc()))]


def newest_of(tx: Connection, datasets: Sequence[str]) -> dict[str, Agreement]:
    """Return the agreements that hold, by dataset."""
    query = (
        select(agreements)
        .where(agreements.c.dataset.in_(list(datasets)))
        .ext(distinct_on(agreements.c.dataset))
        .order_by(agreements.c.dataset, agreements.c.version.desc())
    )
    return {row.dataset: _agreement(row) for row in tx.execute(query)}


def add(tx: Connection, agreement: Agreement) -> None:
    """Write a version of an agreement."""
    tx.execute(
        insert(agreements).values(
            dataset=agreement.dataset,
            version=agreement.version,
            provider=agreement.provider,
            terms=terms_json(agreement.terms),
            made_at=agreement.made_at,
            made_by=agreement.made_by,
        )
    )
    named = {"dataset": agreement.dataset, "version": agreement.version}
    rows = [{**named, "party": member.party} for member in agreement.terms.members]
    if rows:
        tx.execute(insert(members), rows)


def shared_with(tx: Connection, party: str, limit: int) -> list[Agreement]:
    """Return the agreements in force in which `party` shares."""
    last = (
        select(func.max(agreements.c.version))
        .where(agreements.c.dataset == members.c.dataset)
        .correlate(members)
        .scalar_subquery()
    )
    query = (
        select(agreements)
        .join(
            members,
            (members.c.dataset == agreements.c.dataset)
            & (members.c.version == agreements.c.version),
        )
        .where(members.c.party == party, members.c.version == last)
        .order_by(agreements.c.dataset)
        .limit(limit)
    )
    return [_agreement(row) for row in tx.execute(query)]


def undivided(tx: Connection, limit: int) -> list[Row[Any]]:
    """Return what settled sales say of datasets with an agreement, and was not divided yet.

    In the order of the documents, so that a sale comes before what takes it back.
    """
    return list(tx.execute(_UNDIVIDED, {"limit": limit}))


def add_division(
    tx: Connection, division: Division, *, transaction: str | None, at: datetime
) -> None:
    """Write what came of one sale or credit note."""
    how = division.how
    tx.execute(
        insert(divisions).values(
            source=division.source,
            sale=division.sale,
            contract=division.contract,
            dataset=division.dataset,
            version=division.version,
            provider=division.provider,
            income=division.income.minor,
            shared=division.shared.minor,
            currency=division.income.currency.value,
            how={
                "way": how.way.value,
                **{
                    name: value
                    for name, value in (
                        ("seed", None if how.seed is None else str(how.seed)),
                        ("pairs", how.pairs),
                        ("error", how.error),
                    )
                    if value is not None
                },
            },
            transaction=transaction,
            divided_at=at,
        )
    )
    rows = [
        {"source": division.source, "party": part.party, "amount": part.amount.minor}
        for part in division.parts
    ]
    if rows:
        tx.execute(insert(parts), rows)


def divided(tx: Connection, sale: str, contract: str) -> list[Division]:
    """Return what was divided of one contract of a sale: the sale itself, then credit notes."""
    query = select(divisions).where(divisions.c.sale == sale, divisions.c.contract == contract)
    found = tx.execute(query.order_by(divisions.c.divided_at, divisions.c.source)).all()
    return [_division(row, _parts_of(tx, row.source, Currency(row.currency))) for row in found]


def divisions_of(tx: Connection, dataset: str, limit: int) -> list[tuple[Division, datetime]]:
    """Return the newest divisions of a dataset's income, without their parts, and when."""
    query = select(divisions).where(divisions.c.dataset == dataset)
    query = query.order_by(divisions.c.divided_at.desc(), divisions.c.source.desc()).limit(limit)
    return [(_division(row, ()), row.divided_at) for row in tx.execute(query)]


def earned(tx: Connection, party: str, limit: int) -> list[Earned]:
    """Return what `party` got of divisions, the newest first."""
    query = (
        select(divisions, parts.c.amount)
        .join(parts, parts.c.source == divisions.c.source)
        .where(parts.c.party == party)
        .order_by(divisions.c.divided_at.desc(), divisions.c.source)
        .limit(limit)
    )
    return [
        Earned(
            source=row.source,
            sale=row.sale,
            dataset=row.dataset,
            version=row.version,
            provider=row.provider,
            income=Money(row.income, Currency(row.currency)),
            shared=Money(row.shared, Currency(row.currency)),
            amount=Money(row.amount, Currency(row.currency)),
            how=_how(row.how),
            at=row.divided_at,
        )
        for row in tx.execute(query)
    ]


def sums(tx: Connection, party: str) -> list[tuple[str, Money]]:
    """Return what `party` got of each dataset altogether, in each currency."""
    query = (
        select(divisions.c.dataset, divisions.c.currency, func.sum(parts.c.amount).label("total"))
        .join(parts, parts.c.source == divisions.c.source)
        .where(parts.c.party == party)
        .group_by(divisions.c.dataset, divisions.c.currency)
        .order_by(divisions.c.dataset, divisions.c.currency)
    )
    found = tx.execute(query)
    return [(row.dataset, Money(int(row.total), Currency(row.currency))) for row in found]


def crooked(tx: Connection, limit: int) -> list[str]:
    """Return the divisions whose parts are not together what was shared."""
    return list(tx.scalars(_CROOKED, {"limit": limit}))


def _parts_of(tx: Connection, source: str, currency: Currency) -> tuple[Part, ...]:
    query = select(parts).where(parts.c.source == source).order_by(parts.c.party)
    found = tx.execute(query)
    return tuple(Part(party=row.party, amount=Money(row.amount, currency)) for row in found)


def _division(row: Row[Any], found: Sequence[Part]) -> Division:
    currency = Currency(row.currency)
    return Division(
        source=row.source,
        sale=row.sale,
        contract=row.contract,
        dataset=row.dataset,
        version=row.version,
        provider=row.provider,
        income=Money(row.income, currency),
        shared=Money(row.shared, currency),
        parts=tuple(found),
        how=_how(row.how),
    )


def _agreement(row: Row[Any]) -> Agreement:
    return Agreement(
        dataset=row.dataset,
        version=row.version,
        provider=row.provider,
        terms=terms_of(row.terms),
        made_at=row.made_at,
        made_by=row.made_by,
    )


def _how(written: Any) -> How:
    seed = written.get("seed")
    return How(
        way=Way(written["way"]),
        # As text: JSON's numbers are not exact beyond 2^53 in every reader.
        seed=None if seed is None else int(seed),
        pairs=written.get("pairs"),
        error=written.get("error"),
    )


def terms_json(terms: Terms) -> dict[str, Any]:
    """Return terms as JSON, for the database and for the log."""
    return {
        "portion": terms.portion,
        "way": terms.way.value,
        "members": [
            {
                "party": member.party,
                "weight": member.weight,
                **({"columns": list(member.columns)} if member.columns else {}),
            }
            for member in terms.members
        ],
        **(
            {
                "worths": [
                    {"members": list(each.members), "worth": each.worth} for each in terms.worths
                ]
            }
            if terms.worths
            else {}
        ),
    }


def terms_of(written: Any) -> Terms:
    """Read what `terms_json` wrote."""
    return Terms(
        portion=written["portion"],
        way=Way(written["way"]),
        members=tuple(
            Member(
                party=one["party"],
                weight=one["weight"],
                columns=tuple(one.get("columns", ())),
            )
            for one in written["members"]
        ),
        worths=tuple(
            Worth(members=tuple(one["members"]), worth=one["worth"])
            for one in written.get("worths", ())
        ),
    )


_UNDIVIDED = text(
    """
    select s.invoice, s.sale, s.contract, s.dataset, s.provider, s.currency, s.share,
        sold.issued_at as sold_at
    from invoice_sales s join invoices sold on sold.id = s.sale
    where s.dataset in (select dataset from share_agreements)
      and exists (
        select from share_agreements a
        where a.dataset = s.dataset and a.made_at <= sold.issued_at)
      and not exists (
        select from share_divisions d where d.source = s.invoice || ':' || s.contract)
      and sold.net + sold.vat
        - (select coalesce(sum(n.net + n.vat), 0) from invoices n where n.preceding = sold.id)
        - (select coalesce(sum(p.amount), 0) from invoice_payments p where p.invoice = sold.id)
        <= 0
    order by s.invoice, s.contract limit :limit
    """
)
_CROOKED = text(
    """
    select d.source from share_divisions d left join share_parts p on p.source = d.source
    group by d.source having coalesce(sum(p.amount), 0) <> max(d.shared)
    order by 1 limit :limit
    """
)
