"""Play the story on a running exchange, telling each step with its time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from .stage import Machine, Stage, Step, StoryBroken
from .story import STORY


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How one step went."""

    step: Step
    ok: bool
    said: str
    seconds: float


def play(
    url: str,
    folder: Path,
    machine: Machine,
    tell: Callable[[int, int, Step], Callable[[Played], None]],
) -> dict[str, Any]:
    """Play every step against the exchange at `url`; files taken home go into `folder`.

    `tell(number, of, step)` is called as a step begins and returns what is called as it ends.
    The story stops at the first step that fails: the rest would build on it.
    """
    stage, played = Stage(url=url, folder=folder, machine=machine), []
    began = time.perf_counter()
    try:
        for number, step in enumerate(STORY, 1):
            done = tell(number, len(STORY), step)
            played.append(_play(stage, step))
            done(played[-1])
            if not played[-1].ok:
                break
    finally:
        stage.close()
    return {
        "ok": len(played) == len(STORY) and all(it.ok for it in played),
        "seconds": round(time.perf_counter() - began, 3),
        "steps": [
            {
                "chapter": it.step.chapter,
                "step": it.step.says,
                "ok": it.ok,
                "said": it.said,
                "seconds": round(it.seconds, 3),
            }
            for it in played
        ],
        "saw": {
            name: stage.saw[name]
            for name in ("published", "quality", "read", "usage", "log", "verified")
            if name in stage.saw
        },
    }


def _play(stage: Stage, step: Step) -> Played:
    began = time.perf_counter()
    try:
        ok, said = True, step.deed(stage)
    except (
        StoryBroken,
        AssertionError,
        httpx2.HTTPError,
        OSError,
        LookupError,
        ValueError,
    ) as error:
        ok, said = False, f"{type(error).__name__}: {error}"
    return Played(step=step, ok=ok, said=said, seconds=time.perf_counter() - began)
