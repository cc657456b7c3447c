"""Held money goes on by itself: what was delivered and invoiced is paid with it."""

from torvet.jobs import every
from torvet.ports.parts import Parts

from .releasing import release_due

RELEASE_EVERY_S = 60


@every("billing.release-held", seconds=RELEASE_EVERY_S)
def release_held(parts: Parts) -> None:
    """Pay open invoices with what is held for their contracts."""
    release_due(parts)
