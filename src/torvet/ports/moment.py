"""One moment of the database, for whoever reads more of it than one statement shows."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text


@contextmanager
def one_moment(db: Engine) -> Iterator[Connection]:
    """Show the database as it is now, to every statement within; nothing can be written.

    Blocks nobody, and a statement takes as long as it takes. PostgreSQL's REPEATABLE READ is
    snapshot isolation: https://www.postgresql.org/docs/18/transaction-iso.html
    """
    with db.connect().execution_options(isolation_level="REPEATABLE READ") as tx, tx.begin():
        tx.execute(text("set transaction read only; set local statement_timeout = 0"))
        yield tx
