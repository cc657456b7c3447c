"""Projections as rows. Each function takes the transaction that it runs in."""

from datetime import datetime

from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects.postgresql import insert

from torvet.contracts import Projection
from torvet.kit import filters

from .tables import projections

LOCK_WAIT_S = 20


def lock(tx: Connection, table: str) -> None:
    """Hold `table` against every other process until the transaction ends.

    Raises sqlalchemy.exc.OperationalError where another holds it longer than LOCK_WAIT_S.
    """
    tx.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT_S}s'"))
    tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(table, 0))))


def keep(
    tx: Connection, dataset: str, projection: Projection, *, release: int, at: datetime
) -> None:
    """Note that the table of `projection` has every release up to `release`."""
    new = insert(projections).values(
        dataset=dataset,
        key=projection.key,
        columns=None if projection.columns is None else list(projection.columns),
        filter=None if projection.filter is None else filters.to_json(projection.filter),
        release=release,
        made_at=at,
    )
    tx.execute(
        new.on_conflict_do_update(
            index_elements=[projections.c.dataset, projections.c.key],
            set_={"release": func.greatest(projections.c.release, new.excluded.release)},
        )
    )


def of_dataset(tx: Connection, dataset: str) -> list[Projection]:
    """Return the projections that some contract has read."""
    rows = tx.execute(select(projections).where(projections.c.dataset == dataset))
    return [
        Projection(
            columns=None if row.columns is None else tuple(row.columns),
            filter=None if row.filter is None else filters.from_json(row.filter),
        )
        for row in rows
    ]


def tables(tx: Connection) -> list[tuple[str, str]]:
    """Return dataset and key of every projection."""
    rows = tx.execute(select(projections.c.dataset, projections.c.key))
    return [(row.dataset, row.key) for row in rows]
