"""What the interface answers about a consumer's year."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from torvet.catalogue import PartyView
from torvet.contracts import Words

from .sheets import (
    TAKEN_NOTES,
    BenefitSumSheet,
    PurposeTally,
    UsedSheet,
    UseSheet,
    tallies,
    use_sheets,
)
from .taken import DatasetTaken, Taken


class DatasetTakenSheet(BaseModel):
    """What a consumer's year was for one dataset."""

    dataset: str
    title: dict[str, str]
    provider: PartyView
    contracts: int
    purposes: list[PurposeTally]
    used: UsedSheet
    uses: list[UseSheet]
    benefits: list[BenefitSumSheet]
    thanks: list[str]

    @classmethod
    def of(cls, one: DatasetTaken, year: Taken) -> Self:
        slugs = {str(one.dataset.id): one.dataset.slug}
        known = {year.consumer.id: year.consumer}
        return cls(
            dataset=one.dataset.slug,
            title=dict(one.dataset.title),
            provider=PartyView.of(one.provider),
            contracts=one.contracts,
            purposes=tallies(one.purposes),
            used=UsedSheet.of(one.used),
            uses=use_sheets(one.uses, slugs, known, own=True),
            benefits=[BenefitSumSheet.of(each) for each in one.benefits],
            thanks=[each.words for each in one.thanks],
        )


class TakenSheet(BaseModel):
    """A consumer's year: what it read of whom, for what, and what that was good for."""

    consumer: PartyView
    year: int
    start: datetime
    end: datetime
    made_at: datetime
    contracts: int
    providers: int
    used: UsedSheet
    benefits: list[BenefitSumSheet]
    datasets: list[DatasetTakenSheet]
    notes: list[Words]

    @classmethod
    def of(cls, year: Taken) -> Self:
        return cls(
            consumer=PartyView.of(year.consumer),
            year=year.year,
            start=year.start,
            end=year.end,
            made_at=year.made_at,
            contracts=year.contracts,
            providers=year.providers,
            used=UsedSheet.of(year.used),
            benefits=[BenefitSumSheet.of(one) for one in year.benefits],
            datasets=[DatasetTakenSheet.of(one, year) for one in year.datasets],
            notes=list(TAKEN_NOTES),
        )
