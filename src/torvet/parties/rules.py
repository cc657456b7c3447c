"""What decides about parties and callers: pure, so that the laws can be tested."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .errors import NotAllowed, ScopesTooWide, SignInNeeded, Unfit
from .model import (
    ROLES,
    SCOPE_OF_ROLE,
    SHARE,
    Caller,
    Membership,
    PartyKind,
    Role,
    Scope,
    Via,
    scope_of,
)

CVR_WEIGHTS = (2, 7, 6, 5, 4, 3, 2, 1)
CVR_MODULUS = 11

SLUG_LENGTH_MAX = 60
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
CITIZEN_SLUG = "citizen-"

# NIST SP 800-63B-4 §3.1.1.2 asks for 15 where the password stands alone, and at least 8; we take
# what people still type, and let no list of composition rules weaken it.
PASSWORD_LENGTH_MIN = 10
PASSWORD_LENGTH_MAX = 256

# Deliberately loose (RFC 5321 allows more than anyone types), and the interface's own pattern too.
EMAIL = r"^[^@\s,;<>\x00-\x1f\x7f]+@[^@\s,;<>.\x00-\x1f\x7f]+(\.[^@\s,;<>.\x00-\x1f\x7f]+)+$"

TOKEN_LIFETIME_MAX = timedelta(days=400)
TOKEN_GRACE_MAX = timedelta(days=30)
SCOPES_MAX = 20
SCOPE = r"^(read|trade|publish|manage|operate|share:[A-Za-z0-9_-]{1,64})$"

FAILURES_FREE = 5
FAILURES_FORGOTTEN_AFTER = timedelta(hours=1)
WAIT_MAX = timedelta(minutes=15)

_LETTERS = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "ß": "ss"})


def cvr_fits(cvr: str) -> bool:
    """Tell whether `cvr` is eight digits of which the last checks the others.

    The Danish business register's rule: the digits weighted 2, 7, 6, 5, 4, 3, 2, 1 add up to
    a multiple of 11, and no number begins with a zero.
    """
    if re.fullmatch(r"[1-9][0-9]{7}", cvr, re.ASCII) is None:
        return False
    return sum(w * int(d) for w, d in zip(CVR_WEIGHTS, cvr, strict=True)) % CVR_MODULUS == 0


def checked_cvr(cvr: str | None, region: str) -> str | None:
    """Return the CVR number without spaces and `DK`; raise Unfit where it cannot be one."""
    if cvr is None or not cvr.strip():
        if region.upper().startswith("DK"):
            raise Unfit("cvr", "an organisation in Denmark gives its CVR number, eight digits")
        return None
    digits = re.sub(r"\s", "", cvr.upper().removeprefix("DK"))
    if not cvr_fits(digits):
        raise Unfit(
            "cvr", f"{cvr!r} is no CVR number: eight digits, of which the last checks the others"
        )
    return digits


def slug_from(name: str) -> str:
    """Return a short name made from `name`: `Aarhus Å-værk` becomes `aarhus-aa-vaerk`."""
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    ascii_only = plain.encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[: SLUG_LENGTH_MAX - 4].strip("-")
    if not slug:
        return "party"
    return f"party-{slug}" if slug.startswith(CITIZEN_SLUG) else slug


def checked_slug(slug: str) -> str:
    """Return `slug` where it can be a party's short name; raise Unfit otherwise."""
    if SLUG.fullmatch(slug) is None or len(slug) > SLUG_LENGTH_MAX:
        raise Unfit("slug", f"{slug!r} is not lower-case letters and digits joined by hyphens")
    if slug.startswith(CITIZEN_SLUG):
        raise Unfit("slug", f"names that begin with {CITIZEN_SLUG!r} are kept for citizens")
    return slug


def checked_kind(kind: PartyKind) -> PartyKind:
    """Return the kind where an organisation can be it."""
    if kind is PartyKind.CITIZEN:
        raise Unfit("kind", "an organisation is public, private or research")
    return kind


def checked_email(email: str) -> str:
    """Return the address as it is kept: trimmed and case-folded. Raise Unfit where it is none."""
    kept = unicodedata.normalize("NFKC", email).strip().casefold()
    if re.search(EMAIL, kept) is None or kept.endswith("\n"):
        raise Unfit("email", f"{email!r} is no e-mail address")
    return kept


def checked_password(password: str, email: str) -> str:
    """Return the password where it is good enough; raise Unfit with what it lacks."""
    if len(password) < PASSWORD_LENGTH_MIN:
        raise Unfit(
            "password", f"takes at least {PASSWORD_LENGTH_MIN} characters; a sentence is good"
        )
    if len(password) > PASSWORD_LENGTH_MAX:
        raise Unfit("password", f"takes at most {PASSWORD_LENGTH_MAX} characters")
    if len(set(password)) < PASSWORD_LENGTH_MIN // 2:
        raise Unfit("password", "repeats a few characters over and over; a sentence is good")
    if password.casefold() in {email.casefold(), email.split("@", maxsplit=1)[0].casefold()}:
        raise Unfit("password", "is the e-mail address; choose something that only you know")
    return password


def implied(role: Role) -> frozenset[Role]:
    """Return `role` and every role below it."""
    return frozenset(ROLES[ROLES.index(role) :])


def scopes_of(role: Role | None, *, operator: bool = False) -> frozenset[str]:
    """Return the scopes that a member with `role` has; an operator has one more."""
    held: set[str] = {SCOPE_OF_ROLE[r] for r in implied(role)} if role else set()
    return frozenset(held | {Scope.OPERATE} if operator else held)


def narrowed(given: frozenset[str], asked: frozenset[str]) -> frozenset[str]:
    """Return what is left of `given` for a token made for `asked`.

    `share:…` narrows `read` to one contract, so it stands wherever `read` would.
    """
    shares = {s for s in asked if s.startswith(SHARE)} if Scope.READ in given else set()
    return frozenset((given & asked) | shares)


def member_caller(
    *,
    account: str,
    membership: Membership | None,
    email: str | None,
    via: Via = "session",
    operator: bool = False,
    token: str | None = None,
    asked: frozenset[str] | None = None,
) -> Caller:
    """Return the caller that `account` is when it acts through `membership`.

    `asked` are the scopes of the token it came with, or None for a session. A token can only
    take away: no caller has more with it than without.
    """
    role = membership.role if membership else None
    given = scopes_of(role, operator=operator)
    scopes = given if asked is None else narrowed(given, asked)
    return Caller(
        account=account,
        party=membership.party.id if membership else None,
        roles=roles_within(scopes),
        scopes=scopes,
        via=via,
        operator=Scope.OPERATE in scopes,
        token=token,
        email=email,
    )


def roles_within(scopes: frozenset[str]) -> frozenset[Role]:
    """Return the roles whose scope is among `scopes`."""
    return frozenset(role for role in ROLES if SCOPE_OF_ROLE[role] in scopes)


def check(caller: Caller, *needs: Role | str) -> None:
    """Return where `caller` has all of `needs`; raise SignInNeeded or NotAllowed otherwise."""
    if not caller.signed_in:
        raise SignInNeeded
    for need in needs:
        if caller.may(need):
            continue
        token = caller.via == "token"
        roles = tuple(role for role in ROLES if role in caller.roles)
        have = tuple(sorted(caller.scopes)) if token else tuple(str(role) for role in roles)
        raise NotAllowed(str(scope_of(need) if token else _role_for(need)), have, token)


def _role_for(need: Role | str) -> str:
    """Name the role that a person lacks, rather than the scope behind it."""
    return next((role for role, scope in SCOPE_OF_ROLE.items() if scope == need), need)


def choose(
    memberships: Sequence[Membership], *, asked: str | None, kept: str | None, own: str | None
) -> Membership | None:
    """Return the party that a signed-in account acts for.

    In this order: the one asked for by short name (`asked`), the one that the session keeps
    (`kept`), the only organisation, the account's own citizen party (`own`). None where it
    asked for one that is not among `memberships`.
    """
    if asked is not None:
        return next((m for m in memberships if m.party.slug == asked), None)
    by_id: Mapping[str, Membership] = {m.party.id: m for m in memberships}
    if kept is not None and kept in by_id:
        return by_id[kept]
    organisations = [m for m in memberships if m.party.kind is not PartyKind.CITIZEN]
    if len(organisations) == 1:
        return organisations[0]
    return by_id.get(own) if own else None


def grantable(caller: Caller, scopes: Iterable[str]) -> frozenset[str]:
    """Return `scopes` where `caller` may make a token with them; raise otherwise."""
    wished = frozenset(scopes)
    if not wished or len(wished) > SCOPES_MAX:
        raise Unfit("scopes", f"takes 1 to {SCOPES_MAX} scopes")
    unknown = sorted(s for s in wished if re.search(SCOPE, s) is None or s.endswith("\n"))
    if unknown:
        raise Unfit(
            "scopes",
            f"{', '.join(unknown)}: known are read, trade, publish, manage, "
            "operate and share:<contract>",
        )
    missing = wished - narrowed(caller.scopes, wished)
    if missing:
        raise ScopesTooWide(tuple(sorted(missing)))
    return wished


def checked_expiry(expires_at: datetime, now: datetime) -> datetime:
    """Return `expires_at` where a token may live that long; raise Unfit otherwise."""
    if not now < expires_at <= now + TOKEN_LIFETIME_MAX:
        raise Unfit(
            "expires_at", f"lies in the future, at most {TOKEN_LIFETIME_MAX.days} days away"
        )
    return expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """How often the password was wrong for one account from one address, and when last."""

    count: int
    last_at: datetime


def wait_s(failures: Failures | None, now: datetime) -> int:
    """Return how many seconds the next attempt has to wait, 0 for none.

    The first few are free; then the wait doubles from two seconds up to a quarter of an hour.
    After an hour without a failure all is forgotten.
    """
    if failures is None or failures.count < FAILURES_FREE:
        return 0
    since = now - failures.last_at
    if since >= FAILURES_FORGOTTEN_AFTER:
        return 0
    doubled = timedelta(seconds=2 ** min(1 + failures.count - FAILURES_FREE, 20))
    left = (min(doubled, WAIT_MAX) - since).total_seconds()
    return max(0, -int(-left // 1))


def counted(failures: Failures | None, now: datetime) -> Failures:
    """Return the failures after one more."""
    if failures is None or now - failures.last_at >= FAILURES_FORGOTTEN_AFTER:
        return Failures(count=1, last_at=now)
    return replace(failures, count=failures.count + 1, last_at=now)


def safe_next(target: str | None) -> str:
    """Return `target` where it is a path of this exchange, else the front page.

    Browsers read two slashes, a slash and a backslash, and control characters as other sites.
    """
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return "/"
    return "/" if re.search(r"[\\\x00-\x20\x7f]", target) else target
