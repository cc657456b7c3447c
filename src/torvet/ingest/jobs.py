"""Background work of ingest: what was left half-made is cleared away."""

import shutil
from pathlib import Path

import structlog

from torvet.jobs import every
from torvet.ports.parts import Parts

from . import store
from .uploads import ABANDONED_AFTER, sweep_uploads

_log = structlog.get_logger(__name__)


@every("ingest.sweep", seconds=3600)
def sweep(parts: Parts) -> None:
    """Remove abandoned uploads, workbenches of killed readers and tables that nobody finished."""
    removed = sweep_uploads(parts) + _sweep_benches(parts) + _sweep_tables(parts)
    if removed:
        _log.info("swept", removed=removed)


def _sweep_benches(parts: Parts) -> int:
    old = _old_folders(parts, parts.settings.home / "staging")
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    return len(old)


def _sweep_tables(parts: Parts) -> int:
    """Remove source tables without a source. An object store is left to its own life cycle."""
    removed = 0
    for room in ("sources", "rejected"):
        root = parts.tables.folder(room)
        old = [] if "://" in root else _old_folders(parts, Path(root))
        with parts.db.begin() as tx:
            known = store.source_ids(tx, [folder.name for folder in old])
        for folder in old:
            if folder.name not in known:
                parts.tables.remove(f"{room}/{folder.name}")
                removed += 1
    return removed


def _old_folders(parts: Parts, root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    before = (parts.clock.now() - ABANDONED_AFTER).timestamp()
    return [path for path in root.iterdir() if path.is_dir() and path.stat().st_mtime < before]
