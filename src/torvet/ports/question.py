"""Questions that come with every request: written out once, and put to the driver itself.

To build a statement, to look it up and to wrap its answer takes SQLAlchemy longer than it takes
PostgreSQL to answer by index. Where a request asks four of them that is most of its time.
"""

from typing import Any

import psycopg
from sqlalchemy import Connection, Select
from sqlalchemy.dialects.postgresql import psycopg as dialect

_DIALECT = dialect.dialect()  # type: ignore[no-untyped-call]  # it has no types


class Question:
    """A SELECT of at most one row, by the names of its columns and of its parameters."""

    def __init__(self, statement: Select[Any]) -> None:
        self._sql = str(statement.compile(dialect=_DIALECT))
        self._names = tuple(statement.selected_columns.keys())

    def ask(self, tx: Connection, **asked: object) -> dict[str, Any] | None:
        """Return the row by the names of its columns, or None where there is none.

        Raises what SQLAlchemy raises.
        """
        connection: Any = tx.connection.driver_connection
        if connection.autocommit:
            try:
                row = connection.execute(self._sql, asked, prepare=True).fetchone()
                return None if row is None else dict(zip(self._names, row, strict=True))
            except psycopg.Error:
                # Asked again below: SQLAlchemy knows what to do with a connection that broke.
                pass
        found = tx.exec_driver_sql(self._sql, asked).one_or_none()
        return None if found is None else dict(zip(self._names, found, strict=True))
