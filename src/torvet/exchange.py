"""The one place that opens the real parts."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .backends.delta_tables import DeltaTables
from .backends.duckdb_engine import DuckDBEngine
from .backends.embedded_postgres import embedded_postgres
from .backends.keys import load_keys
from .backends.postgres import open_database
from .backends.object_store import local_filesystem, s3_client, s3_filesystem
from .backends.spark_engine import SparkEngine
from .backends.table_files import LocalFiles, S3Files, TableFiles
from .kit.ids import new_id
from .migrations import migrate as bring_up_to_date
from .ports.clock import WallClock
from .ports.engine import QueryEngine
from .ports.parts import Parts
from .ports.tables import TableStore
from .settings import Settings

EMBEDDED = "embedded"
S3 = "s3://"


@contextmanager
def open_parts(settings: Settings, *, migrate: bool = True) -> Iterator[Parts]:
    """Open every part that `settings` name, and close them again.

    Several processes of one home may do so at once.
    """
    with ExitStack() as stack:
        settings.home.mkdir(parents=True, exist_ok=True)
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
            keys=load_keys(settings.home / "keys"),
            new_id=new_id,
        )


@contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """Give the URL of the database, embedded or elsewhere."""
    if settings.database == EMBEDDED:
        with embedded_postgres(settings.home) as url:
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
