"""What goes on by itself: looking, hearing, closing months, giving back, and late disputes."""

from torvet.jobs import every
from torvet.ports.parts import Parts

from . import crediting, probing

LOOK_EVERY_S = 60
CLOSE_EVERY_S = 600


@every("trust.look", seconds=LOOK_EVERY_S)
def look(parts: Parts) -> None:
    """Look at what is promised to be readable; the slots are five minutes long."""
    probing.hear(parts)
    probing.look_around(parts)


@every("trust.close", seconds=CLOSE_EVERY_S)
def close(parts: Parts) -> None:
    """Keep the reports of months that are over, and give back what was breached in them."""
    crediting.close_months(parts)
    crediting.credit_due(parts)
