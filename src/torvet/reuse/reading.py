"""What a provider sees of the reuse of its data, and what everybody sees of a dataset's."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from torvet import catalogue, contracts, metering, parties
from torvet.catalogue import Dataset, Rating
from torvet.contracts import Contract
from torvet.kit.moments import PLACE_ZONE
from torvet.metering import Count
from torvet.parties import Caller, Party, PartyKind, Role

from . import rules, store
from .errors import YearUnfit
from .model import BenefitSum, Gratitude, Shown, Use

PUBLIC_USES_MAX = 1_000
THANKS_MAX = 1_000
THANKS_SHOWN, THANKS_LISTED = 3, 50
YEAR_MIN, YEAR_MAX = 2020, 2200

_OfDataset = TypeVar("_OfDataset", Contract, Use, Gratitude)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reuse:
    """What everybody may know of the reuse of one dataset."""

    contracts: int
    purposes: dict[str, int]
    uses: tuple[Use, ...]
    benefits: tuple[BenefitSum, ...]
    thanks: tuple[Gratitude, ...]
    thanked: int
    rating: Rating | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetReuse:
    """What a provider's year was for one dataset."""

    dataset: Dataset
    contracts: int
    consumers: int
    kinds: dict[PartyKind, int]
    """Consumers by what they are: no names."""
    purposes: dict[str, int]
    """Contracts by purpose."""
    used: Count
    uses: tuple[Use, ...]
    benefits: tuple[BenefitSum, ...]
    thanks: tuple[Gratitude, ...]
    rating: Rating | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A provider's year: who used what for what, as far as they agree to be told."""

    provider: Party
    year: int
    start: datetime
    end: datetime
    made_at: datetime
    datasets: tuple[DatasetReuse, ...]
    contracts: int
    consumers: int
    used: Count
    benefits: tuple[BenefitSum, ...]
    """Over all datasets: a consumer that states the same for two is counted once in the least."""
    known: dict[str, Party]
    """The consumers that some use or thanks names; all others are told of as their kind at most."""


def reuse_of(tx: Connection, dataset: Dataset) -> Reuse:
    """Return what everybody who sees a dataset may know of its reuse."""
    uses = store.uses_where(tx, store.public_of(dataset.id), limit=PUBLIC_USES_MAX)
    purposes = contracts.in_force_by_purpose(tx, dataset.id)
    thanks, thanked = store.public_thanks(tx, dataset.id, THANKS_SHOWN)
    return Reuse(
        contracts=sum(purposes.values()),
        purposes=purposes,
        uses=tuple(uses),
        benefits=rules.summed(uses),
        thanks=tuple(thanks),
        thanked=thanked,
        rating=catalogue.ratings_of(tx, [dataset.id]).get(dataset.id),
    )


def statement_of(tx: Connection, caller: Caller, year: int, *, at: datetime) -> Statement:
    """Return the caller's year as a provider, in the days of the place; raise YearUnfit.

    A contract counts where it was in force at some time of the year, a use where its period ends
    in it, and what was read when it was read.
    """
    parties.check(caller, Role.READER)
    if not YEAR_MIN <= year <= YEAR_MAX or caller.party is None:
        raise YearUnfit(year)
    start, end = bounds(year)
    provider = parties.party(tx, caller.party)
    held = contracts.held_between(tx, provider.id, start=start, end=end)
    mine = frozenset({str(provider.id)})
    used = metering.totals_by_contract(tx, mine, start=start, end=end)
    uses = store.uses_where(
        tx, store.of_provider(provider.id), store.within_year(year), limit=PUBLIC_USES_MAX * 10
    )
    thanks = store.thanks_to(tx, provider.id, start=start, end=end, limit=THANKS_MAX)
    consumers = {one.consumer for one in held}
    told: list[Use | Gratitude] = [*uses, *thanks]
    known = parties.parties_by_id(tx, [*consumers, *(one.consumer for one in told)])
    named = {one.consumer for one in told if one.shown is not Shown.ANONYMOUS}
    return Statement(
        provider=provider,
        year=year,
        start=start,
        end=end,
        made_at=at,
        datasets=_by_dataset(tx, held, used, uses, thanks, known),
        contracts=len(held),
        consumers=len(consumers),
        used=sum((used.get(one.id, Count()) for one in held), start=Count()),
        benefits=rules.summed(uses),
        known={one: known[one] for one in named if one in known},
    )


def newest_thanks(tx: Connection, caller: Caller) -> list[tuple[Gratitude, Party | None]]:
    """Return the newest thanks to the caller's party, each with who said it, if that is told."""
    parties.check(caller, Role.READER)
    if caller.party is None:
        return []
    thanks = store.newest_thanks(tx, caller.party, THANKS_LISTED)
    told = [one.consumer for one in thanks if one.shown is not Shown.ANONYMOUS]
    known = parties.parties_by_id(tx, told)
    return [
        (one, known.get(one.consumer) if one.shown is not Shown.ANONYMOUS else None)
        for one in thanks
    ]


def bounds(year: int) -> tuple[datetime, datetime]:
    """Return the instants at which a year of the place begins and is over."""
    return datetime(year, 1, 1, tzinfo=PLACE_ZONE), datetime(year + 1, 1, 1, tzinfo=PLACE_ZONE)


def of_each(them: Iterable[_OfDataset]) -> dict[str, tuple[_OfDataset, ...]]:
    """Return contracts, uses or thanks by the dataset that each is of, looking at each once."""
    found: dict[str, list[_OfDataset]] = {}
    for one in them:
        found.setdefault(one.dataset, []).append(one)
    return {dataset: tuple(own) for dataset, own in found.items()}


def _by_dataset(  # noqa: PLR0917 - all that a year is made of
    tx: Connection,
    held: Sequence[Contract],
    used: dict[str, Count],
    uses: Sequence[Use],
    thanks: Sequence[Gratitude],
    known: dict[parties.PartyId, Party],
) -> tuple[DatasetReuse, ...]:
    everything: list[Contract | Use | Gratitude] = [*held, *uses, *thanks]
    wanted = sorted({one.dataset for one in everything})
    datasets = catalogue.datasets_by_id(tx, wanted)
    ratings = catalogue.ratings_of(tx, wanted)
    contracts_of, uses_of, thanks_of = of_each(held), of_each(uses), of_each(thanks)
    found = []
    for dataset in wanted:
        if dataset not in datasets:
            continue
        own, stated = contracts_of.get(dataset, ()), uses_of.get(dataset, ())
        consumers = {one.consumer for one in own}
        found.append(
            DatasetReuse(
                dataset=datasets[dataset],
                contracts=len(own),
                consumers=len(consumers),
                kinds=dict(Counter(known[one].kind for one in consumers)),
                purposes=dict(Counter(one.purpose for one in own).most_common()),
                used=sum((used.get(one.id, Count()) for one in own), start=Count()),
                uses=stated,
                benefits=rules.summed(stated),
                thanks=thanks_of.get(dataset, ()),
                rating=ratings.get(dataset),
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.used.requests, -one.contracts)))
