"""The one chain of migrations, run by Alembic from inside the package."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

_FOLDER = Path(__file__).parent
_LOCK = 0x746F72766574  # "torvet": server and workers may start at the same moment


def migrate(db: Engine) -> None:
    """Bring the database to the newest version; do nothing where it is there."""
    with db.begin() as tx:
        tx.execute(text("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"))
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config = _config()
        config.attributes["connection"] = tx
        command.upgrade(config, "head")


def pending(tx: Connection) -> str | None:
    """Return the revision that the database lacks, or None where it has the newest."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    return None if MigrationContext.configure(tx).get_current_revision() == newest else newest


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config
