"""What a caller reaches: the contracts that their token opens, and nothing of anybody else's."""

from dataclasses import dataclass

from sqlalchemy import Connection

from torvet.audit import Fact
from torvet.catalogue import Dataset, dataset, releases
from torvet.contracts import (
    Contract,
    ContractNotFound,
    Hold,
    contract_by_share,
    shares_of,
    spend,
    used_by,
)
from torvet.parties import Caller, Party, check, party
from torvet.ports.parts import Parts

from .errors import NoReleaseYet, ShareNotFound, TableNotFound
from .model import Channel, Moment, SharedTable, Use


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A contract that the caller may ask under, with the dataset and provider it is about."""

    contract: Contract
    dataset: Dataset
    provider: Party
    history: tuple[Moment, ...]

    @property
    def table(self) -> SharedTable:
        """Return the names that Delta Sharing knows it by."""
        return SharedTable(
            contract=self.contract.id,
            share=self.contract.share,
            schema=self.provider.slug,
            name=self.dataset.slug,
            dataset=self.dataset.id,
        )

    @property
    def newest(self) -> int:
        """Return the newest version, which is the newest release's number."""
        return self.history[-1].version


def by_share(tx: Connection, caller: Caller, share: str) -> Reached:
    """Return what a share holds; raise ShareNotFound where it is not the caller's."""
    check(caller)
    try:
        found = contract_by_share(tx, share, caller)
    except ContractNotFound as missing:
        raise ShareNotFound(share) from missing
    return reached(tx, found)


def by_table(tx: Connection, caller: Caller, share: str, schema: str, table: str) -> Reached:
    """Return what the three names hold, in whatever case they are written."""
    found = by_share(tx, caller, share)
    names = found.table
    if schema.casefold() != names.schema.casefold():
        raise TableNotFound(schema)
    if table.casefold() != names.name.casefold():
        raise TableNotFound(table)
    return found


def reached(tx: Connection, contract: Contract) -> Reached:
    """Return `contract` with its dataset, provider and history."""
    about = dataset(tx, contract.dataset)
    published = sorted(releases(tx, about.id), key=lambda each: each.number)
    return Reached(
        contract=contract,
        dataset=about,
        provider=party(tx, contract.provider),
        history=(
            Moment(version=0, at=about.created_at),
            *(Moment(version=each.number, at=each.published_at) for each in published),
        ),
    )


def published(found: Reached) -> Reached:
    """Return `found` where there is something to read; raise NoReleaseYet where there is not."""
    if found.newest == 0:
        raise NoReleaseYet(found.dataset.slug)
    return found


def shares(
    tx: Connection, parts: Parts, caller: Caller, *, after: str, limit: int
) -> list[Contract]:
    """Return the contracts that the caller's token opens right now, by share name."""
    check(caller)
    now = parts.clock.now()
    found = shares_of(tx, caller, after=after, limit=limit)
    return [
        c for c in found if c.consumer == caller.party and (c.ends_at is None or now < c.ends_at)
    ]


def note_use(
    tx: Connection,
    parts: Parts,
    contract: Contract,
    use: Use,
    actor: str,
    *,
    hold: Hold | None = None,
) -> None:
    """Record what one request really delivered, in the caller's transaction.

    It counts towards the month's spending with it, and `hold`, what was set aside for it, goes.
    """
    told = Fact(
        name="usage",
        at=parts.clock.now(),
        actor=actor,
        subject=contract.id,
        parties=(contract.consumer, contract.provider),
        body={
            "contract": contract.id,
            "dataset": use.dataset,
            "release": use.release,
            "channel": use.channel.value,
            "rows": use.rows,
            "bytes": use.bytes,
            "requests": 1,
            "format": use.format,
        },
    )
    question = use.channel is Channel.ANSWERS
    counted = used_by(rows=use.rows, bytes=use.bytes, requests=1, question=question)
    spend(tx, contract, counted, told, hold)
