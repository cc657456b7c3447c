"""What the code says of the tables, and what migrations make of them, are one and the same."""

import importlib
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData

from torvet.migrations import newest

PACKAGE = Path(__file__).parents[2] / "src" / "torvet"


def declared():
    """All tables of all slices, in one MetaData."""
    together = MetaData()
    for path in sorted(PACKAGE.glob("*/**/*tables.py")):
        within = path.relative_to(PACKAGE).with_suffix("").parts
        if within[0] in {"ports", "backends"}:
            continue
        module = importlib.import_module(".".join(("torvet", *within)))
        for table in module.metadata.tables.values():
            if table.name not in together.tables:
                table.to_metadata(together)
    return together


def test_migrations_make_the_tables_that_the_code_declares(parts):
    together = declared()
    names = set(together.tables)

    with parts.db.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _parents: kind != "table" or name in names,
            },
        )
        differences = compare_metadata(context, together)

    assert names
    assert differences == []


def test_the_newest_migration_is_the_last_of_the_folder():
    chain = Config()
    chain.set_main_option("script_location", str(PACKAGE / "migrations"))

    assert ScriptDirectory.from_config(chain).get_current_head() == newest()
