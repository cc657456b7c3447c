"""What other slices show on a dataset's page: each makes a panel that the page only includes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from torvet.catalogue import Dataset
from torvet.parties import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A template, and what it shows as `it`."""

    template: str
    it: Mapping[str, object]


Maker = Callable[[Connection, Caller, Dataset], Panel | None]

_makers: list[Maker] = []


def beside_dataset(maker: Maker) -> Maker:
    """Show on every dataset's page what `maker(tx, caller, dataset)` returns, if anything."""
    if maker not in _makers:
        _makers.append(maker)
    return maker


def panels_of(tx: Connection, caller: Caller, dataset: Dataset) -> list[Panel]:
    """Return every panel of a dataset that the caller sees."""
    made = [maker(tx, caller, dataset) for maker in tuple(_makers)]
    return [panel for panel in made if panel is not None]
