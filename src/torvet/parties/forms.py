"""What goes over the wire about parties: requests as forms, answers as sheets."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from .account_service import Entered, Standing
from .model import Caller, Invitation, Member, Membership, Party, PartyKind, Role, Token
from .rules import (
    EMAIL,
    PASSWORD_LENGTH_MAX,
    PASSWORD_LENGTH_MIN,
    SCOPE,
    SCOPES_MAX,
    TOKEN_GRACE_MAX,
)

# One line of text: no control characters, and something other than spaces.
_LINE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=_LINE)]
Email = Annotated[
    str, Field(min_length=5, max_length=254, pattern=EMAIL, examples=["alma@aarhus.example"])
]
Password = Annotated[str, Field(min_length=1, max_length=256, examples=["a sentence is good"])]
NewPassword = Annotated[
    str,
    Field(
        min_length=PASSWORD_LENGTH_MIN,
        max_length=PASSWORD_LENGTH_MAX,
        examples=["a sentence is good"],
    ),
]
Slug = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
ScopeText = Annotated[str, Field(min_length=1, max_length=80, pattern=SCOPE)]
Code = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_-]+$")]
Identifier = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class Form(BaseModel):
    """A request: a field that it does not know is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid")


class AccountForm(Form):
    """Who wants an account."""

    email: Email
    name: Name
    password: NewPassword
    invitation: Code | None = Field(None, description="The code of an invitation, if there is one.")


class SignInForm(Form):
    """Who signs in."""

    email: Email
    password: Password


class ActForForm(Form):
    """For which party the session acts from now on."""

    party: Slug


class PasswordForm(Form):
    """The password that is, and the one that shall be."""

    old: Password
    new: NewPassword


class OrganisationForm(Form):
    """An organisation that wants to take part."""

    name: Name
    kind: Literal["public", "private", "research"]
    cvr: str | None = Field(
        None,
        max_length=20,
        pattern=_LINE,
        description="The CVR number, eight digits; Danish organisations give it.",
        examples=["55133018"],
    )
    slug: Slug | None = Field(None, description="The short name; made from the name if left out.")
    region: str | None = Field(
        None,
        pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$",
        description="ISO 3166 country or region; the exchange's own if left out.",
        examples=["DK", "DK-82"],
    )


class MemberForm(Form):
    """Who shall act for the organisation, in which role."""

    email: Email
    role: Role


class RoleForm(Form):
    """The role that a member shall have."""

    role: Role


class ServiceAccountForm(Form):
    """A machine of the organisation."""

    name: Name
    role: Literal["steward", "buyer", "reader"] = "reader"


class InvitationForm(Form):
    """The code that an owner handed over."""

    code: Code


class TokenForm(Form):
    """What a new token shall be good for."""

    name: Name
    scopes: list[ScopeText] = Field(
        min_length=1,
        max_length=SCOPES_MAX,
        description="read, trade, publish, manage, operate, or share:<contract>",
        examples=[["read"]],
    )
    expires_at: AwareDatetime | None = Field(None, description="In 90 days if left out.")
    account: Identifier | None = Field(
        None, description="A service account of the party; oneself if left out."
    )


class RotationForm(Form):
    """How long the old token works on."""

    grace_s: int = Field(
        0,
        strict=True,
        ge=0,
        le=int(TOKEN_GRACE_MAX.total_seconds()),
        description="Seconds of grace.",
    )


class PartySheet(BaseModel):
    """A party, as everybody may see it."""

    id: str
    slug: str
    name: str
    kind: PartyKind
    cvr: str | None
    region: str
    registered_at: datetime

    @classmethod
    def of(cls, party: Party) -> Self:
        """Write `party` down."""
        return cls(
            id=party.id,
            slug=party.slug,
            name=party.name,
            kind=party.kind,
            cvr=party.cvr,
            region=party.region,
            registered_at=party.registered_at,
        )


class MembershipSheet(BaseModel):
    """A party that one acts for."""

    party: PartySheet
    role: Role

    @classmethod
    def of(cls, membership: Membership) -> Self:
        """Write `membership` down."""
        return cls(party=PartySheet.of(membership.party), role=membership.role)


class AccountSheet(BaseModel):
    """An account, as its owner sees it."""

    id: str
    email: str | None
    name: str
    operator: bool
    made_at: datetime
    memberships: list[MembershipSheet]

    @classmethod
    def of(cls, standing: Standing) -> Self:
        """Write `standing` down."""
        return cls(
            id=standing.account.id,
            email=standing.account.email,
            name=standing.account.name,
            operator=standing.account.operator,
            made_at=standing.account.made_at,
            memberships=[MembershipSheet.of(m) for m in standing.memberships],
        )


class MeSheet(AccountSheet):
    """Who calls, and what they may do right now."""

    party: str | None = Field(description="The id of the party acted for.")
    roles: list[Role]
    scopes: list[str]
    via: str
    token: str | None

    @classmethod
    def about(cls, standing: Standing, caller: Caller) -> Self:
        """Write down who `caller` is; whoever holds a profile is not told who made it."""
        account = AccountSheet.of(standing)
        if caller.is_a_share:
            unsaid: dict[str, object] = {"email": None, "name": "", "memberships": []}
            account = account.model_copy(update=unsaid)
        return cls(
            **account.model_dump(),
            party=caller.party,
            roles=[role for role in Role if role in caller.roles],
            scopes=sorted(caller.scopes),
            via=caller.via,
            token=caller.token,
        )


class SessionSheet(BaseModel):
    """A new session. The secret works as a bearer too; a browser keeps it as a cookie."""

    account: str
    secret: str
    expires_at: datetime

    @classmethod
    def of(cls, entered: Entered) -> Self:
        """Write `entered` down."""
        return cls(account=entered.account.id, secret=entered.secret, expires_at=entered.expires_at)


class MemberSheet(BaseModel):
    """A member, as other members see them."""

    account: str
    name: str
    email: str | None
    service: bool
    role: Role
    since: datetime

    @classmethod
    def of(cls, member: Member) -> Self:
        """Write `member` down."""
        return cls(
            account=member.account,
            name=member.name,
            email=member.email,
            service=member.service,
            role=member.role,
            since=member.since,
        )


class InvitationSheet(BaseModel):
    """A seat that is kept. Its code is shown once, to whoever invites."""

    id: str
    email: str
    role: Role
    expires_at: datetime
    code: str | None = None

    @classmethod
    def of(cls, invitation: Invitation, code: str | None = None) -> Self:
        """Write `invitation` down."""
        return cls(
            id=invitation.id,
            email=invitation.email,
            role=invitation.role,
            expires_at=invitation.expires_at,
            code=code,
        )


class MembersSheet(BaseModel):
    """Who acts for a party, and (to its owners) who is invited."""

    items: list[MemberSheet]
    invitations: list[InvitationSheet]


class TokenSheet(BaseModel):
    """A token without its secret."""

    id: str
    party: str
    account: str
    name: str
    scopes: list[str]
    made_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    replaced_by: str | None

    @classmethod
    def of(cls, token: Token) -> Self:
        """Write `token` down."""
        return cls(
            id=token.id,
            party=token.party,
            account=token.account,
            name=token.name,
            scopes=sorted(token.scopes),
            made_at=token.made_at,
            expires_at=token.expires_at,
            last_used_at=token.last_used_at,
            revoked_at=token.revoked_at,
            replaced_by=token.replaced_by,
        )


class TokensSheet(BaseModel):
    """The tokens that the caller may manage, newest first."""

    items: list[TokenSheet]


class NewTokenSheet(TokenSheet):
    """A new token with its secret, which is shown this once."""

    secret: str

    @classmethod
    def shown(cls, token: Token, secret: str) -> Self:
        """Write `token` down together with its secret."""
        return cls(**TokenSheet.of(token).model_dump(), secret=secret)


class EndedSheet(BaseModel):
    """How many sessions were ended."""

    ended: int
