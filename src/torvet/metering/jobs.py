"""Metering goes on by itself: sealed usage is counted within seconds."""

from torvet.jobs import every
from torvet.ports.parts import Parts

from .service import catch_up

METER_EVERY_S = 2


@every("metering.catch-up", seconds=METER_EVERY_S)
def meter_now(parts: Parts) -> None:
    """Count what was sealed by now."""
    catch_up(parts)
