"""What parties do with their billing details. One function is one deed, in one transaction."""

from collections.abc import Iterable
from dataclasses import fields, replace

from sqlalchemy import Connection

from torvet import parties
from torvet.audit import Fact, record
from torvet.billing.model import HOUSE
from torvet.parties import Caller, Party, Role, Scope
from torvet.ports.parts import Parts

from . import rules, store
from .errors import ProfileUnfit
from .model import Profile

CHANGED = "billing-profile-changed"


def profiles_of(tx: Connection, ids: Iterable[str]) -> dict[str, Profile]:
    """Return the billing details of parties, HOUSE among them where it is asked for.

    Of a party that gave none it is what the exchange knows of it: its name and CVR number. A
    party that is not there is left out.
    """
    wanted = set(ids)
    found = store.of_parties(tx, wanted)
    missing = wanted - found.keys()
    if missing - {HOUSE}:
        known = parties.parties_by_id(tx, missing - {HOUSE})
        found |= {id_: known_of(party) for id_, party in known.items()}
    return found


def known_of(party: Party) -> Profile:
    """Return what is known of a party that gave no billing details."""
    country = party.region.partition("-")[0] or "DK"
    danish = party.cvr is not None and country == rules.DENMARK
    return Profile(
        party=party.id,
        name=party.name,
        country=country,
        cvr=(party.cvr or "") if danish else "",
        vat_registered=danish,
        vat_number=f"DK{party.cvr}" if danish else "",
        language="da" if country == rules.DENMARK else "en",
    )


def profile_for(tx: Connection, caller: Caller, name: str, *, house: bool = False) -> Profile:
    """Return the billing details of the caller's party, or of the exchange for its operator.

    `name` is the exchange's own, where it has given no details yet.
    """
    if house:
        parties.check(caller, Scope.OPERATE)
        return profiles_of(tx, [HOUSE]).get(HOUSE) or Profile(party=HOUSE, name=name)
    parties.check(caller, Role.READER)
    assert caller.party is not None, "a reader reads for a party"
    return profiles_of(tx, [caller.party])[caller.party]


def give(parts: Parts, caller: Caller, wished: Profile, *, house: bool = False) -> Profile:
    """Write the billing details of the caller's party, or of the exchange as its operator.

    Accounts are paid to, so an owner gives them. `wished.version` is the one that was read.
    Raises ProfileUnfit with all that is wrong, and ProfileMoved where it was changed meanwhile.
    """
    parties.check(caller, Scope.OPERATE if house else Role.OWNER)
    party = HOUSE if house else caller.party
    assert party is not None, "an owner acts for a party"
    wanted = replace(wished, party=party, version=wished.version + 1)
    if faults := rules.faults_of(wanted):
        raise ProfileUnfit(faults)
    now = parts.clock.now()
    with parts.db.begin() as tx:
        before = store.of_parties(tx, [party]).get(party)
        store.put(tx, wanted, at=now, by=caller.actor)
        record(
            tx,
            Fact(
                name=CHANGED,
                at=now,
                actor=caller.actor,
                subject=party or "exchange",
                parties=(party,) if party else (),
                body={"version": wanted.version, "changed": _changed(before, wanted)},
            ),
        )
    return wanted


def _changed(before: Profile | None, after: Profile) -> list[str]:
    """Name what changed, and not to what: an address may be a person's, and the log is for ever."""
    return [
        each.name
        for each in fields(Profile)
        if each.name not in {"party", "version"}
        and (before is None or getattr(before, each.name) != getattr(after, each.name))
    ]
