"""What can go wrong with parties, accounts and tokens, in words for the one who caused it."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class SignInNeeded(ExchangeError):
    """Nobody in particular asked for something that only somebody may do."""

    kind, code = Kind.UNAUTHENTICATED, "sign-in-needed"
    advice = "Sign in at /sign-in, or send `Authorization: Bearer tv_…`."

    def __str__(self) -> str:
        return "This needs somebody who is signed in."


@dataclass(eq=False)
class CredentialsUnknown(ExchangeError):
    """A token or session that is not, or no longer, good for anything."""

    kind, code = Kind.UNAUTHENTICATED, "credentials-unknown"
    advice = "Sign in again, or make a new token with `torvet token make`."
    what: str

    def __str__(self) -> str:
        return f"This {self.what} is unknown, expired or revoked."


@dataclass(eq=False)
class PasswordWrong(ExchangeError):
    """The same answer for an unknown address and a wrong password."""

    kind, code = Kind.UNAUTHENTICATED, "password-wrong"
    advice = "Check both and try again; whoever has no account can make one at /sign-up."

    def __str__(self) -> str:
        return "The e-mail address or the password is wrong."


@dataclass(eq=False)
class TooManyAttempts(ExchangeError):
    """Too many wrong passwords from one place for one account."""

    kind, code = Kind.TOO_MANY, "too-many-attempts"
    advice = "Wait that long. Signing in from elsewhere is not affected."
    retry_after_s: int

    def __str__(self) -> str:
        return f"Too many failed attempts. The next is possible in {self.retry_after_s} s."


@dataclass(eq=False)
class NotAllowed(ExchangeError):
    """Somebody known asked for more than their role or token gives."""

    kind, code = Kind.REFUSED, "not-allowed"
    advice = (
        "Ask an owner of the party for that role, act for another of your parties with the header "
        "X-Torvet-Party, or use a token whose scopes allow it."
    )
    need: str
    have: tuple[str, ...]
    token: bool

    def __str__(self) -> str:
        what = "scope" if self.token else "role"
        have = ", ".join(self.have) or "none"
        return f"This needs the {what} {self.need!r}; you have {have}."


@dataclass(eq=False)
class OtherOrigin(ExchangeError):
    """A page of another site made a browser ask."""

    kind, code = Kind.REFUSED, "other-origin"
    advice = "Ask from this exchange's own pages, or with a token in place of a cookie."

    def __str__(self) -> str:
        return "The request comes from another site's page."


@dataclass(eq=False)
class PartyNotFound(ExchangeError):
    """No such party, or none that the caller may know of."""

    kind, code = Kind.NOT_FOUND, "party-not-found"
    advice = "GET /api/me lists the parties that you can act for."
    party: str

    def __str__(self) -> str:
        return f"There is no party {self.party!r} here for you."


@dataclass(eq=False)
class MemberNotFound(ExchangeError):
    """The account is not a member of the party."""

    kind, code = Kind.NOT_FOUND, "member-not-found"
    advice = "GET /api/organisations/{slug}/members lists the members."
    member: str

    def __str__(self) -> str:
        return f"There is no member {self.member!r}."


@dataclass(eq=False)
class TokenNotFound(ExchangeError):
    """No such token, or another's."""

    kind, code = Kind.NOT_FOUND, "token-not-found"
    advice = "GET /api/tokens lists your tokens."
    token: str

    def __str__(self) -> str:
        return f"You have no token {self.token!r}."


@dataclass(eq=False)
class InvitationNotFound(ExchangeError):
    """No such invitation, or one that was taken, or one that expired."""

    kind, code = Kind.NOT_FOUND, "invitation-not-found"
    advice = "Ask the owner who invited you for a new invitation."

    def __str__(self) -> str:
        return "This invitation is unknown, was used already or has expired."


@dataclass(eq=False)
class EmailTaken(ExchangeError):
    """Somebody has an account with that address already."""

    kind, code = Kind.CONFLICT, "email-taken"
    advice = "Sign in at /sign-in, or sign up with another address."
    email: str

    def __str__(self) -> str:
        return f"There is an account for {self.email} already."


@dataclass(eq=False)
class SlugTaken(ExchangeError):
    """Another party has that short name."""

    kind, code = Kind.CONFLICT, "slug-taken"
    advice = "Choose another short name (`slug`), or leave it out to have one made."
    slug: str

    def __str__(self) -> str:
        return f"The short name {self.slug!r} belongs to another party."


@dataclass(eq=False)
class MemberAlready(ExchangeError):
    """The account is a member already."""

    kind, code = Kind.CONFLICT, "member-already"
    advice = "Change the role with PATCH /api/organisations/{slug}/members/{account}."
    member: str

    def __str__(self) -> str:
        return f"{self.member} is a member already."


@dataclass(eq=False)
class LastOwner(ExchangeError):
    """A party is never left without an owner."""

    kind, code = Kind.CONFLICT, "last-owner"
    advice = "Make another member an owner first."
    party: str

    def __str__(self) -> str:
        return f"{self.party!r} would be left without an owner."


@dataclass(eq=False)
class TokenMoved(ExchangeError):
    """The token was rotated or revoked meanwhile."""

    kind, code = Kind.CONFLICT, "token-moved"
    advice = "GET /api/tokens shows its successor; rotate that one."
    token: str

    def __str__(self) -> str:
        return f"The token {self.token!r} was rotated, revoked or has expired."


@dataclass(eq=False)
class ScopesTooWide(ExchangeError):
    """Nobody gives what they do not have."""

    kind, code = Kind.REFUSED, "scopes-too-wide"
    advice = "Leave those scopes out, or ask an owner of the party to make the token."
    scopes: tuple[str, ...]

    def __str__(self) -> str:
        return f"You cannot give what you do not have: {', '.join(self.scopes)}."


@dataclass(eq=False)
class Unfit(ExchangeError):
    """A value that does not fit its field."""

    kind, code = Kind.INVALID, "value-unfit"
    advice = "Correct that field and send the request again."
    field: str
    fault: str

    def __str__(self) -> str:
        return f"{self.field}: {self.fault}."


@dataclass(eq=False)
class AccountUnclear(ExchangeError):
    """The command line was not told whose session to take."""

    kind, code = Kind.INVALID, "account-unclear"
    advice = "Say whose with --as EMAIL, or make one: `torvet account make EMAIL --name NAME`."
    asked: str | None
    choices: tuple[str, ...]

    def __str__(self) -> str:
        if not self.choices:
            return "This exchange has no accounts yet."
        listed = ", ".join(self.choices)
        if self.asked:
            return f"There is no account {self.asked!r} here. There are: {listed}."
        return f"This exchange has several accounts: {listed}."


@dataclass(eq=False)
class OidcAbsent(ExchangeError):
    """The operator has set up no OIDC provider."""

    kind, code = Kind.NOT_FOUND, "oidc-absent"
    advice = "Sign in with a password. An operator can set TORVET_OIDC_ISSUER."

    def __str__(self) -> str:
        return "This exchange has no sign-in through another provider."


@dataclass(eq=False)
class OidcAway(ExchangeError):
    """The provider cannot be reached, or answers with nonsense."""

    kind, code = Kind.UNAVAILABLE, "oidc-away"
    advice = "Try again in a minute, or sign in with a password."
    fault: str

    def __str__(self) -> str:
        return f"The sign-in provider does not answer as it should: {self.fault}."


@dataclass(eq=False)
class OidcRefused(ExchangeError):
    """What came back from the provider is not a sign-in that can be trusted."""

    kind, code = Kind.UNAUTHENTICATED, "oidc-refused"
    advice = "Start again at /sign-in."
    fault: str

    def __str__(self) -> str:
        return f"The sign-in through the provider failed: {self.fault}."


@dataclass(eq=False)
class AccountNeedsLink(ExchangeError):
    """An account has the address that the provider vouches for, but was never connected."""

    kind, code = Kind.CONFLICT, "account-needs-link"
    advice = "Sign in with the password first, then open /oidc/start to connect the two."
    email: str

    def __str__(self) -> str:
        return f"There is an account for {self.email} that is not connected to this provider."
