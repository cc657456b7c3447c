"""One moment of the database, while others write."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from torvet.ports.moment import one_moment


@pytest.fixture
def notes(parts):
    with parts.db.begin() as tx:
        tx.execute(text("CREATE TABLE notes (said text NOT NULL)"))
    yield parts.db
    with parts.db.begin() as tx:
        tx.execute(text("DROP TABLE notes"))


def test_a_moment_does_not_move_while_others_write(notes):
    with one_moment(notes) as tx:
        before = tx.execute(text("SELECT count(*) FROM notes")).scalar_one()
        with notes.begin() as other:
            other.execute(text("INSERT INTO notes VALUES ('later')"))
        after = tx.execute(text("SELECT count(*) FROM notes")).scalar_one()
    with one_moment(notes) as tx:
        afterwards = tx.execute(text("SELECT count(*) FROM notes")).scalar_one()

    assert (before, after, afterwards) == (0, 0, 1)


def test_nothing_is_written_in_a_moment(notes):
    with pytest.raises(DBAPIError, match="read-only"), one_moment(notes) as tx:
        tx.execute(text("INSERT INTO notes VALUES ('never')"))


def test_a_connection_that_showed_a_moment_writes_again(notes):
    with one_moment(notes) as tx:
        shown_by = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with notes.begin() as tx:
        tx.execute(text("INSERT INTO notes VALUES ('after')"))
        limit = tx.execute(text("SHOW statement_timeout")).scalar_one()
        written_by = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()

    assert written_by == shown_by
    assert limit == "30s"
