"""The one chain of migrations, run by Alembic from inside the package."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, text

if TYPE_CHECKING:  # a start waits for it only where something is to be migrated
    from alembic.config import Config

_FOLDER = Path(__file__).parent
_LOCK = 0x746F72766574  # "torvet": server and workers may start at the same moment


def migrate(db: Engine) -> None:
    """Bring the database to the newest version; do nothing where it is there."""
    with db.begin() as tx:
        tx.execute(text("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"))
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if pending(tx):
            _upgrade(tx)


def pending(tx: Connection) -> str | None:
    """Return the revision that the database lacks, or None where it has the newest."""
    known = tx.scalar(text("SELECT to_regclass('alembic_version')"))
    current = tx.scalar(text("SELECT version_num FROM alembic_version")) if known else None
    return None if current == newest() else newest()


def newest() -> str:
    """Return the newest revision: each is named as its file, and files are numbered."""
    return max(file.stem for file in (_FOLDER / "versions").glob("[0-9]*.py"))


def _upgrade(tx: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - as above

    config = _config()
    config.attributes["connection"] = tx
    command.upgrade(config, "head")


def _config() -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config
