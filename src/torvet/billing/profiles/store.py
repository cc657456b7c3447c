"""Billing details as rows. Each function takes the transaction that it runs in."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.postgresql import insert

from .errors import ProfileMoved
from .model import Profile
from .tables import billing_profiles as profiles

_OPTIONAL = ("cvr", "vat_number", "ean", "email", "iban", "bic", "registration", "account")
_PLAIN = ("name", "street", "post_code", "city", "country", "vat_registered", "language")


def of_parties(tx: Connection, parties: Iterable[str]) -> dict[str, Profile]:
    """Return the details that these parties gave, by party."""
    query = select(profiles).where(profiles.c.party.in_(list(parties)))
    return {row.party: _profile(row) for row in tx.execute(query)}


def put(tx: Connection, profile: Profile, *, at: datetime, by: str) -> None:
    """Write `profile` over the version before its own; raise ProfileMoved where that is not it."""
    scheme, value = profile.endpoint or (None, None)
    given = {
        **{name: getattr(profile, name) for name in _PLAIN},
        **{name: getattr(profile, name) or None for name in _OPTIONAL},
        "endpoint_scheme": scheme,
        "endpoint_value": value,
        "version": profile.version,
        "changed_at": at,
        "changed_by": by,
    }
    written = tx.execute(
        insert(profiles)
        .values(party=profile.party, **given)
        .on_conflict_do_update(
            index_elements=["party"],
            set_=given,
            where=profiles.c.version == profile.version - 1,
        )
        .returning(profiles.c.party)
    )
    if written.one_or_none() is None:
        raise ProfileMoved(profile.party)


def _profile(row: Row[Any]) -> Profile:
    scheme = row.endpoint_scheme
    return Profile(
        party=row.party,
        name=row.name,
        street=row.street,
        post_code=row.post_code,
        city=row.city,
        country=row.country,
        vat_registered=row.vat_registered,
        language=row.language,
        **{name: getattr(row, name) or "" for name in _OPTIONAL},
        endpoint=None if scheme is None else (scheme, row.endpoint_value),
        version=row.version,
    )
