"""Secrets that prove who calls: passwords, session secrets, tokens, invitation codes.

A random secret has 256 bits, so its SHA-256 is as good as a slow hash and can be looked up by
index. A password has far fewer, so it goes through argon2id.
"""

import hashlib
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

TOKEN_PREFIX = "tv_"  # noqa: S105 - a prefix that secret scanners can look for, no secret
SESSION_PREFIX = "tvs_"
INVITATION_PREFIX = "tvi_"
SECRET_BYTES = 32
SECRET_LENGTH_MAX = 128

# OWASP's smallest argon2id profile: about 20 ms and 19 MiB. Whoever is checked at once is
# bounded below, so that a flood of sign-ins takes 76 MiB, not all there is.
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_AT_ONCE = threading.BoundedSemaphore(4)

# Checked where there is no account, so that the answer takes as long as for one that exists.
_NOBODY = HASHER.hash(secrets.token_urlsafe(SECRET_BYTES))


def new_secret(prefix: str) -> str:
    """Return a new random secret that tells by its prefix what it is."""
    return prefix + secrets.token_urlsafe(SECRET_BYTES)


def digest(secret: str) -> bytes:
    """Return what is kept of a random secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def hashed(password: str) -> str:
    """Return what is kept of a password."""
    with _AT_ONCE:
        return HASHER.hash(password)


def matches(password: str, kept: str | None) -> bool:
    """Tell whether `password` is the one behind `kept`; takes as long where there is none."""
    with _AT_ONCE:
        try:
            HASHER.verify(kept or _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


def outdated(kept: str) -> bool:
    """Tell whether `kept` was made with other parameters than today's."""
    return HASHER.check_needs_rehash(kept)
