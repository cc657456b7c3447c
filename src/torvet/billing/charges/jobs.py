"""Charging goes on by itself: an hour that is over is charged within a minute or two."""

from torvet.jobs import every
from torvet.ports.parts import Parts

from .service import charge_due

CHARGE_EVERY_S = 60


@every("billing.charge", seconds=CHARGE_EVERY_S)
def charge_by_itself(parts: Parts) -> None:
    """Charge what is due by now."""
    charge_due(parts)
