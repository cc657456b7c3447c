"""Tokens and file URLs that nobody else can make: HMAC-SHA256 under the exchange's secret.

Every signature is bound to a purpose, so that a page token is no cursor and a cursor opens no
file. Comparison takes the same time wherever the first difference is.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote, urlencode

SIGNATURE = "X-Amz-Signature"
"""The name that makes the Delta kernel reader take a URL for a pre-signed one."""

TOKEN_CHARACTERS_MAX = 2_000
_MAC_BYTES = 16


def sign(secret: bytes, purpose: str, *parts: str) -> str:
    """Return the signature of `parts` for `purpose`, as 64 hexadecimal digits.

    Each part is preceded by its length: no two lists of parts are signed alike.
    """
    mac = hmac.new(secret, digestmod=sha256)
    for part in (purpose, *parts):
        text = part.encode("utf-8", "surrogatepass")
        mac.update(len(text).to_bytes(8, "big") + text)
    return mac.hexdigest()


def seal(secret: bytes, purpose: str, value: Mapping[str, object]) -> str:
    """Return `value` as a token that only this exchange can make; it is readable, not secret."""
    body = json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
    return base64.urlsafe_b64encode(_mac(secret, purpose, body) + body).decode().rstrip("=")


def unseal(secret: bytes, purpose: str, token: str) -> dict[str, object] | None:
    """Return what `seal` was given for `purpose`, or None where `token` is not its work."""
    if len(token) > TOKEN_CHARACTERS_MAX:
        return None
    try:
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    mac, body = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(secret, purpose, body)):
        return None
    value = json.loads(body)
    assert isinstance(value, dict)
    return value


def _mac(secret: bytes, purpose: str, body: bytes) -> bytes:
    return hmac.new(secret, purpose.encode() + b"\0" + body, sha256).digest()[:_MAC_BYTES]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileGrant:
    """One file of one table that one contract may fetch until `expires_s` (Unix seconds)."""

    contract: str
    table: str
    path: str
    release: int
    expires_s: int

    def url(self, secret: bytes, address: str) -> str:
        """Return the signed URL of the file under the exchange's `address`."""
        query = urlencode(
            {
                "table": self.table,
                "release": self.release,
                "expires": self.expires_s,
                SIGNATURE: self._signature(secret),
            }
        )
        return f"{address.rstrip('/')}/files/{quote(self.contract)}/{quote(self.path)}?{query}"

    def holds(self, secret: bytes, signature: str, at: datetime) -> bool:
        """Tell whether `signature` is this grant's and `at` is before its end."""
        # The signature first and always: an answer's time then tells nothing about the rest.
        genuine = hmac.compare_digest(
            self._signature(secret).encode(), signature.encode("utf-8", "surrogatepass")
        )
        return genuine and at < datetime.fromtimestamp(self.expires_s, UTC)

    def _signature(self, secret: bytes) -> str:
        numbers = (str(self.release), str(self.expires_s))
        return sign(secret, "file", self.contract, self.table, self.path, *numbers)
