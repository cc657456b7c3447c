"""Sealing, whoever's worker is awake: one second after a deed its fact has a place in the log."""

from torvet.jobs import every
from torvet.ports.parts import Parts

from .service import seal

SEAL_EVERY_S = 1


@every("audit.seal", seconds=SEAL_EVERY_S)
def seal_now(parts: Parts) -> None:
    """Seal what is committed by now."""
    seal(parts)
