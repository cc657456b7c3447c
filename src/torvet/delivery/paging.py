"""Pages of the protocol's lists: tokens that only this exchange can make."""

from dataclasses import dataclass

from .errors import BadRequest
from .signing import seal, unseal

PAGE_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAsk:
    """Which page of a list is asked for: `maxResults` and `pageToken`."""

    max_results: int | None = None
    token: str | None = None

    @property
    def size(self) -> int:
        """Return how many items the page holds at most."""
        return PAGE_MAX if self.max_results is None else min(self.max_results, PAGE_MAX)

    def after(self, secret: bytes, scope: str) -> str:
        """Return the name after which the page begins; raise BadRequest for a forged token."""
        if self.token is None:
            return ""
        known = unseal(secret, f"page:{scope}", self.token)
        if known is None:
            raise BadRequest("pageToken is not one that this list handed out")
        return str(known["after"])

    def next(self, secret: bytes, scope: str, last: str) -> str:
        """Return the token of the page that begins after `last`."""
        return seal(secret, f"page:{scope}", {"after": last})
