"""What a provider can do in the catalogue, and what anyone may see. One function, one deed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from torvet.audit import record
from torvet.ingest import Column, ReadOptions, UploadId, complete_upload
from torvet.jobs import defer
from torvet.kit import moments
from torvet.parties import Caller, PartyId, Role, check, party_by_slug
from torvet.ports.parts import Parts

from . import delivery_store, facts, store
from .errors import (
    DatasetInvalid,
    DatasetMoved,
    DatasetNotFound,
    DatasetNotYours,
    DatasetWithdrawn,
    DeliveryNotFound,
    TooManyWaiting,
)
from .hooks import ask_before_preview
from .model import Dataset, DatasetId, Delivery, DeliveryId, Mode, Stage
from .names import PUBLISH, publishing_lock
from .rules import faults, may_see
from .search.service import reader_of, reindex

WAITING_MAX = 50


def visible_dataset(tx: Connection, id_or_slug: str, caller: Caller) -> Dataset:
    """Return a dataset that `caller` may know of; raise DatasetNotFound for all others."""
    found = store.dataset(tx, id_or_slug)
    party = reader_of(caller)
    if found.withdrawn_at is not None and may_see(replace(found, withdrawn_at=None), party):
        raise DatasetWithdrawn(found.slug, moments.to_text(found.withdrawn_at))
    if not may_see(found, party):
        raise DatasetNotFound(id_or_slug)
    return found


def create(parts: Parts, caller: Caller, fields: Mapping[str, Any]) -> Dataset:
    """Describe a new dataset; raise DatasetInvalid or DatasetSlugTaken."""
    check(caller, Role.STEWARD)
    now = parts.clock.now()
    with parts.db.begin() as tx:
        new = Dataset(
            id=DatasetId(parts.new_id("ds")),
            provider=PartyId(str(caller.party)),
            created_at=now,
            modified_at=now,
            **_with_circle(tx, fields),
        )
        _ensure_sound(new)
        store.add_dataset(tx, new)
        record(tx, facts.dataset_created(new, caller.actor))
        reindex(tx, new)
    return new


def change(
    parts: Parts,
    caller: Caller,
    slug: str,
    version: int | None,
    fields: Mapping[str, Any],
    *,
    preview_acknowledged: bool = False,
) -> Dataset:
    """Change what `fields` names; raise DatasetMoved where `version` is no longer the newest.

    Raises what `before_preview_changes` objects, unless that is acknowledged.
    """
    check(caller, Role.STEWARD)
    with parts.db.begin() as tx:
        held = _own(tx, slug, caller)
        _ensure_unmoved(held, version)
        changed = replace(held, **_with_circle(tx, fields), modified_at=parts.clock.now())
        _ensure_sound(changed)
        if not preview_acknowledged:
            ask_before_preview(tx, held, changed)
        written = store.replace_dataset(tx, changed)
        record(tx, facts.dataset_changed(written, fields, caller.actor))
        reindex(tx, written)
    return written


def withdraw(parts: Parts, caller: Caller, slug: str, version: int | None = None) -> None:
    """Take a dataset out of the catalogue. Its facts, and what contracts hold, stay."""
    check(caller, Role.STEWARD)
    with parts.db.begin() as tx:
        held = _own(tx, slug, caller)
        _ensure_unmoved(held, version)
        now = parts.clock.now()
        gone = store.replace_dataset(tx, replace(held, withdrawn_at=now, modified_at=now))
        record(tx, facts.dataset_withdrawn(gone, now, caller.actor))
        reindex(tx, gone)


def deliver(
    parts: Parts,
    caller: Caller,
    slug: str,
    *,
    upload: str,
    mode: Mode,
    schema: tuple[Column, ...] | None = None,
    options: ReadOptions | None = None,
    note: str = "",
) -> Delivery:
    """Hand in an upload as the next release of a dataset; a job publishes it."""
    check(caller, Role.STEWARD)
    with parts.db.begin() as tx:
        dataset = _own(tx, slug, caller)
        if delivery_store.waiting(tx, dataset.id) >= WAITING_MAX:
            raise TooManyWaiting(dataset.slug, WAITING_MAX)
        file = complete_upload(tx, UploadId(upload), dataset.provider)
        now = parts.clock.now()
        new = Delivery(
            id=DeliveryId(parts.new_id("dl")),
            dataset=dataset.id,
            party=dataset.provider,
            account=caller.actor,
            upload=file.id,
            file_name=file.file_name,
            sha256=file.sha256,
            mode=mode,
            stage=Stage.RECEIVED,
            source=parts.new_id("src"),
            schema=schema,
            options=options or ReadOptions(),
            note=note,
            received_at=now,
            touched_at=now,
        )
        delivery_store.add(tx, new)
        record(tx, facts.delivery_received(new, caller.actor))
        defer(tx, PUBLISH, lock=publishing_lock(dataset.id), delivery=new.id)
    return new


def delivery(tx: Connection, delivery_id: str, caller: Caller) -> Delivery:
    """Return a delivery of the caller's own party; raise DeliveryNotFound for all others."""
    check(caller, Role.READER)
    found = delivery_store.get(tx, delivery_id)
    if found.party != caller.party:
        raise DeliveryNotFound(delivery_id)
    return found


def own_dataset(tx: Connection, slug: str, caller: Caller) -> Dataset:
    """Return a dataset of the caller's own party; raise DatasetNotFound or DatasetNotYours."""
    check(caller, Role.READER)
    visible = visible_dataset(tx, slug, caller)
    if visible.provider != caller.party:
        raise DatasetNotYours(slug)
    return visible


def _own(tx: Connection, slug: str, caller: Caller) -> Dataset:
    """Return the caller's own dataset, its row held until the transaction ends."""
    return store.lock_dataset(tx, own_dataset(tx, slug, caller).id)


def _ensure_unmoved(held: Dataset, version: int | None) -> None:
    if version is not None and version != held.version:
        raise DatasetMoved(held.slug, version)


def _ensure_sound(dataset: Dataset) -> None:
    if found := faults(dataset):
        raise DatasetInvalid(found)


def _with_circle(tx: Connection, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return `fields` with the parties of the circle by their ids."""
    if "circle" not in fields:
        return dict(fields)
    circle = tuple(dict.fromkeys(party_by_slug(tx, slug).id for slug in fields["circle"]))
    return {**fields, "circle": circle}
