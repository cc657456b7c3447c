"""Parties, the people who act for them, and what a caller may do. No I/O."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, NewType

PartyId = NewType("PartyId", str)
AccountId = NewType("AccountId", str)
TokenId = NewType("TokenId", str)


class PartyKind(StrEnum):
    """What a party is. Citizens are people; the other three are organisations."""

    PUBLIC = "public"
    PRIVATE = "private"
    RESEARCH = "research"
    CITIZEN = "citizen"


class Role(StrEnum):
    """What a member does for a party, from the most to the least; each includes those below."""

    OWNER = "owner"
    STEWARD = "steward"
    BUYER = "buyer"
    READER = "reader"


class Scope(StrEnum):
    """What a token may be used for. `share:<contract>` is a scope too: that contract's rows."""

    READ = "read"
    TRADE = "trade"
    PUBLISH = "publish"
    MANAGE = "manage"
    OPERATE = "operate"


SHARE = "share:"

# The one scope that makes a role what it is. What a role includes follows from their order.
SCOPE_OF_ROLE = {
    Role.OWNER: Scope.MANAGE,
    Role.STEWARD: Scope.PUBLISH,
    Role.BUYER: Scope.TRADE,
    Role.READER: Scope.READ,
}
ROLES = tuple(Role)
ALL_SCOPES: frozenset[str] = frozenset(SCOPE_OF_ROLE.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An organisation or a citizen."""

    id: PartyId
    slug: str
    name: str
    kind: PartyKind
    cvr: str | None
    region: str
    registered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Someone who can sign in (a person), or something that holds tokens (a service account)."""

    id: AccountId
    email: str | None
    name: str
    service: bool
    operator: bool
    citizen_party: PartyId | None
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An account that acts for a party in a role."""

    party: PartyId
    account: AccountId
    name: str
    email: str | None
    service: bool
    role: Role
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A party that an account acts for, and in which role."""

    party: Party
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A seat that is kept for an e-mail address until its owner signs up or it expires."""

    id: str
    party: PartyId
    email: str
    role: Role
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What is known of an API token. Its secret is shown once and never kept."""

    id: TokenId
    party: PartyId
    account: AccountId
    name: str
    scopes: frozenset[str]
    family: str
    generation: int
    made_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    replaced_by: TokenId | None


Via = Literal["session", "token", "anonymous"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, for which party, and what they may do there.

    `scopes` is what counts: it never holds more than the member's role gives, nor more than
    the token was made for. `roles` are the roles whose scope is among them.
    """

    account: str | None
    party: PartyId | None
    roles: frozenset[Role]
    scopes: frozenset[str]
    via: Via
    operator: bool
    token: str | None
    email: str | None

    def may(self, *needs: Role | str) -> bool:
        """Tell whether the caller has every role and scope in `needs`."""
        return all(scope_of(need) in self.scopes for need in needs)

    @property
    def is_a_share(self) -> bool:
        """Tell whether a token calls that opens shares and nothing else: anyone may hold it."""
        return bool(self.scopes) and all(scope.startswith(SHARE) for scope in self.scopes)

    @property
    def actor(self) -> str:
        """Return who a fact says did it: the token, else the account, else `anonymous`."""
        return self.token or self.account or "anonymous"

    @property
    def signed_in(self) -> bool:
        """Tell whether anyone in particular asks."""
        return self.via != "anonymous"


ANONYMOUS = Caller(
    account=None,
    party=None,
    roles=frozenset(),
    scopes=frozenset(),
    via="anonymous",
    operator=False,
    token=None,
    email=None,
)


def scope_of(need: Role | str) -> str:
    """Return the scope behind `need`, which is a role or a scope already."""
    return SCOPE_OF_ROLE[need] if isinstance(need, Role) else need
