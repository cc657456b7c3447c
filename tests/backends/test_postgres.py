"""The pool of connections, when the server ends some of them."""

import pytest
from sqlalchemy import text

from torvet.backends.postgres import open_database


@pytest.fixture
def db(database):
    opened = open_database(database, pool_size=3)
    yield opened
    opened.dispose()


def _backends(db, how_many):
    held = [db.connect() for _ in range(how_many)]
    found = [each.execute(text("SELECT pg_backend_pid()")).scalar_one() for each in held]
    for each in held:
        each.close()
    return found


def test_a_connection_that_the_server_ended_is_handed_to_nobody(db, database):
    ended = _backends(db, 3)
    other = open_database(database, pool_size=1)
    with other.begin() as tx:
        for backend in ended:
            tx.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend})
    other.dispose()

    found = _backends(db, 3)

    assert set(found).isdisjoint(ended)


def test_a_connection_that_is_well_is_used_again(db):
    assert _backends(db, 1) == _backends(db, 1)
