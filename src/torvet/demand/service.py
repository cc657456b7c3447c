"""Asking for data, joining, and what is shown of requests. One deed is one transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from torvet import parties
from torvet.audit import record_all
from torvet.billing import escrow
from torvet.catalogue import THEMES
from torvet.contracts import purpose_code
from torvet.kit.money import Money
from torvet.parties import Caller, PartyId, PartyNotFound, Role
from torvet.ports.parts import Parts

from . import facts, rules, settling, store
from .errors import NotOwner, RequestInvalid, RequestNotFound, RequestOver
from .model import (
    Join,
    Pledge,
    PledgeStage,
    Request,
    RequestId,
    Stage,
    ThemeDemand,
    Wanted,
)
from .store import Search

JOINS_MAX = 5_000
JOINS_SHOWN_MAX = 1_000
PLEDGES_SHOWN_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A data request as its owner writes it."""

    wanted: Wanted
    """As it is written, for everybody: who alone sees it is named in `circle`."""
    circle: tuple[str, ...] | None = None
    """Short names of the parties that see it; None is everybody."""
    use: str = ""


def ask(parts: Parts, caller: Caller, wish: Wish) -> Request:
    """Ask for data that is not there yet; its owner is the first to join."""
    parties.check(caller, Role.BUYER)
    assert caller.party is not None, "a buyer buys for a party"
    now = parts.clock.now()
    with parts.db.begin() as tx:
        wanted = _wanted(tx, wish)
        faults = rules.faults_of(wanted, now)
        if faults:
            raise RequestInvalid(faults)
        request = Request(
            id=RequestId(parts.new_id("rq")),
            owner=caller.party,
            wanted=wanted,
            stage=Stage.OPEN,
            joined=1,
            pledged=Money.zero(wanted.currency),
            made_at=now,
            made_by=caller.account,
            touched_at=now,
        )
        store.add_request(tx, request, rules.due_at(request, None))
        own = Join(party=caller.party, use=wish.use, purpose=wanted.purpose, joined_at=now)
        store.add_join(tx, request.id, own)
        record_all(tx, facts.of_wish(request, caller.actor, now))
    return request


def withdraw(parts: Parts, caller: Caller, request_id: str, reason: str = "") -> Request:
    """Take an open request back, as its owner: pledges are free, and money goes back."""
    with parts.db.begin() as tx:
        request, at = held(tx, parts, caller, request_id)
        if request.owner != caller.party:
            raise NotOwner(request_id)
        parties.check(caller, Role.BUYER)
        if request.stage is not Stage.OPEN:
            raise RequestOver(request_id, request.stage.words().en)
        return settling.close(
            tx,
            request,
            Stage.WITHDRAWN,
            reason=reason or settling.WORDS[Stage.WITHDRAWN],
            at=at,
            actor=caller.actor,
        )


def join(parts: Parts, caller: Caller, request_id: str, *, use: str, purpose: str = "") -> Request:
    """Say “me too”, and what for; once more says it anew."""
    parties.check(caller, Role.BUYER)
    assert caller.party is not None, "a buyer buys for a party"
    with parts.db.begin() as tx:
        request, at = joinable(tx, parts, caller, request_id)
        code = purpose_code(purpose) if purpose else request.wanted.purpose
        return join_in(tx, request, caller, use=use, purpose=code, at=at)


def join_in(
    tx: Connection, request: Request, caller: Caller, *, use: str, purpose: str, at: datetime
) -> Request:
    """Write that the caller's party joins; return the request with its number."""
    assert caller.party is not None, "whoever joins acts for a party"
    wanted = Join(party=caller.party, use=use, purpose=purpose, joined_at=at)
    if not store.add_join(tx, request.id, wanted):
        return request
    if request.joined >= JOINS_MAX:
        raise RequestOver(request.id, f"full, {JOINS_MAX:,} parties joined")
    joined = replace(request, joined=request.joined + 1, touched_at=at)
    settling.write(tx, joined)
    told = (caller.party,)
    more: dict[str, object] = {"party": caller.party, "purpose": purpose}
    record_all(
        tx, facts.of_request("wanted-joined", joined, caller.actor, at, told=told, more=more)
    )
    return joined


def leave(parts: Parts, caller: Caller, request_id: str) -> Request:
    """Take “me too” back, where nothing of the caller's is pledged; its owner stays."""
    parties.check(caller, Role.BUYER)
    assert caller.party is not None, "a buyer buys for a party"
    with parts.db.begin() as tx:
        request, at = joinable(tx, parts, caller, request_id)
        pledged = store.pledge_of(tx, request.id, caller.party)
        stays = request.owner == caller.party or (pledged is not None and pledged.stands)
        if stays or not store.remove_join(tx, request.id, caller.party):
            return request
        left = replace(request, joined=request.joined - 1, touched_at=at)
        settling.write(tx, left)
        told: tuple[str, ...] = (caller.party,)
        more: dict[str, object] = {"party": caller.party}
        record_all(
            tx, facts.of_request("wanted-left", left, caller.actor, at, told=told, more=more)
        )
    return left


def held(tx: Connection, parts: Parts, caller: Caller, request_id: str) -> tuple[Request, datetime]:
    """Return a request that the caller may see, held by `tx`, and the moment it is for it."""
    request = store.request(tx, request_id, locked=True)
    if not request.is_for(_reader(caller)):
        raise RequestNotFound(request_id)
    return request, rules.moment_of(request, parts.clock.now())


def joinable(
    tx: Connection, parts: Parts, caller: Caller, request_id: str
) -> tuple[Request, datetime]:
    """Return a request that is held and can be joined; raise RequestOver."""
    request, at = held(tx, parts, caller, request_id)
    if rules.is_over(request, at):
        past = request.stage in {Stage.OPEN, Stage.BOUND}
        why = "past its deadline" if past else request.stage.words().en
        raise RequestOver(request_id, why)
    return request, at


def visible_request(tx: Connection, caller: Caller, request_id: str) -> Request:
    """Return a request that the caller may see; raise RequestNotFound."""
    request = store.request(tx, request_id)
    if not request.is_for(_reader(caller)):
        raise RequestNotFound(request_id)
    return request


def search(tx: Connection, caller: Caller, wish: Search) -> tuple[list[Request], int]:
    """Return a page of the requests that the caller may see, and how many there are."""
    party = _reader(caller)
    if wish.mine and party is None:
        return [], 0
    return store.search(tx, party, wish)


def joins_of(tx: Connection, caller: Caller, request: Request) -> list[Join]:
    """Return who joined: all of them to its owner, to others none but themselves."""
    found = store.joins_of(tx, request.id, JOINS_MAX)
    if caller.party == request.owner:
        return found[:JOINS_SHOWN_MAX]
    return [one for one in found if one.party == caller.party]


def uses_of(tx: Connection, request: Request) -> dict[str, int]:
    """Return how many parties want it for which purpose, the most first: for providers."""
    counts: dict[str, int] = {}
    for one in store.joins_of(tx, request.id, JOINS_MAX):
        counts[one.purpose] = counts.get(one.purpose, 0) + 1
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def pledges_by(tx: Connection, caller: Caller) -> list[Pledge]:
    """Return what the caller's own party pledged, the newest first."""
    parties.check(caller, Role.READER)
    return [] if caller.party is None else store.pledges_by(tx, caller.party, PLEDGES_SHOWN_MAX)


def reference_of(tx: Connection, pledge: Pledge) -> str | None:
    """Return what a party writes on the transfer that fills its prepaid pledge."""
    if pledge.stage is not PledgeStage.WAITING or pledge.hold is None:
        return None
    hold = escrow.held(tx, escrow.Purpose.PLEDGE, pledge.id)
    return None if hold is None else hold.reference


def by_theme(tx: Connection, caller: Caller) -> list[ThemeDemand]:
    """Return what is wanted by theme, so that one sees demand before one invests."""
    return store.by_theme(tx, _reader(caller))


def _reader(caller: Caller) -> PartyId | None:
    return None if caller.is_a_share else caller.party


def _wanted(tx: Connection, wish: Wish) -> Wanted:
    written = wish.wanted
    if not any(text.strip() for text in written.title.values()):
        raise RequestInvalid(("it has no title, neither in Danish nor in English",))
    if written.theme not in THEMES:
        known = ", ".join(sorted(THEMES))
        raise RequestInvalid((f"{written.theme[:20]!r} is no theme: {known}",))
    return replace(
        written,
        title=_said(written.title),
        description=_said(written.description),
        purpose=purpose_code(written.purpose),
        circle=_circle(tx, wish.circle),
    )


def _said(texts: Mapping[str, str]) -> dict[str, str]:
    return {language: text.strip() for language, text in texts.items() if text.strip()}


def _circle(tx: Connection, slugs: Iterable[str] | None) -> tuple[PartyId, ...] | None:
    if slugs is None:
        return None
    found: dict[PartyId, None] = {}
    for slug in slugs:
        try:
            found[parties.party_by_slug(tx, slug).id] = None
        except PartyNotFound as unknown:
            raise RequestInvalid((f"there is no party {slug[:60]!r}",)) from unknown
    return tuple(found)
