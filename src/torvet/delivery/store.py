"""Projections as rows. Each function takes the transaction that it runs in."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from torvet.contracts import Projection
from torvet.kit import filters

from .tables import projections


@contextmanager
def held(db: Engine, table: str) -> Iterator[None]:
    """Hold `table` against every other process until the block ends, or this process does.

    The lock is the connection's own, with no transaction open for as long as the work takes.
    Raises sqlalchemy.exc.OperationalError where another has held it for the database's
    lock_timeout.
    """
    with db.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        name = func.hashtextextended(f"make {table}", 0)
        connection.execute(select(func.pg_advisory_lock(name)))
        try:
            yield
        finally:
            with suppress(DBAPIError):
                connection.execute(select(func.pg_advisory_unlock(name)))


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
