"""Background work of the catalogue."""

from datetime import timedelta

from torvet.jobs import defer, every, job
from torvet.ports.parts import Parts

from . import delivery_store, hooks, publish
from .names import PUBLISH, RELEASED, publishing_lock

FORGOTTEN_AFTER = timedelta(minutes=10)
RESUMED_MAX = 100


@job(PUBLISH, retries=8)
def publish_delivery(parts: Parts, *, delivery: str) -> None:
    """Bring a delivery to its end."""
    publish.bring_to_end(parts, delivery)


@job(RELEASED, retries=8)
def tell_of_release(parts: Parts, *, dataset: str, number: int) -> None:
    """Let other slices do what they do when there is a new release."""
    hooks.tell(parts, dataset, number)


@every("catalogue.resume", seconds=60)
def resume(parts: Parts) -> None:
    """Take up deliveries again whose job has given up, such as after a long outage."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        for delivery in delivery_store.forgotten(tx, now - FORGOTTEN_AFTER, RESUMED_MAX):
            delivery_store.touch(tx, delivery.id, now)
            defer(tx, PUBLISH, lock=publishing_lock(delivery.dataset), delivery=delivery.id)
