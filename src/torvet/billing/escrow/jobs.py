"""Held money goes on by itself: what was delivered and invoiced is paid with it."""

from torvet.jobs import every
from torvet.ports.parts import Parts

from .covering import cover_all
from .releasing import release_due

RELEASE_EVERY_S = 20


@every("billing.release-held", seconds=RELEASE_EVERY_S)
def release_held(parts: Parts) -> None:
    """Pay open invoices with what is held, and tell how much use the rest covers."""
    release_due(parts)
    cover_all(parts)
