"""Which jobs there are. A slice's `jobs.py` names them; importing it makes them known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from torvet.ports.parts import Parts

RETRIES = 5

Deed = Callable[..., None]
_Deed = TypeVar("_Deed", bound=Deed)
_Tick = TypeVar("_Tick", bound=Callable[[Parts], None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A background deed: `deed(parts, **arguments)`. It may run more than once to its end."""

    name: str
    deed: Deed
    retries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic:
    """A job that comes back every so many seconds, once for all workers together."""

    name: str
    seconds: int


_jobs: dict[str, Job] = {}
_periodic: dict[str, Periodic] = {}


def job(name: str, *, retries: int = RETRIES) -> Callable[[_Deed], _Deed]:
    """Make a deed known as the job `name`, tried again up to `retries` times where it fails.

    The deed must be idempotent: a worker may be killed after its work and before its receipt.
    """

    def made_known(deed: _Deed) -> _Deed:
        if name in _jobs:
            raise ValueError(f"two jobs are called {name}")
        _jobs[name] = Job(name=name, deed=deed, retries=retries)
        return deed

    return made_known


def every(name: str, *, seconds: int) -> Callable[[_Tick], _Tick]:
    """Make a deed known as the job `name` that runs every `seconds`."""

    def made_known(deed: _Tick) -> _Tick:
        job(name, retries=0)(deed)
        _periodic[name] = Periodic(name=name, seconds=seconds)
        return deed

    return made_known


def known() -> Mapping[str, Job]:
    """Return every job by its name."""
    return dict(_jobs)


def periodic() -> tuple[Periodic, ...]:
    """Return every job that comes back."""
    return tuple(_periodic.values())
