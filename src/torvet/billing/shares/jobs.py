"""What happens to shares by itself: sales that are paid are divided."""

from torvet.jobs import every
from torvet.ports.parts import Parts

from . import service

DIVIDE_EVERY_S = 60


@every(service.JOB, seconds=DIVIDE_EVERY_S)
def divide(parts: Parts) -> None:
    """Divide what settled sales brought in, however they were settled."""
    service.divide(parts)
