"""A backup while work goes on holds one whole moment; it comes back only where nothing is."""

import shutil
import tarfile
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import text

from torvet.backends.backup import NoBackup, NotEmpty
from torvet.exchange import back_up, open_parts, restore_from
from torvet.settings import Settings

pytestmark = pytest.mark.slow

AT = datetime(2026, 6, 1, tzinfo=UTC)
SCHEMA = pa.schema([("n", pa.int64())])
RELEASE = text(
    "INSERT INTO releases (dataset, number, mode, delivery, sources, rows, bytes, columns,"
    " published_at, note) VALUES ('ds_1', :number, 'append', :delivery, '[]', 1, 1, '[]', now(), '')"
)


@pytest.fixture
def homes():
    with tempfile.TemporaryDirectory(prefix="torvet-bk-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def publish(parts, number):
    """Publish as the catalogue does: the table's commit first, then the row that names it."""
    table = "releases/ds_1"
    parts.tables.create(table, SCHEMA, at=AT)
    files = parts.engine.write(
        f"SELECT CAST({number} AS BIGINT) AS n",
        {},
        parts.tables.folder(table),
        prefix=f"r{number}-",
    )
    parts.tables.commit(table, files, version=number, replace=False, schema=SCHEMA, at=AT)
    with parts.db.begin() as tx:
        tx.execute(RELEASE, {"number": number, "delivery": f"dl_{number}"})


def published(parts):
    with parts.db.begin() as tx:
        return list(tx.execute(text("SELECT number FROM releases ORDER BY number")).scalars())


def rows_of(parts, version):
    uris = parts.tables.file_uris("releases/ds_1", version)
    return [row["n"] for row in parts.engine.rows("SELECT n FROM t ORDER BY n", {"t": uris})]


def test_everything_comes_back_as_it_was(homes):
    one, two = Settings(home=homes / "one"), Settings(home=homes / "two")
    with open_parts(one) as parts:
        publish(parts, 1)
        (one.home / "uploads").mkdir()
        (one.home / "uploads" / "up_1").write_bytes(b"half a file")
        (one.home / "torvet.toml").write_text('name = "Aarhus"\n')
        said = back_up(one, homes / "all.tar")
        keys = parts.keys
    assert (homes / "all.tar").stat().st_mode & 0o077 == 0
    assert said["bytes"] == (homes / "all.tar").stat().st_size
    shutil.rmtree(one.home)
    restore_from(two, homes / "all.tar")

    assert (two.home / "uploads" / "up_1").read_bytes() == b"half a file"
    assert (two.home / "torvet.toml").read_text() == 'name = "Aarhus"\n'
    assert (two.home / "keys" / "secret").stat().st_mode & 0o077 == 0
    with open_parts(two) as parts:
        assert published(parts) == [1]
        assert rows_of(parts, 1) == [1]
        assert parts.keys.secret == keys.secret
        assert parts.keys.signing.public_key() == keys.signing.public_key()
        publish(parts, 2)
        assert rows_of(parts, 2) == [1, 2]


def test_a_backup_during_publishing_holds_whole_releases_only(homes):
    one = Settings(home=homes / "one")
    ended = threading.Event()
    with open_parts(one) as parts:
        publish(parts, 1)

        def keep_publishing():
            number = 2
            while not ended.is_set():
                publish(parts, number)
                number += 1

        publisher = threading.Thread(target=keep_publishing)
        publisher.start()
        try:
            for name in ("a.tar", "b.tar"):
                back_up(one, homes / name)
        finally:
            ended.set()
            publisher.join()
    for name in ("a", "b"):
        restored = Settings(home=homes / name)
        restore_from(restored, homes / f"{name}.tar")
        with open_parts(restored) as parts:
            numbers = published(parts)
            assert numbers == list(range(1, len(numbers) + 1))
            # Exactly what the database names: no commit is missing, and none is ahead of it.
            assert parts.tables.version("releases/ds_1") == len(numbers)
            assert rows_of(parts, len(numbers)) == numbers
            publish(parts, len(numbers) + 1)
            assert rows_of(parts, len(numbers) + 1) == [*numbers, len(numbers) + 1]


def test_nothing_is_written_over(homes):
    one = Settings(home=homes / "one")
    with open_parts(one):
        back_up(one, homes / "all.tar")
    (homes / "two").mkdir()
    (homes / "two" / "mine").write_text("kept")

    with pytest.raises(NotEmpty):
        restore_from(Settings(home=homes / "two"), homes / "all.tar")
    assert [path.name for path in (homes / "two").iterdir()] == ["mine"]


def test_a_database_in_use_is_not_restored_into(homes, external_postgres):
    one = Settings(home=homes / "one", database=external_postgres)
    with open_parts(one):
        back_up(one, homes / "all.tar")

    with pytest.raises(NotEmpty):
        restore_from(Settings(home=homes / "two", database=external_postgres), homes / "all.tar")
    assert list((homes / "two").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"not a tar", b"\0" * 20_000])
def test_what_is_no_backup_is_said_to_be_none(homes, content):
    (homes / "all.tar").write_bytes(content)

    with pytest.raises(NoBackup):
        restore_from(Settings(home=homes / "two"), homes / "all.tar")
    assert list((homes / "two").iterdir()) == []


def test_an_archive_cannot_write_outside_the_home(homes):
    with tarfile.open(homes / "all.tar", "w") as archive:
        (homes / "evil").write_text("evil")
        archive.add(homes / "evil", "../escaped")

    with pytest.raises(NoBackup):
        restore_from(Settings(home=homes / "two"), homes / "all.tar")
    assert not (homes / "escaped").exists()
