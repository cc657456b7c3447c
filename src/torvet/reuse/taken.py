"""A consumer's year: what it read of whom, for what, and what it said that it was good for."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from torvet import catalogue, contracts, metering, parties
from torvet.catalogue import Dataset
from torvet.contracts import Contract
from torvet.metering import Count
from torvet.parties import Caller, Party, Role

from . import rules, store
from .errors import YearUnfit
from .model import BenefitSum, Gratitude, Use
from .reading import PUBLIC_USES_MAX, THANKS_MAX, YEAR_MAX, YEAR_MIN, bounds, of_each


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetTaken:
    """What a consumer's year was for one dataset."""

    dataset: Dataset
    provider: Party
    contracts: int
    purposes: dict[str, int]
    """Contracts by purpose."""
    used: Count
    uses: tuple[Use, ...]
    benefits: tuple[BenefitSum, ...]
    thanks: tuple[Gratitude, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A consumer's year, as it tells it to whoever it answers to."""

    consumer: Party
    year: int
    start: datetime
    end: datetime
    made_at: datetime
    contracts: int
    providers: int
    used: Count
    benefits: tuple[BenefitSum, ...]
    datasets: tuple[DatasetTaken, ...]


def taken_by(tx: Connection, caller: Caller, year: int, *, at: datetime) -> Taken:
    """Return the caller's year as a consumer, in the days of the place; raise YearUnfit.

    A contract counts where it was in force at some time of the year, a use where its period ends
    in it, and what was read when it was read, as in a provider's year.
    """
    parties.check(caller, Role.READER)
    if not YEAR_MIN <= year <= YEAR_MAX or caller.party is None:
        raise YearUnfit(year)
    start, end = bounds(year)
    consumer = parties.party(tx, caller.party)
    held = contracts.taken_between(tx, consumer.id, start=start, end=end)
    mine = frozenset({str(consumer.id)})
    used = metering.totals_by_contract(tx, mine, start=start, end=end)
    own = (store.of_consumer(consumer.id), store.within_year(year))
    uses = store.uses_where(tx, *own, limit=PUBLIC_USES_MAX * 10)
    thanks = store.thanks_by(tx, consumer.id, start=start, end=end, limit=THANKS_MAX)
    everything: list[Contract | Use | Gratitude] = [*held, *uses, *thanks]
    wanted = sorted({one.dataset for one in everything})
    datasets = catalogue.datasets_by_id(tx, wanted)
    providers = parties.parties_by_id(tx, sorted({it.provider for it in datasets.values()}))
    contracts_of, uses_of, thanks_of = of_each(held), of_each(uses), of_each(thanks)
    found = []
    for dataset in (datasets[one] for one in wanted if one in datasets):
        under, stated = contracts_of.get(dataset.id, ()), uses_of.get(dataset.id, ())
        found.append(
            DatasetTaken(
                dataset=dataset,
                provider=providers[dataset.provider],
                contracts=len(under),
                purposes=dict(Counter(one.purpose for one in under).most_common()),
                used=sum((used.get(one.id, Count()) for one in under), start=Count()),
                uses=stated,
                benefits=rules.summed(stated),
                thanks=thanks_of.get(dataset.id, ()),
            )
        )
    return Taken(
        consumer=consumer,
        year=year,
        start=start,
        end=end,
        made_at=at,
        contracts=len(held),
        providers=len({one.provider for one in held}),
        used=sum((used.get(one.id, Count()) for one in held), start=Count()),
        benefits=rules.summed(uses),
        datasets=tuple(sorted(found, key=lambda one: (-one.used.requests, -one.contracts))),
    )
