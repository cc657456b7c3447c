"""The one place that opens the real parts, tries them, and saves all that they hold."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict

from sqlalchemy import text

from . import __version__
from .audit import newest_checkpoint
from .backends import backup
from .backends import embedded_postgres as embedded
from .backends.bank_transfer import BankByFiles
from .backends.card_payments import CardProvider
from .backends.delta_tables import DeltaTables
from .backends.duckdb_engine import DuckDBEngine
from .backends.keys import load_keys
from .backends.object_store import local_filesystem, s3_client, s3_filesystem
from .backends.postgres import open_database
from .backends.spark_engine import SparkEngine
from .backends.table_files import LocalFiles, S3Files, TableFiles
from .catalogue import newest_numbers
from .kit.errors import ExchangeError
from .kit.ids import new_id
from .migrations import migrate as bring_up_to_date
from .migrations import pending
from .ports.clock import WallClock
from .ports.engine import QueryEngine
from .ports.moment import one_moment
from .ports.parts import Parts
from .ports.payments import CardPayments
from .ports.tables import TableStore
from .settings import Settings

EMBEDDED = "embedded"
S3 = "s3://"
_SECRET = ("secret", "password")


class Finding(TypedDict):
    """What came of trying one part."""

    part: str
    ok: bool
    said: str
    origin: str
    advice: str


@contextmanager
def open_parts(settings: Settings, *, migrate: bool = True) -> Iterator[Parts]:
    """Open every part that `settings` name, and close them again.

    Several processes of one home may do so at once.
    """
    with ExitStack() as stack:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        url = stack.enter_context(database_url(settings))
        db = open_database(url)
        stack.callback(db.dispose)
        if migrate:
            bring_up_to_date(db)
        files = open_files(settings)
        yield Parts(
            settings=settings,
            db=db,
            tables=DeltaTables(files),
            engine=stack.enter_context(open_engine(settings)),
            clock=WallClock(),
            bank=BankByFiles(Path(settings.bank_folder) if settings.bank_folder else None),
            cards=stack.enter_context(open_cards(settings)),
            keys=load_keys(settings.home / "keys"),
            new_id=new_id,
        )


@contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """Give the URL of the database, embedded or elsewhere."""
    if settings.database == EMBEDDED:
        with embedded.embedded_postgres(settings.home) as url:
            yield url
    else:
        yield settings.database


def open_files(settings: Settings) -> TableFiles:
    """Return where the files of tables are: a folder, or an object store."""
    if settings.tables == EMBEDDED:
        return LocalFiles(settings.home / "tables")
    if settings.tables.startswith(S3):
        return S3Files(settings.tables, s3_client(settings))
    return LocalFiles(Path(settings.tables))


def open_tables(settings: Settings) -> TableStore:
    """Return the table store."""
    return DeltaTables(open_files(settings))


@contextmanager
def open_engine(settings: Settings) -> Iterator[QueryEngine]:
    """Open the engine: DuckDB in process, or a Spark Connect server."""
    remote = s3_filesystem(settings) if settings.tables.startswith(S3) else None
    engine: DuckDBEngine | SparkEngine
    if settings.engine == EMBEDDED:
        engine = DuckDBEngine(
            temporary=settings.home / "temporary",
            memory_mb=settings.engine_memory_mb,
            files=remote,
        )
    else:
        engine = SparkEngine(settings.engine, files=remote or local_filesystem())
    try:
        yield engine
    finally:
        engine.close()


@contextmanager
def open_cards(settings: Settings) -> Iterator[CardPayments | None]:
    """Open the card provider; None where none is set."""
    if not settings.card_endpoint:
        yield None
        return
    cards = CardProvider(
        settings.card_endpoint,
        secret_key=settings.card_secret_key,
        webhook_secret=settings.card_webhook_secret,
        timeout_s=settings.card_timeout_s,
    )
    try:
        yield cards
    finally:
        cards.close()


def check(settings: Settings, origins: Mapping[str, str]) -> list[Finding]:
    """Try every part, none of them depending on another's success."""

    def tried(part: str, setting: str, attempt: Callable[[], str], advice: str) -> Finding:
        found = Finding(part=part, ok=True, said="", origin=origins.get(setting, ""), advice="")
        try:
            return {**found, "said": attempt()}
        except ExchangeError as error:
            return {**found, "ok": False, "said": str(error), "advice": error.advice or advice}
        except Exception as error:  # noqa: BLE001 - a check tells what is wrong, whatever it is
            said = str(error).strip().split("\n", 1)[0] or type(error).__name__
            return {**found, "ok": False, "said": said, "advice": advice}

    chosen = [name for name, origin in origins.items() if origin != "default"]
    return [
        tried("home", "home", lambda: _try_home(settings), _ADVICE["home"]),
        tried("keys", "home", lambda: _try_keys(settings), _ADVICE["keys"]),
        tried("database", "database", lambda: _try_database(settings), _ADVICE["database"]),
        tried("tables", "tables", lambda: open_tables(settings).check(), _ADVICE["tables"]),
        tried("engine", "engine", lambda: _try_engine(settings), _ADVICE["engine"]),
        tried("engine on tables", "engine", lambda: _try_both(settings), _ADVICE["both"]),
        tried("log", "database", lambda: _try_log(settings), _ADVICE["log"]),
        *(
            Finding(
                part=f"setting {name}",
                ok=True,
                said=_shown(settings, name),
                origin=origins[name],
                advice="",
            )
            for name in chosen
        ),
    ]


_ADVICE = {
    "home": "Make the folder writable, or set TORVET_HOME to one that is.",
    "keys": "Bring the files back from a backup: without them no old receipt can be verified.",
    "database": "Set TORVET_DATABASE to a PostgreSQL that answers, or to `embedded`.",
    "tables": "Set TORVET_TABLES to a bucket that exists, with its credentials and endpoint.",
    "engine": "Set TORVET_ENGINE to a Spark Connect server that answers, or to `embedded`.",
    "log": "`torvet log verify` says what is wrong with it.",
    "both": "The engine must reach the tables where they are: set both to places that it sees.",
}


def _try_home(settings: Settings) -> str:
    LocalFiles(settings.home).put_new(name := f".check-{new_id('try')}", b"torvet")
    LocalFiles(settings.home).remove(name)
    return str(settings.home)


def _try_keys(settings: Settings) -> str:
    load_keys(settings.home / "keys")
    return "Ed25519 signing key and secret"


def _try_database(settings: Settings) -> str:
    with database_url(settings) as url, ExitStack() as stack:
        db = open_database(url)
        stack.callback(db.dispose)
        with db.connect() as tx:
            version = tx.execute(text("SHOW server_version")).scalar_one()
            lacking = pending(tx)
    state = f"to be migrated to {lacking} when it is next opened" if lacking else "up to date"
    return f"PostgreSQL {version}, {state}"


def _try_log(settings: Settings) -> str:
    with open_parts(settings, migrate=False) as parts:
        with parts.db.connect() as tx:
            if pending(tx):
                return "begins when the exchange is next opened"
        newest = newest_checkpoint(parts)
    return f"{newest.size:,} facts are signed; `torvet log verify` computes them all again"


def _try_engine(settings: Settings) -> str:
    with open_engine(settings) as engine:
        return engine.check()


def _try_both(settings: Settings) -> str:
    tables, name = open_tables(settings), f"checks/{new_id('try')}"
    with open_engine(settings) as engine:
        try:
            written = engine.write("SELECT 7 AS seven", {}, tables.folder(name), prefix="check-")
            there = [f"{tables.folder(name)}/{file.path}" for file in written]
            rows = engine.rows("SELECT seven FROM here", {"here": there})
        finally:
            tables.remove(name)
    if rows != [{"seven": 7}]:
        raise OSError(f"{rows} was read where 7 was written")
    return "what the engine writes there it reads back"


def _shown(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    if any(word in name for word in _SECRET):
        return "(not shown)" if value else "(empty)"
    shown = str(value)
    head, at, tail = shown.rpartition("@")
    return f"{head.split('://', 1)[0]}://…@{tail}" if at and "://" in head else shown


def back_up(settings: Settings, archive: Path) -> dict[str, Any]:
    """Write everything that this home holds into `archive`, while work goes on.

    Tables in an object store stay there: it has its own versions and copies.
    """
    archive = archive.absolute()
    archive.parent.mkdir(parents=True, exist_ok=True)
    files = open_files(settings)
    local = Path(files.root) if isinstance(files, LocalFiles) else None
    manifest = {
        "torvet": __version__,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "tables": "here" if local else settings.tables,
    }
    with (
        database_url(settings) as url,
        tempfile.TemporaryDirectory(prefix=".backup-", dir=archive.parent) as folder,
    ):
        dump = Path(folder) / backup.DUMP
        newest = _dump(url, dump)
        size = backup.write_archive(
            archive, settings.home, dump, manifest=manifest, tables=local, newest=newest
        )
    return {**manifest, "file": str(archive), "bytes": size}


def _dump(url: str, target: Path) -> dict[str, int]:
    """Dump the database; return the newest release of each dataset, as of the same snapshot."""
    db = open_database(url, pool_size=1)
    try:
        with one_moment(db) as tx:
            # The snapshot lives as long as this transaction, which waits for the dump.
            tx.execute(text("SET idle_in_transaction_session_timeout = 0"))
            snapshot = tx.execute(text("SELECT pg_export_snapshot()")).scalar_one()
            newest = newest_numbers(tx)
            backup.dump_database(url, target, snapshot=snapshot)
    finally:
        db.dispose()
    return newest


def restore_from(settings: Settings, archive: Path) -> dict[str, Any]:
    """Bring `archive` back into an empty home and an empty database. All or nothing."""
    manifest = backup.read_archive(archive, settings.home)
    try:
        with database_url(settings) as url:
            _refuse_a_used_database(url)
            backup.restore_database(url, settings.home / backup.DUMP)
        (settings.home / backup.DUMP).unlink()
    except BaseException:
        backup.clear(settings.home)
        raise
    return manifest


def _refuse_a_used_database(url: str) -> None:
    db = open_database(url, pool_size=1)
    counted = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    try:
        with db.connect() as tx:
            if tx.execute(text(counted)).scalar_one():
                raise backup.NotEmpty(db.url.render_as_string(hide_password=True))
    finally:
        db.dispose()


def stop_embedded(settings: Settings) -> bool:
    """Stop this home's PostgreSQL, whoever uses it; return whether there was one."""
    if embedded.running((settings.home / "postgres").resolve()) is None:
        return False
    embedded.stop(settings.home)
    return True
