"""What a visitor may read of a dataset: releases, profile, quality, preview, lineage."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from torvet.ingest import Column, Source, SourceId
from torvet.ingest import source as source_of
from torvet.parties import Caller
from torvet.privacy import certificate_of

from . import delivery_store, judging, store
from .certificate_words import InWords, in_words
from .findings import Profile, QualityReport, Value
from .model import Dataset, Delivery, Release
from .rules import noted, pruned_profile, pruned_quality, shown
from .search.service import reader_of
from .values import moment
from .vocabulary import FREQUENCIES


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRows:
    """The first rows of a release, in the columns that are shown."""

    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Value], ...]
    withheld: tuple[str, ...]


def profile_for(tx: Connection, dataset: Dataset, release: Release, caller: Caller) -> Profile:
    """Return the profile of a release without the values that `caller` may not see."""
    profile = store.profile(tx, dataset.id, release.number)
    now_noted = {column.name: column for column in noted(release.columns, dataset.columns)}
    columns = tuple(
        replace(
            column,
            unit=now_noted[column.name].unit,
            title=now_noted[column.name].title,
            description=now_noted[column.name].description,
        )
        for column in profile.columns
    )
    preview = shown(dataset, reader_of(caller))
    return pruned_profile(replace(profile, columns=columns), preview)


def quality_for(
    tx: Connection, dataset: Dataset, release: Release, caller: Caller, now: datetime
) -> QualityReport:
    """Return the quality of a release as old as it is now, without values not to be seen."""
    report = store.quality(tx, dataset.id, release.number)
    newest_in, newest = _newest(dataset, store.profile(tx, dataset.id, release.number))
    frequency = FREQUENCIES.get(dataset.frequency)
    fresh = judging.freshness(
        interval=frequency.interval if frequency else None,
        published_at=release.published_at,
        newest=newest,
        newest_in=newest_in,
        now=now,
    )
    return pruned_quality(judging.refreshed(report, fresh, now), shown(dataset, reader_of(caller)))


def _newest(dataset: Dataset, profile: Profile) -> tuple[str, datetime | None]:
    for column in profile.columns:
        if column.name in dataset.key and column.type.value in {"date", "timestamp", "instant"}:
            return column.name, moment(column.maximum)
    return "", None


def preview_for(tx: Connection, dataset: Dataset, release: Release, caller: Caller) -> PreviewRows:
    """Return the first rows of a release, as far as `caller` may see them."""
    preview = shown(dataset, reader_of(caller))
    columns = noted(release.columns, dataset.columns)
    seen = tuple(column for column in columns if preview.shows(column.name))
    rows = store.first_rows(tx, dataset.id, release.number)[: preview.rows] if seen else []
    return PreviewRows(
        columns=seen,
        rows=tuple({column.name: row.get(column.name) for column in seen} for row in rows),
        withheld=tuple(column.name for column in columns if not preview.shows(column.name)),
    )


def lineage_of(tx: Connection, release: Release) -> list[tuple[Source, Delivery | None]]:
    """Return the sources of a release, each with the delivery that it came in."""
    deliveries = delivery_store.by_source(tx, release.sources)
    return [(source_of(tx, SourceId(source)), deliveries.get(source)) for source in release.sources]


def waiting_for(tx: Connection, caller: Caller, dataset: Dataset) -> list[Delivery]:
    """Return the deliveries that wait for `caller` to say what is done with them; mostly none."""
    if not caller.party or caller.party != dataset.provider:
        return []
    return delivery_store.held(tx, dataset.id)


def certificate_in_words(tx: Connection, dataset: Dataset, release: Release) -> InWords | None:
    """Return what the certificate of a release says in plain words, or None where it has none."""
    found = certificate_of(tx, dataset.id, release.number)
    return None if found is None else in_words(found.certificate)
