"""What other slices show on a page of this one: each makes a panel that the page only includes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from torvet.catalogue import Dataset
from torvet.parties import Caller
from torvet.ports.parts import Parts

from .model import Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A template, and what it shows as `it`."""

    template: str
    it: Mapping[str, object]


Maker = Callable[[Connection, Caller, Dataset], Panel | None]
OfferMaker = Callable[[Connection, Parts, Caller, Offer], Panel | None]

_makers: list[Maker] = []
_offer_makers: list[OfferMaker] = []


def beside_dataset(maker: Maker) -> Maker:
    """Show on every dataset's page what `maker(tx, caller, dataset)` returns, if anything."""
    if maker not in _makers:
        _makers.append(maker)
    return maker


def panels_of(tx: Connection, caller: Caller, dataset: Dataset) -> list[Panel]:
    """Return every panel of a dataset that the caller sees."""
    made = [maker(tx, caller, dataset) for maker in tuple(_makers)]
    return [panel for panel in made if panel is not None]


def beside_new_offer(maker: OfferMaker) -> OfferMaker:
    """Show its provider what `maker(tx, parts, caller, offer)` says of an offer not made yet."""
    if maker not in _offer_makers:
        _offer_makers.append(maker)
    return maker


def panels_beside_offer(tx: Connection, parts: Parts, caller: Caller, offer: Offer) -> list[Panel]:
    """Return every panel of an offer that its provider reads before it is made."""
    made = [maker(tx, parts, caller, offer) for maker in tuple(_offer_makers)]
    return [panel for panel in made if panel is not None]
