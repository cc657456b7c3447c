"""What delivery does in the background: make projections, keep them current, sweep up."""

from datetime import timedelta

import structlog

from torvet import contracts
from torvet.catalogue import releases
from torvet.jobs import every, job
from torvet.ports.parts import Parts

from . import projections, store

log = structlog.get_logger()

MAKE_PROJECTION = "delivery.make-projection"
SWEEP_EVERY_S = 6 * 3600
LEFTOVER_AGE = timedelta(days=1)
"""Older than any write that may still be going on."""


@job(MAKE_PROJECTION)
def make_projection(parts: Parts, *, contract: str) -> None:
    """Make what a contract shows, up to the newest release, before somebody waits for it."""
    with parts.db.begin() as tx:
        held = contracts.contract(tx, contract)
        published = releases(tx, held.dataset)
    if published:
        newest = max(each.number for each in published)
        projections.ensure(parts, held.dataset, held.projection, newest)


@every("delivery.sweep", seconds=SWEEP_EVERY_S)
def sweep(parts: Parts) -> None:
    """Remove the files that a crash left in projections."""
    with parts.db.begin() as tx:
        known = store.tables(tx)
    older_than = parts.clock.now() - LEFTOVER_AGE
    for dataset, key in known:
        removed = parts.tables.sweep(f"projections/{dataset}/{key}", older_than)
        if removed:
            log.info("leftovers swept", dataset=dataset, projection=key, files=removed)
