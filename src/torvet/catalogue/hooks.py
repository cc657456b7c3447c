"""What other slices do about a new release or another preview: the catalogue calls them."""

from collections.abc import Callable

from sqlalchemy import Connection

from torvet.ports.parts import Parts

from .model import Dataset

OnRelease = Callable[[Parts, str, int], None]

OnPreview = Callable[[Connection, Dataset, Dataset], None]

_handlers: list[OnRelease] = []
_objectors: list[OnPreview] = []


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


def before_preview_changes(objector: OnPreview) -> OnPreview:
    """Call `objector(tx, before, after)` before a dataset shows other values to everyone.

    It runs in the deed's transaction, and raises where the deed must not be done.
    """
    if objector not in _objectors:
        _objectors.append(objector)
    return objector


def ask_before_preview(tx: Connection, before: Dataset, after: Dataset) -> None:
    """Call every objector where what is shown of `before` and `after` may differ."""
    if (before.preview, before.visibility) != (after.preview, after.visibility):
        for objector in tuple(_objectors):
            objector(tx, before, after)
