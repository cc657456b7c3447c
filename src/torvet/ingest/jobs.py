"""Background work of ingest: what was left half-made is cleared away."""

import shutil
from pathlib import Path

import structlog

from torvet.jobs import every
from torvet.ports.parts import Parts

from . import store
from .uploads import ABANDONED_AFTER, sweep_uploads

_log = structlog.get_logger(__name__)
LEFT_IN = ("staging", "temporary")
_AT_ONCE = 1_000
"""Names that the database is asked about at once."""


@every("ingest.sweep", seconds=3600)
def sweep(parts: Parts) -> None:
    """Remove abandoned uploads, what killed processes left, and tables that nobody finished."""
    removed = sweep_uploads(parts) + _sweep_folders(parts) + _sweep_tables(parts)
    if removed:
        _log.info("swept", removed=removed)


def _sweep_folders(parts: Parts) -> int:
    """Remove what whoever was killed left: workbenches, rows about people, archives to take home.

    Every room under these folders is removed by who made it, unless that died.
    """
    old = [path for room in LEFT_IN for path in _untouched(parts, parts.settings.home / room)]
    for path in old:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(old)


def _sweep_tables(parts: Parts) -> int:
    """Remove source tables without a source, wherever the tables are."""
    removed = 0
    before = parts.clock.now() - ABANDONED_AFTER
    for room in ("sources", "rejected"):
        old = parts.tables.untouched(room, before)
        for start in range(0, len(old), _AT_ONCE):
            some = old[start : start + _AT_ONCE]
            with parts.db.begin() as tx:
                known = store.source_ids(tx, some)
            for name in set(some) - known:
                parts.tables.remove(f"{room}/{name}")
                removed += 1
    return removed


def _untouched(parts: Parts, root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    before = (parts.clock.now() - ABANDONED_AFTER).timestamp()
    return [path for path in root.iterdir() if path.lstat().st_mtime < before]
