"""How far a delivery has come, written so that others see it while it goes on."""

import time
from collections.abc import Mapping

from torvet.ports.parts import Parts

from . import delivery_store
from .model import Stage

EVERY_S = 0.25

_SHARE: Mapping[Stage, tuple[float, float]] = {
    Stage.READING: (0.0, 0.6),
    Stage.CHECKING: (0.6, 0.9),
    Stage.PUBLISHING: (0.9, 1.0),
}


class Reporter:
    """Writes a delivery's stage, step and progress, but not more often than people look."""

    def __init__(self, parts: Parts, delivery_id: str) -> None:
        self._parts = parts
        self._delivery = delivery_id
        self._written = 0.0

    def enter(self, stage: Stage, step: str) -> None:
        """Write that `stage` begins."""
        self._written = 0.0
        self.step(stage, step, 0.0)

    def step(self, stage: Stage, step: str, share: float) -> None:
        """Write that `share` of `stage` is done and `step` is at work, or leave it for now."""
        now = time.monotonic()
        if now - self._written < EVERY_S:
            return
        self._written = now
        start, end = _SHARE[stage]
        with self._parts.db.begin() as tx:
            delivery_store.advance(
                tx,
                self._delivery,
                stage=stage,
                step=step,
                progress=start + (end - start) * min(1.0, max(0.0, share)),
                at=self._parts.clock.now(),
            )
