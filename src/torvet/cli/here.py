"""Which exchange a command talks to, and as whom: the options that every command shares."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import httpx2
from cyclopts import Group, Parameter

from torvet.exchange import open_parts
from torvet.parties import local_session
from torvet.settings import Settings, load

from .serving import served, working

_TIMEOUT_S = 120.0
COMMON = Group("Where and as whom", sort_key=100)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """The exchange in this home folder, or the one at an address."""

    json: Annotated[bool, Parameter(group=COMMON, negative="")] = False
    """Print what the exchange answers as JSON."""
    at: Annotated[str | None, Parameter(group=COMMON, env_var="TORVET_AT")] = None
    """Address of an exchange elsewhere; without it, the one in the home folder."""
    token: Annotated[str | None, Parameter(group=COMMON, env_var="TORVET_TOKEN")] = None
    """Your token there (`torvet token make` gives one)."""
    as_: Annotated[str | None, Parameter(name="--as", group=COMMON, env_var="TORVET_AS")] = None
    """E-mail of the account to act as, on the exchange's own machine."""
    party: Annotated[str | None, Parameter(group=COMMON, env_var="TORVET_PARTY")] = None
    """Organisation to act for, where the account is a member of several."""
    home: Annotated[Path | None, Parameter(group=COMMON)] = None
    """The folder of all embedded state; default TORVET_HOME or ~/.torvet."""

    def settings(self) -> Settings:
        """Return the settings of the home folder."""
        return load(**({"home": self.home} if self.home else {}))[0]


HERE = Here()


@contextmanager
def exchange(here: Here, *, signed_in: bool = True) -> Iterator[httpx2.Client]:
    """Open a client to the exchange that `here` names, signed in as it says.

    Without an address the exchange of the home folder is served to this command alone, on a Unix
    socket, with a worker beside it: one and the same interface, near and far.
    """
    with ExitStack() as stack:
        if here.at:
            yield stack.enter_context(_client(here, base_url=here.at, bearer=here.token))
            return
        parts = stack.enter_context(open_parts(here.settings()))
        bearer = here.token or (local_session(parts, here.as_) if signed_in else None)
        socket = f"{stack.enter_context(TemporaryDirectory(prefix='torvet-'))}/http"
        stack.enter_context(served(parts, uds=socket))
        stack.enter_context(working(parts))
        transport = httpx2.HTTPTransport(uds=socket)
        yield stack.enter_context(
            _client(here, base_url=parts.settings.url, bearer=bearer, transport=transport)
        )


def _client(
    here: Here, *, base_url: str, bearer: str | None, transport: httpx2.HTTPTransport | None = None
) -> httpx2.Client:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    if here.party:
        headers["X-Torvet-Party"] = here.party
    return httpx2.Client(
        base_url=base_url, headers=headers, timeout=_TIMEOUT_S, transport=transport
    )
