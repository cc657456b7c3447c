"""The profile file: what a Delta Sharing client needs to read under one contract."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from torvet.contracts import Contract, ContractNotFound, Stage, admit, contract
from torvet.jobs import defer
from torvet.parties import SHARE, Caller, Role, check, issue_token
from torvet.ports.parts import Parts

from .errors import BadRequest
from .jobs import MAKE_PROJECTION
from .model import Channel

PROFILE_LIFETIME = timedelta(days=90)
PROFILE_LIFETIME_MAX = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A new profile; its bearer is shown this once."""

    contract: Contract
    endpoint: str
    bearer: str
    expires_at: datetime


def make_profile(
    parts: Parts, caller: Caller, contract_id: str, *, expires_at: datetime | None = None
) -> Profile:
    """Make a bearer for the share of one contract, for its consumer alone.

    It opens nothing once the contract is over, but stays known until its own end: whoever
    still holds it is told every reason, not that it is a stranger's. Raises ReadRefused, with
    every reason, where the contract is over already.
    """
    check(caller, Role.READER)
    assert caller.party is not None, "a reader reads for a party"
    assert caller.account is not None, "whoever is signed in has an account"
    now = parts.clock.now()
    with parts.db.begin() as tx:
        held = contract(tx, contract_id, caller)
    if held.consumer != caller.party:
        raise ContractNotFound(contract_id)
    if held.stage is not Stage.AGREED or (held.ends_at is not None and held.ends_at <= now):
        channel = Channel.SHARING.value
        admit(parts, held.id, caller=caller, columns=None, rows=0, requests=0, channel=channel)
    until = _end(now, expires_at)
    with parts.db.begin() as tx:
        _, secret = issue_token(
            tx,
            parts,
            party=caller.party,
            account=caller.account,
            name=f"Delta Sharing {held.share}",
            scopes=[f"{SHARE}{held.id}"],
            expires_at=until,
            actor=caller.actor,
        )
        # Made before it is first asked for: whoever gets a profile reads next.
        defer(tx, MAKE_PROJECTION, contract=held.id)
    return Profile(
        contract=held,
        endpoint=f"{parts.settings.url.rstrip('/')}/sharing",
        bearer=secret,
        expires_at=until if held.ends_at is None else min(until, held.ends_at),
    )


def _end(now: datetime, asked: datetime | None) -> datetime:
    if asked is not None and not now < asked <= now + PROFILE_LIFETIME_MAX:
        days = PROFILE_LIFETIME_MAX.days
        raise BadRequest(f"expires_at lies in the future, and at most {days} days from now")
    return asked or now + PROFILE_LIFETIME
