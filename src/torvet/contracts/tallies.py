"""How many contracts there are, and for what: for who shows what data is used for."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, or_, select

from .model import Contract, Stage
from .store import contract_of
from .tables import contracts

HELD_MAX = 10_000


def in_force_by_purpose(tx: Connection, dataset: str) -> dict[str, int]:
    """Return how many contracts of a dataset are agreed for which purpose, the most first."""
    agreed = (contracts.c.dataset == dataset, contracts.c.stage == Stage.AGREED.value)
    many = func.count().label("many")
    query = select(contracts.c.purpose, many).where(*agreed).group_by(contracts.c.purpose)
    rows = tx.execute(query.order_by(many.desc(), contracts.c.purpose))
    return {row.purpose: row.many for row in rows}


def held_between(
    tx: Connection, provider: str, *, start: datetime, end: datetime, limit: int = HELD_MAX
) -> list[Contract]:
    """Return the contracts of a provider that were in force at some time in `start` … `end`."""
    return _between(tx, contracts.c.provider == provider, start=start, end=end, limit=limit)


def taken_between(
    tx: Connection, consumer: str, *, start: datetime, end: datetime, limit: int = HELD_MAX
) -> list[Contract]:
    """Return the contracts of a consumer that were in force at some time in `start` … `end`."""
    return _between(tx, contracts.c.consumer == consumer, start=start, end=end, limit=limit)


def _between(
    tx: Connection, whose: ColumnElement[bool], *, start: datetime, end: datetime, limit: int
) -> list[Contract]:
    wanted = select(contracts).where(
        whose,
        contracts.c.agreed_at < end,
        or_(contracts.c.ended_at.is_(None), contracts.c.ended_at >= start),
    )
    page = wanted.order_by(contracts.c.id).limit(limit)
    return [contract_of(row) for row in tx.execute(page).mappings()]
