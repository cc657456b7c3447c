"""Uses and thanks as rows. Each function takes the transaction that it runs in."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import insert

from torvet.parties.model import PartyId

from .errors import UseNotFound
from .model import Benefit, Gratitude, Shown, ThanksId, Unit, Use, UseId
from .tables import reuse_thanks as thanks
from .tables import reuse_uses as uses


def add_use(tx: Connection, use: Use) -> None:
    tx.execute(
        insert(uses).values(
            id=use.id,
            contract=use.contract,
            dataset=use.dataset,
            provider=use.provider,
            consumer=use.consumer,
            purpose=use.purpose,
            title=use.title,
            words=use.words,
            period_start=use.period_start,
            period_end=use.period_end,
            benefits=[_written(benefit) for benefit in use.benefits],
            link=use.link,
            counted_with=use.counted_with,
            shown=use.shown.value,
            public=use.public,
            stated_at=use.stated_at,
            stated_by=use.stated_by,
        )
    )


def use(tx: Connection, use_id: str, consumer: str | None) -> Use:
    """Return a use that `consumer` stated; raise UseNotFound."""
    wanted = select(uses).where(uses.c.id == use_id, uses.c.consumer == consumer)
    row = tx.execute(wanted).mappings().one_or_none()
    if row is None:
        raise UseNotFound(use_id)
    return _use(row)


def withdraw_use(tx: Connection, use_id: str, at: datetime) -> bool:
    """Take a use back; say whether this call did."""
    standing = (uses.c.id == use_id, uses.c.withdrawn_at.is_(None))
    return tx.execute(update(uses).where(*standing).values(withdrawn_at=at)).rowcount == 1


def uses_where(tx: Connection, *wanted: ColumnElement[bool], limit: int) -> list[Use]:
    """Return uses that were not withdrawn, newest first."""
    query = select(uses).where(*wanted, uses.c.withdrawn_at.is_(None))
    return [
        _use(row) for row in tx.execute(query.order_by(uses.c.id.desc()).limit(limit)).mappings()
    ]


def of_consumer(party: str) -> ColumnElement[bool]:
    return uses.c.consumer == party


def of_provider(party: str) -> ColumnElement[bool]:
    return uses.c.provider == party


def public_of(dataset: str) -> ColumnElement[bool]:
    return (uses.c.dataset == dataset) & uses.c.public


def within_year(year: int) -> ColumnElement[bool]:
    """Those whose period ends in `year`."""
    return (uses.c.period_end >= date(year, 1, 1)) & (uses.c.period_end <= date(year, 12, 31))


def add_thanks(tx: Connection, one: Gratitude) -> None:
    tx.execute(
        insert(thanks).values(
            id=one.id,
            contract=one.contract,
            dataset=one.dataset,
            provider=one.provider,
            consumer=one.consumer,
            words=one.words,
            shown=one.shown.value,
            public=one.public,
            said_at=one.said_at,
            said_by=one.said_by,
        )
    )


def thanks_to(
    tx: Connection, provider: str, *, start: datetime, end: datetime, limit: int
) -> list[Gratitude]:
    """Return thanks to a provider from `start` until before `end`, newest first."""
    wanted = select(thanks).where(
        thanks.c.provider == provider, thanks.c.said_at >= start, thanks.c.said_at < end
    )
    page = wanted.order_by(thanks.c.id.desc()).limit(limit)
    return [_gratitude(row) for row in tx.execute(page).mappings()]


def thanks_by(
    tx: Connection, consumer: str, *, start: datetime, end: datetime, limit: int
) -> list[Gratitude]:
    """Return what a consumer thanked from `start` until before `end`, newest first."""
    wanted = select(thanks).where(
        thanks.c.consumer == consumer, thanks.c.said_at >= start, thanks.c.said_at < end
    )
    page = wanted.order_by(thanks.c.id.desc()).limit(limit)
    return [_gratitude(row) for row in tx.execute(page).mappings()]


def thanks_under(tx: Connection, contract: str, limit: int) -> list[Gratitude]:
    """Return what was thanked under a contract, newest first."""
    wanted = select(thanks).where(thanks.c.contract == contract)
    page = wanted.order_by(thanks.c.id.desc()).limit(limit)
    return [_gratitude(row) for row in tx.execute(page).mappings()]


def newest_thanks(tx: Connection, provider: str, limit: int) -> list[Gratitude]:
    """Return the newest thanks to a provider."""
    wanted = select(thanks).where(thanks.c.provider == provider)
    page = wanted.order_by(thanks.c.id.desc()).limit(limit)
    return [_gratitude(row) for row in tx.execute(page).mappings()]


def public_thanks(tx: Connection, dataset: str, limit: int) -> tuple[list[Gratitude], int]:
    """Return the newest public thanks for a dataset, and how many there are."""
    public = (thanks.c.dataset == dataset, thanks.c.public)
    many = tx.scalar(select(func.count()).select_from(thanks).where(*public)) or 0
    page = select(thanks).where(*public).order_by(thanks.c.id.desc()).limit(limit)
    return [_gratitude(row) for row in tx.execute(page).mappings()], many


def _written(benefit: Benefit) -> dict[str, Any]:
    return {
        "unit": benefit.unit.value,
        "low": str(benefit.low),
        "amount": str(benefit.amount),
        "high": str(benefit.high),
        "method": benefit.method,
        "evidence": benefit.evidence,
    }


def _use(row: RowMapping) -> Use:
    return Use(
        id=UseId(row["id"]),
        contract=row["contract"],
        dataset=row["dataset"],
        provider=PartyId(row["provider"]),
        consumer=PartyId(row["consumer"]),
        purpose=row["purpose"],
        title=row["title"],
        words=row["words"],
        period_start=row["period_start"],
        period_end=row["period_end"],
        benefits=tuple(
            Benefit(
                unit=Unit(one["unit"]),
                low=Decimal(one["low"]),
                amount=Decimal(one["amount"]),
                high=Decimal(one["high"]),
                method=one["method"],
                evidence=one["evidence"],
            )
            for one in row["benefits"]
        ),
        link=row["link"],
        counted_with=None if row["counted_with"] is None else UseId(row["counted_with"]),
        shown=Shown(row["shown"]),
        public=row["public"],
        stated_at=row["stated_at"],
        stated_by=row["stated_by"],
        withdrawn_at=row["withdrawn_at"],
    )


def _gratitude(row: RowMapping) -> Gratitude:
    return Gratitude(
        id=ThanksId(row["id"]),
        contract=row["contract"],
        dataset=row["dataset"],
        provider=PartyId(row["provider"]),
        consumer=PartyId(row["consumer"]),
        words=row["words"],
        shown=Shown(row["shown"]),
        public=row["public"],
        said_at=row["said_at"],
        said_by=row["said_by"],
    )
