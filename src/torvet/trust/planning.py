"""Planned work on a dataset, announced by its provider before it begins."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from torvet import catalogue, contracts
from torvet.audit import record
from torvet.catalogue import Dataset
from torvet.parties import Caller, Role, check
from torvet.ports.parts import Parts

from . import facts, store
from .errors import MaintenanceNotFound, MaintenanceUnfit
from .model import MaintenanceId, Planned

LONGEST = timedelta(days=7)
AHEAD_MAX = timedelta(days=366)
SHOWN_BACK = timedelta(days=31)
ANNOUNCED_MAX = 20


def announce(
    parts: Parts, caller: Caller, slug: str, *, begins_at: datetime, ends_at: datetime, words: str
) -> Planned:
    """Announce work, as the dataset's provider. The log proves when it was announced.

    Whether it is left out of a contract's availability is that contract's own term.
    """
    now = parts.clock.now()
    with parts.db.begin() as tx:
        dataset = _own(tx, caller, slug)
        if why := _unfit(begins_at, ends_at, now):
            raise MaintenanceUnfit(why)
        planned = Planned(
            id=MaintenanceId(parts.new_id("mw")),
            dataset=dataset.id,
            begins_at=begins_at,
            ends_at=ends_at,
            announced_at=now,
            announced_by=caller.actor,
            words=words,
        )
        store.plan(tx, planned)
        told = facts.maintenance(
            "maintenance-announced", dataset.provider, planned, now, caller.actor
        )
        record(tx, told)
    return planned


def call_off(parts: Parts, caller: Caller, slug: str, maintenance_id: str) -> Planned:
    """Take announced work back: it leaves nothing out any more. Raises MaintenanceNotFound."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        dataset = _own(tx, caller, slug)
        gone = store.call_off(tx, maintenance_id, dataset.id, now)
        if gone is None:
            raise MaintenanceNotFound(maintenance_id)
        told = facts.maintenance(
            "maintenance-called-off", dataset.provider, gone, now, caller.actor
        )
        record(tx, told)
    return gone


def announced(tx: Connection, dataset: str) -> list[Planned]:
    """Return the newest work on a dataset that stands, whether it is over or not, by its end."""
    return store.announced(tx, dataset, ANNOUNCED_MAX)


def planned_for(parts: Parts, caller: Caller, slug: str) -> list[Planned]:
    """Return the work on a dataset that is announced, and that of the last month."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        dataset = catalogue.visible_dataset(tx, slug, caller)
        return store.planned(tx, dataset.id, now - SHOWN_BACK, now + AHEAD_MAX + LONGEST)


def _unfit(begins_at: datetime, ends_at: datetime, now: datetime) -> str:
    if begins_at <= now:
        return "it begins before it is announced"
    if begins_at > now + AHEAD_MAX:
        return "it lies more than a year ahead"
    if ends_at <= begins_at:
        return "it ends before it begins"
    if ends_at - begins_at > LONGEST:
        return f"it takes more than {LONGEST.days} days"
    return ""


def _own(tx: Connection, caller: Caller, slug: str) -> Dataset:
    dataset = catalogue.visible_dataset(tx, slug, caller)
    if dataset.provider != caller.party:
        raise contracts.NotProvider(dataset.slug)
    check(caller, Role.STEWARD)
    return dataset
