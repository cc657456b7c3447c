"""Background work of the catalogue."""

from datetime import timedelta

from torvet.ingest import SourceId, UploadId, remove_source, remove_upload
from torvet.jobs import defer, every, job
from torvet.ports.parts import Parts

from . import delivery_store, hooks, publish, store
from .names import DISCARD, PUBLISH, RELEASED, publishing_lock

FORGOTTEN_AFTER = timedelta(minutes=10)
RESUMED_MAX = 100
LEFT_OVER_AFTER = timedelta(days=1)
SWEPT_MAX = 500


@job(PUBLISH, retries=8)
def publish_delivery(parts: Parts, *, delivery: str) -> None:
    """Bring a delivery to its end."""
    publish.bring_to_end(parts, delivery)


@job(RELEASED, retries=8)
def tell_of_release(parts: Parts, *, dataset: str, number: int) -> None:
    """Let other slices do what they do when there is a new release."""
    try:
        hooks.tell(parts, dataset, number)
    finally:
        # A slice that cannot be told now is told again; the upload need not wait for it.
        publish.tidy(parts, dataset, number)


@job(DISCARD, retries=8)
def discard(parts: Parts, *, delivery: str) -> None:
    """Remove the file and the rows of a delivery that was dropped."""
    with parts.db.begin() as tx:
        dropped = delivery_store.get(tx, delivery)
    remove_upload(parts, UploadId(dropped.upload))
    remove_source(parts, SourceId(dropped.source))


@every("catalogue.resume", seconds=60)
def resume(parts: Parts) -> None:
    """Take up deliveries again whose job has given up, such as after a long outage."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        for delivery in delivery_store.forgotten(tx, now - FORGOTTEN_AFTER, RESUMED_MAX):
            delivery_store.touch(tx, delivery.id, now)
            defer(tx, PUBLISH, lock=publishing_lock(delivery.dataset), delivery=delivery.id)


@every("catalogue.sweep", seconds=3600)
def sweep(parts: Parts) -> None:
    """Remove files that failed deliveries left beside the releases, once nobody writes them."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        left = delivery_store.failed_between(
            tx, now - 3 * LEFT_OVER_AFTER, now - LEFT_OVER_AFTER, SWEPT_MAX
        )
        tables = [store.dataset(tx, dataset_id).table for dataset_id in left]
    for table in tables:
        parts.tables.sweep(table, older_than=now - LEFT_OVER_AFTER)
