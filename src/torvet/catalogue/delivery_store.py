"""Deliveries as rows. Each function takes the transaction that it runs in."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from torvet.ingest import columns_from_json, columns_to_json
from torvet.parties.model import PartyId

from .errors import DeliveryNotFound
from .model import DatasetId, Delivery, DeliveryId, Failure, Stage
from .rows import options_from_json, options_to_json
from .tables import deliveries

ENDED = (Stage.PUBLISHED.value, Stage.FAILED.value, Stage.DROPPED.value)


def add(tx: Connection, new: Delivery) -> None:
    """Write a new delivery."""
    tx.execute(
        insert(deliveries).values(
            id=new.id,
            dataset=new.dataset,
            party=new.party,
            account=new.account,
            upload=new.upload,
            file_name=new.file_name,
            sha256=new.sha256,
            mode=new.mode,
            stage=new.stage.value,
            step=new.step,
            progress=new.progress,
            source=new.source,
            rejected=new.rejected,
            schema=None if new.schema is None else columns_to_json(new.schema),
            options=options_to_json(new.options),
            note=new.note,
            received_at=new.received_at,
            touched_at=new.touched_at,
        )
    )


def get(tx: Connection, delivery_id: str) -> Delivery:
    """Return a delivery, whoever asks; raise DeliveryNotFound."""
    row = tx.execute(select(deliveries).where(deliveries.c.id == delivery_id)).one_or_none()
    if row is None:
        raise DeliveryNotFound(delivery_id)
    return _delivery(row)


def lock(tx: Connection, delivery_id: str) -> Delivery:
    """Return a delivery and hold its row until the transaction ends."""
    chosen = select(deliveries).where(deliveries.c.id == delivery_id).with_for_update()
    row = tx.execute(chosen).one_or_none()
    if row is None:
        raise DeliveryNotFound(delivery_id)
    return _delivery(row)


def waiting(tx: Connection, dataset_id: str) -> int:
    """Return how many deliveries to a dataset have not ended."""
    counted = select(func.count()).where(
        deliveries.c.dataset == dataset_id, deliveries.c.stage.not_in(ENDED)
    )
    return tx.scalars(counted).one()


def begun(tx: Connection, dataset_id: str) -> list[Delivery]:
    """Return the deliveries to a dataset that have reserved a release and not ended, in order."""
    chosen = (
        select(deliveries)
        .where(
            deliveries.c.dataset == dataset_id,
            deliveries.c.stage.not_in(ENDED),
            deliveries.c.release.is_not(None),
        )
        .order_by(deliveries.c.release)
    )
    return [_delivery(row) for row in tx.execute(chosen)]


def forgotten(tx: Connection, before: datetime, limit: int) -> list[Delivery]:
    """Return unfinished deliveries that nobody has touched since `before`; hold their rows."""
    chosen = (
        select(deliveries)
        .where(
            deliveries.c.stage.not_in([*ENDED, Stage.HELD.value]),
            deliveries.c.touched_at < before,
        )
        .order_by(deliveries.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [_delivery(row) for row in tx.execute(chosen)]


def failed_between(tx: Connection, first: datetime, last: datetime, limit: int) -> list[str]:
    """Return the datasets to which deliveries failed from `first` to `last`."""
    chosen = (
        select(deliveries.c.dataset)
        .where(
            deliveries.c.stage == Stage.FAILED.value,
            deliveries.c.finished_at.between(first, last),
        )
        .distinct()
        .limit(limit)
    )
    return list(tx.scalars(chosen))


def of_dataset(tx: Connection, dataset_id: str, *, after: str | None, limit: int) -> list[Delivery]:
    """Return deliveries to a dataset, the newest first, those before `after` where it is given."""
    chosen = (
        select(deliveries)
        .where(deliveries.c.dataset == dataset_id)
        .order_by(deliveries.c.id.desc())
        .limit(limit)
    )
    if after is not None:
        chosen = chosen.where(deliveries.c.id < after)
    return [_delivery(row) for row in tx.execute(chosen)]


def by_source(tx: Connection, sources: Sequence[str]) -> dict[str, Delivery]:
    """Return the deliveries that became `sources`, by the source's id."""
    rows = tx.execute(select(deliveries).where(deliveries.c.source.in_(list(sources))))
    return {row.source: _delivery(row) for row in rows}


def advance(
    tx: Connection, delivery_id: str, *, stage: Stage, step: str, progress: float, at: datetime
) -> None:
    """Write how far an unfinished delivery has come."""
    _write(tx, delivery_id, stage=stage.value, step=step, progress=progress, touched_at=at)


def touch(tx: Connection, delivery_id: str, at: datetime) -> None:
    """Write that somebody cares for an unfinished delivery."""
    _write(tx, delivery_id, touched_at=at)


def reserve(tx: Connection, delivery_id: str, number: int, rejected: int) -> None:
    """Write which release a delivery is going to be, and how many rows it lost on the way."""
    _write(tx, delivery_id, release=number, rejected=rejected)


def succeed(tx: Connection, delivery_id: str, at: datetime) -> None:
    """Write that a delivery is a release now."""
    _write(
        tx,
        delivery_id,
        stage=Stage.PUBLISHED.value,
        step="",
        progress=1.0,
        touched_at=at,
        finished_at=at,
    )


def hold(tx: Connection, delivery_id: str, failure: Failure, at: datetime) -> None:
    """Write what a delivery waits for; the release that it had reserved is free again."""
    _write(
        tx,
        delivery_id,
        stage=Stage.HELD.value,
        step=failure.advice,
        failure=asdict(failure),
        release=None,
        touched_at=at,
    )


def held(tx: Connection, dataset_id: str, *, lock: bool = False) -> list[Delivery]:
    """Return the deliveries to a dataset that wait for its provider, in order."""
    chosen = (
        select(deliveries)
        .where(deliveries.c.dataset == dataset_id, deliveries.c.stage == Stage.HELD.value)
        .order_by(deliveries.c.id)
    )
    if lock:
        chosen = chosen.with_for_update()
    return [_delivery(row) for row in tx.execute(chosen)]


def let_go_on(tx: Connection, delivery_id: str, at: datetime) -> None:
    """Write that a held delivery is taken up again."""
    _write(
        tx,
        delivery_id,
        stage=Stage.RECEIVED.value,
        step="",
        progress=0.0,
        failure=None,
        touched_at=at,
    )


def drop(tx: Connection, delivery_id: str, at: datetime) -> None:
    """Write that its provider does not want a delivery that waited."""
    _write(tx, delivery_id, stage=Stage.DROPPED.value, step="", touched_at=at, finished_at=at)


def fail(tx: Connection, delivery_id: str, failure: Failure, at: datetime) -> None:
    """Write why a delivery failed; the release that it had reserved is free again."""
    _write(
        tx,
        delivery_id,
        stage=Stage.FAILED.value,
        step="",
        failure=asdict(failure),
        release=None,
        touched_at=at,
        finished_at=at,
    )


def _write(tx: Connection, delivery_id: str, **values: Any) -> None:
    unfinished = (deliveries.c.id == delivery_id) & deliveries.c.stage.not_in(ENDED)
    tx.execute(update(deliveries).where(unfinished).values(values))


def _delivery(row: Row[Any]) -> Delivery:
    failure: Mapping[str, str] | None = row.failure
    return Delivery(
        id=DeliveryId(row.id),
        dataset=DatasetId(row.dataset),
        party=PartyId(row.party),
        account=row.account,
        upload=row.upload,
        file_name=row.file_name,
        sha256=row.sha256,
        mode=row.mode,
        stage=Stage(row.stage),
        step=row.step,
        progress=row.progress,
        failure=Failure(**failure) if failure else None,
        release=row.release,
        source=row.source,
        rejected=row.rejected,
        schema=None if row.schema is None else columns_from_json(row.schema),
        options=options_from_json(row.options),
        note=row.note,
        received_at=row.received_at,
        touched_at=row.touched_at,
        finished_at=row.finished_at,
    )
