"""Speaking OpenID Connect with a provider: code flow with PKCE, and what its answer proves.

Nothing here knows accounts. What a browser brings back counts only once the ID token's
signature, issuer, audience, time, nonce and `at_hash` have been checked (OpenID Connect Core
§3.1.3.7).
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from torvet.settings import Settings

from .errors import OidcAbsent, OidcAway, OidcRefused

if TYPE_CHECKING:  # a server's start does not wait for what only some exchanges use
    from authlib.integrations.httpx_client import OAuth2Client

SCOPE = "openid profile email"
DISCOVERY_LIFETIME = timedelta(hours=1)
KEYS_AT_LEAST = timedelta(seconds=30)
TIMEOUT_S = 10
ANSWER_BYTES_MAX = 1_000_000
LEEWAY_S = 60
# Asymmetric only: with HS256 a public key would be taken for a secret, and `none` proves nothing.
ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a provider vouches for: the subject is forever, the rest may change.

    `email` is None unless the provider has verified it.
    """

    issuer: str
    subject: str
    email: str | None
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider as it describes itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    read_at: datetime


class Providers:
    """The descriptions and keys of providers, kept for a while. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._providers: dict[str, Provider] = {}
        self._keys: dict[str, tuple[KeySet, datetime]] = {}

    def provider(self, issuer: str, now: datetime) -> Provider:
        """Return how `issuer` describes itself; raise OidcAway where it does not."""
        with self._lock:
            kept = self._providers.get(issuer)
        if kept is None or not timedelta(0) <= now - kept.read_at < DISCOVERY_LIFETIME:
            kept = _discovered(issuer, now)
            with self._lock:
                self._providers[issuer] = kept
        return kept

    def keys(self, provider: Provider, now: datetime, *, fresh: bool = False) -> KeySet:
        """Return the provider's keys; with `fresh`, newer than a few seconds."""
        with self._lock:
            kept = self._keys.get(provider.jwks_uri)
        lifetime = KEYS_AT_LEAST if fresh else DISCOVERY_LIFETIME
        if kept is not None and timedelta(0) <= now - kept[1] < lifetime:
            return kept[0]
        try:
            keys = KeySet.import_key_set(cast("KeySetSerialization", _get(provider.jwks_uri)))
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise OidcAway("its keys cannot be read") from error
        with self._lock:
            self._keys[provider.jwks_uri] = (keys, now)
        return keys


PROVIDERS = Providers()


def authorization_url(
    settings: Settings, provider: Provider, *, state: str, nonce: str, verifier: str
) -> str:
    """Return where to send a browser that wants to sign in."""
    with _client(settings) as client:
        url, _ = client.create_authorization_url(
            provider.authorization_endpoint, state=state, nonce=nonce, code_verifier=verifier
        )
    return str(url)


def redeemed(
    settings: Settings, provider: Provider, *, code: str, nonce: str, verifier: str, now: datetime
) -> Identity:
    """Trade `code` for an ID token and return whom it proves; raise OidcRefused or OidcAway."""
    from authlib.integrations.base_client.errors import OAuthError  # noqa: PLC0415 - as above

    try:
        with _client(settings) as client:
            answer = client.fetch_token(
                provider.token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
            )
    except OAuthError as error:
        raise OidcRefused(f"the provider refused the code ({error.error})") from error
    except (httpx2.HTTPError, ValueError) as error:
        raise OidcAway("its token endpoint cannot be read") from error
    if not isinstance(answer.get("id_token"), str):
        raise OidcRefused("the provider sent no ID token")
    return _proven(settings, provider, answer, nonce=nonce, now=now)


def _proven(
    settings: Settings, provider: Provider, answer: Mapping[str, Any], *, nonce: str, now: datetime
) -> Identity:
    from authlib.oidc.core import CodeIDToken  # noqa: PLC0415 - as above

    token = _verified(provider, answer["id_token"], now)
    claims = CodeIDToken(
        token.claims,
        token.header,
        options={
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": settings.oidc_client_id},
            "sub": {"essential": True},
            "nonce": {"essential": True, "value": nonce},
        },
        params={
            "nonce": nonce,
            "client_id": settings.oidc_client_id,
            "access_token": answer.get("access_token"),
        },
    )
    try:
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY_S)
    except (JoseError, ValueError, TypeError) as error:
        raise OidcRefused(f"its ID token is not for this sign-in ({error})") from error
    return _identity(provider.issuer, token.claims)


def _verified(provider: Provider, id_token: str, now: datetime) -> jwt.Token:
    """Return the token where a key of the provider signed it; a new key is fetched once."""
    for fresh in (False, True):
        try:
            return jwt.decode(
                id_token, PROVIDERS.keys(provider, now, fresh=fresh), algorithms=list(ALGORITHMS)
            )
        except (JoseError, ValueError, TypeError) as error:
            fault = error
    raise OidcRefused("its ID token is not signed by the provider") from fault


def _identity(issuer: str, claims: Mapping[str, Any]) -> Identity:
    subject, email, name = claims.get("sub"), claims.get("email"), claims.get("name")
    if not isinstance(subject, str) or not subject:
        raise OidcRefused("its ID token names nobody")
    proven = isinstance(email, str) and claims.get("email_verified") is True
    return Identity(
        issuer=issuer,
        subject=subject,
        email=email if proven else None,
        name=name if isinstance(name, str) else None,
    )


def _discovered(issuer: str, now: datetime) -> Provider:
    """Read a provider's description (OpenID Connect Discovery §4), which must be of `issuer`."""
    if not issuer:
        raise OidcAbsent
    read = _get(issuer.rstrip("/") + "/.well-known/openid-configuration")
    if read.get("issuer") != issuer:
        raise OidcAway(f"it calls itself {read.get('issuer')!r}, not {issuer!r}")
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    for name in names:
        _check_url(read.get(name))
    return Provider(issuer=issuer, read_at=now, **{name: read[name] for name in names})


def _get(url: str) -> dict[str, Any]:
    _check_url(url)
    try:
        with httpx2.Client(timeout=TIMEOUT_S) as client, client.stream("GET", url) as answer:
            answer.raise_for_status()
            body = b""
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > ANSWER_BYTES_MAX:
                    raise OidcAway("its description is too large")
        read = httpx2.Response(200, content=body).json()
    except (httpx2.HTTPError, ValueError) as error:
        raise OidcAway("it cannot be reached, or answers no JSON") from error
    if not isinstance(read, dict):
        raise OidcAway("its description is no JSON object")
    return read


def _check_url(url: object) -> None:
    """Allow https only; plain http for a provider on this very machine."""
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or not (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    ):
        raise OidcAway("its addresses are not https")


def _client(settings: Settings) -> "OAuth2Client":
    from authlib.integrations.httpx_client import OAuth2Client  # noqa: PLC0415 - as above

    return OAuth2Client(
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret or None,
        token_endpoint_auth_method=(
            "client_secret_basic" if settings.oidc_client_secret else "none"
        ),
        redirect_uri=settings.url.rstrip("/") + "/oidc/callback",
        scope=SCOPE,
        code_challenge_method="S256",
        timeout=TIMEOUT_S,
    )
