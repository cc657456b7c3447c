"""Datasets and releases as rows. Each function takes the transaction that it runs in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Text, any_, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError

from torvet.ingest import columns_from_json, columns_to_json
from torvet.parties.model import PartyId

from .errors import DatasetMoved, DatasetNotFound, DatasetSlugTaken, NoReleaseThen, ReleaseNotFound
from .findings import Examination, Profile, QualityReport, Value
from .findings_json import profile_from_json, profile_to_json, quality_from_json, quality_to_json
from .model import Dataset, DatasetId, DeliveryId, Release, Visibility
from .rows import details_from_json, details_to_json
from .tables import datasets, profiles, releases


def dataset(tx: Connection, id_or_slug: str) -> Dataset:
    """Return the dataset of this id or slug, whoever asks; raise DatasetNotFound."""
    row = tx.execute(_named(id_or_slug)).one_or_none()
    if row is None:
        raise DatasetNotFound(id_or_slug)
    return _dataset(row)


def lock_dataset(tx: Connection, id_or_slug: str) -> Dataset:
    """Return the dataset and hold its row until the transaction ends."""
    row = tx.execute(_named(id_or_slug).with_for_update()).one_or_none()
    if row is None:
        raise DatasetNotFound(id_or_slug)
    return _dataset(row)


def _named(id_or_slug: str) -> Any:
    # An id holds an underscore, which no slug may.
    if "\0" in id_or_slug:
        raise DatasetNotFound(id_or_slug.replace("\0", "␀"))
    return select(datasets).where(or_(datasets.c.id == id_or_slug, datasets.c.slug == id_or_slug))


def datasets_by_id(tx: Connection, ids: Sequence[str]) -> dict[str, Dataset]:
    """Return those of `ids` that there are."""
    rows = tx.execute(_BY_ID, {"ids": list(ids)})
    return {row.id: _dataset(row) for row in rows}


_BY_ID = select(datasets).where(datasets.c.id == any_(bindparam("ids", type_=ARRAY(Text))))


def datasets_of(tx: Connection, provider: str) -> list[Dataset]:
    """Return the datasets of one provider that are not withdrawn, oldest first."""
    chosen = (
        select(datasets)
        .where(datasets.c.provider == provider, datasets.c.withdrawn_at.is_(None))
        .order_by(datasets.c.id)
    )
    return [_dataset(row) for row in tx.execute(chosen)]


def add_dataset(tx: Connection, new: Dataset) -> None:
    """Write a new dataset; raise DatasetSlugTaken where its slug is in use."""
    try:
        with tx.begin_nested():
            tx.execute(insert(datasets).values(id=new.id, created_at=new.created_at, **_row(new)))
    except IntegrityError as error:
        raise DatasetSlugTaken(new.slug) from error


def replace_dataset(tx: Connection, changed: Dataset) -> Dataset:
    """Write `changed` over the version it was read from; whoever comes second is told."""
    written = tx.execute(
        update(datasets)
        .where(datasets.c.id == changed.id, datasets.c.version == changed.version)
        .values({**_row(changed), "version": changed.version + 1})
    )
    if written.rowcount != 1:
        raise DatasetMoved(changed.slug, changed.version)
    return dataset(tx, changed.id)


def touch(tx: Connection, dataset_id: str, at: datetime) -> None:
    """Note that the dataset's content changed; its description did not, so neither its version."""
    tx.execute(update(datasets).where(datasets.c.id == dataset_id).values(modified_at=at))


def _row(value: Dataset) -> dict[str, Any]:
    return {
        "slug": value.slug,
        "provider": value.provider,
        "visibility": value.visibility.value,
        "circle": list(value.circle),
        "details": details_to_json(value),
        "version": value.version,
        "modified_at": value.modified_at,
        "withdrawn_at": value.withdrawn_at,
    }


def _dataset(row: Row[Any]) -> Dataset:
    return Dataset(
        id=DatasetId(row.id),
        slug=row.slug,
        provider=PartyId(row.provider),
        visibility=Visibility(row.visibility),
        circle=tuple(PartyId(party) for party in row.circle),
        version=row.version,
        created_at=row.created_at,
        modified_at=row.modified_at,
        withdrawn_at=row.withdrawn_at,
        **details_from_json(row.details),
    )


def add_release(tx: Connection, new: Release) -> None:
    """Write a release; the primary key makes sure that a number is used once."""
    tx.execute(
        insert(releases).values(
            dataset=new.dataset,
            number=new.number,
            mode=new.mode,
            delivery=new.delivery,
            sources=list(new.sources),
            rows=new.rows,
            bytes=new.bytes,
            columns=columns_to_json(new.columns),
            published_at=new.published_at,
            note=new.note,
            quality=new.quality,
        )
    )


def newest_release(tx: Connection, dataset_id: str) -> Release | None:
    """Return the newest release, or None where there is none yet."""
    chosen = (
        select(releases)
        .where(releases.c.dataset == dataset_id)
        .order_by(releases.c.number.desc())
        .limit(1)
    )
    row = tx.execute(chosen).one_or_none()
    return _release(row) if row else None


def newest_numbers(tx: Connection) -> dict[str, int]:
    """Return the number of the newest release of every dataset that has one."""
    chosen = select(releases.c.dataset, func.max(releases.c.number)).group_by(releases.c.dataset)
    return {row[0]: row[1] for row in tx.execute(chosen)}


def release(tx: Connection, dataset_id: str, number: int | None = None) -> Release:
    """Return release `number`, or the newest where None; raise ReleaseNotFound."""
    if number is None:
        found = newest_release(tx, dataset_id)
        if found is None:
            raise ReleaseNotFound(dataset_id, None)
        return found
    row = tx.execute(
        select(releases).where(releases.c.dataset == dataset_id, releases.c.number == number)
    ).one_or_none()
    if row is None:
        raise ReleaseNotFound(dataset_id, number)
    return _release(row)


def releases_of(tx: Connection, dataset_id: str) -> list[Release]:
    """Return all releases of a dataset, newest first."""
    chosen = (
        select(releases).where(releases.c.dataset == dataset_id).order_by(releases.c.number.desc())
    )
    return [_release(row) for row in tx.execute(chosen)]


def release_at(tx: Connection, dataset_id: str, at: datetime) -> Release:
    """Return the release that was the newest at the instant `at`; raise NoReleaseThen."""
    chosen = (
        select(releases)
        .where(releases.c.dataset == dataset_id, releases.c.published_at <= at)
        .order_by(releases.c.number.desc())
        .limit(1)
    )
    row = tx.execute(chosen).one_or_none()
    if row is None:
        raise NoReleaseThen(dataset_id, at)
    return _release(row)


def _release(row: Row[Any]) -> Release:
    return Release(
        dataset=DatasetId(row.dataset),
        number=row.number,
        mode=row.mode,
        delivery=DeliveryId(row.delivery),
        sources=tuple(row.sources),
        rows=row.rows,
        bytes=row.bytes,
        columns=columns_from_json(row.columns),
        published_at=row.published_at,
        note=row.note,
        quality=row.quality,
    )


def add_findings(tx: Connection, dataset_id: str, number: int, found: Examination) -> None:
    """Write what was found in a release."""
    tx.execute(
        insert(profiles).values(
            dataset=dataset_id,
            number=number,
            profile=profile_to_json(found.profile),
            quality=quality_to_json(found.quality),
            preview=[dict(row) for row in found.first],
        )
    )


def first_rows(tx: Connection, dataset_id: str, number: int) -> list[dict[str, Value]]:
    """Return the first rows of a release, all columns, as they are shown."""
    rows: list[dict[str, Value]] = _findings(tx, dataset_id, number).preview
    return rows


def profile(tx: Connection, dataset_id: str, number: int) -> Profile:
    """Return the profile of a release; raise ReleaseNotFound."""
    written = _findings(tx, dataset_id, number)
    return profile_from_json(written.profile)


def quality(tx: Connection, dataset_id: str, number: int) -> QualityReport:
    """Return the quality report of a release; raise ReleaseNotFound."""
    written = _findings(tx, dataset_id, number)
    return quality_from_json(written.quality)


def _findings(tx: Connection, dataset_id: str, number: int) -> Row[Any]:
    row = tx.execute(
        select(profiles).where(profiles.c.dataset == dataset_id, profiles.c.number == number)
    ).one_or_none()
    if row is None:
        raise ReleaseNotFound(dataset_id, number)
    return row
