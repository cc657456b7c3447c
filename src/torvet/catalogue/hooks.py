"""What other slices do when there is a new release: they say so here, the catalogue calls."""

from collections.abc import Callable

from torvet.ports.parts import Parts

OnRelease = Callable[[Parts, str, int], None]

_handlers: list[OnRelease] = []


def on_release(handler: OnRelease) -> OnRelease:
    """Call `handler(parts, dataset_id, number)` after each release, in a job of its own.

    The release is visible by then. The handler may be called more than once for one release.
    """
    if handler not in _handlers:
        _handlers.append(handler)
    return handler


def tell(parts: Parts, dataset_id: str, number: int) -> None:
    """Call every handler."""
    for handler in tuple(_handlers):
        handler(parts, dataset_id, number)
