"""Sealed usage facts as events, by the thousand: most are read by msgspec, the rest with care."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from torvet.audit import SealedFact

from .model import Channel, Count, Event, Slot, event_of
from .rules import summed

USAGE = "usage"

_NotBelow = Annotated[int, msgspec.Meta(ge=0)]


class _Named(msgspec.Struct):
    name: str


class _Body(msgspec.Struct):
    contract: str
    dataset: str
    channel: Channel
    rows: _NotBelow
    bytes: _NotBelow
    requests: _NotBelow


class _Usage(msgspec.Struct):
    name: Literal["usage"]
    at: datetime
    parties: tuple[str, ...]
    body: _Body


_name = msgspec.json.Decoder(_Named)
_usage = msgspec.json.Decoder(_Usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a batch of facts comes to: sums, how many uses, and those that nobody understands.

    Of each of these it is told at which position it stands and what is wrong with it.
    """

    sums: dict[Slot, Count]
    uses: int
    faults: tuple[tuple[int, str], ...]


def tallied(batch: Iterable[SealedFact]) -> Tally:
    """Return what the usage facts of `batch` come to: the same as `summed` says of their events."""
    sums: dict[tuple[str, datetime, Channel, str, tuple[str, ...]], list[int]] = {}
    others: list[Event] = []
    faults: list[tuple[int, str]] = []
    uses = 0
    for sealed in batch:
        try:
            fact = _usage.decode(sealed.leaf)
        except msgspec.MsgspecError:
            _with_care(sealed, others, faults)
            continue
        body, at = fact.body, fact.at
        if at.tzinfo is not UTC:
            _with_care(sealed, others, faults)
            continue
        uses += 1
        hour = at.replace(minute=0, second=0, microsecond=0)
        key = (body.contract, hour, body.channel, body.dataset, fact.parties)
        known = sums.get(key)
        if known is None:
            sums[key] = [body.rows, body.bytes, body.requests]
        else:
            known[0] += body.rows
            known[1] += body.bytes
            known[2] += body.requests
    found = summed(others)
    for (contract, hour, channel, dataset, parties), (rows, bytes_, requests) in sums.items():
        slot = Slot(
            contract=contract,
            hour=hour,
            channel=channel,
            dataset=dataset,
            parties=tuple(sorted(set(parties))),
        )
        count = Count(rows=rows, bytes=bytes_, requests=requests)
        found[slot] = found[slot] + count if slot in found else count
    return Tally(sums=found, uses=uses + len(others), faults=tuple(faults))


def _with_care(sealed: SealedFact, others: list[Event], faults: list[tuple[int, str]]) -> None:
    """Read a fact that is another one, or a use that is not written as they are today."""
    try:
        if _name.decode(sealed.leaf).name != USAGE:
            return
        fact = sealed.fact
        others.append(event_of(fact.at, fact.parties, fact.body))
    except (KeyError, TypeError, ValueError, msgspec.MsgspecError) as error:
        faults.append((sealed.position, repr(error)))
