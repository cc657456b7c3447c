"""The connection pool to PostgreSQL: whatever waits for it gives up soon and says so."""

import select
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import InvalidatePoolError

CONNECT_S_MAX = 3
POOL_WAIT_S_MAX = 5
STATEMENT_S_MAX = 30
LOCK_S_MAX = 10
IDLE_S_MAX = 60

# How long the machine at the other end may be silent before it is taken for dead.
_KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}


def open_database(url: str, *, pool_size: int = 20) -> Engine:
    """Open a pool on `url`; no connection is made before the first deed asks for one.

    A statement, a lock and a connection each have a limit: while PostgreSQL is away a deed
    fails within seconds with an OperationalError, and the first one after it is back succeeds.
    """
    address = make_url(url)
    if address.drivername in {"postgresql", "postgres"}:
        address = address.set(drivername="postgresql+psycopg")
    engine = create_engine(
        address,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=POOL_WAIT_S_MAX,
        pool_use_lifo=True,
        connect_args={
            "connect_timeout": CONNECT_S_MAX,
            "application_name": "torvet",
            "options": (
                f"-c timezone=UTC -c statement_timeout={STATEMENT_S_MAX}s"
                f" -c lock_timeout={LOCK_S_MAX}s"
                f" -c idle_in_transaction_session_timeout={IDLE_S_MAX}s"
            ),
            **_KEEPALIVE,
        },
    )
    event.listen(engine, "checkout", _listen)
    return engine


def _listen(connection: Any, _record: object, _fairy: object) -> None:
    """Refuse a connection whose server is gone; the pool then opens another.

    A server that ends says so, and one that is killed closes its end: either can be heard
    without asking. To ask each time is a way there and back for every deed.
    """
    if connection.closed or not _is_silent(connection.fileno()):
        raise InvalidatePoolError("the server is gone")


def _is_silent(descriptor: int) -> bool:
    heard = select.poll()
    heard.register(descriptor, select.POLLIN)
    return not heard.poll(0)
