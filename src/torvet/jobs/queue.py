"""Putting a job in the queue, in the transaction of the deed that wants it done."""

from datetime import datetime
from typing import Any

import procrastinate
from sqlalchemy import Connection

# Never opened: a deed brings its own connection.
_app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())


def defer(
    tx: Connection,
    name: str,
    *,
    lock: str | None = None,
    at: datetime | None = None,
    **arguments: str | int,
) -> None:
    """Enqueue job `name`: it will run if and only if `tx` commits, and not before `at`.

    Jobs with the same `lock` run one after another, in the order they were enqueued.
    """
    more: dict[str, Any] = {} if at is None else {"schedule_at": at}
    _app.configure_task(name, lock=lock, connection=tx.connection.driver_connection, **more).defer(
        **arguments
    )
