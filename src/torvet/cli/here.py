"""Which exchange a command talks to, and as whom: the options that every command shares."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx2
from cyclopts import Group, Parameter

from torvet.kit.home import default_home

from .output import ProblemSaid, answer_of
from .places import DOOR, socket_of

_TIMEOUT_S = 120.0
_ENDS_WITHIN_S = 30.0
_NEAR = "http://torvet"
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


HERE = Here()


@contextmanager
def exchange(here: Here, *, signed_in: bool = True) -> Iterator[httpx2.Client]:
    """Open a client to the exchange that `here` names, signed in as it says.

    Without an address it is the exchange of the home folder: the one that `torvet serve` runs,
    or else one that is started for this command alone. Near and far have one interface.
    """
    with ExitStack() as stack:
        if here.at:
            yield stack.enter_context(_client(here, base_url=here.at, bearer=here.token))
            return
        home = here.home or default_home()
        door = _at(socket_of(home)) or stack.enter_context(_started(home))
        stack.enter_context(closing(door))
        bearer = here.token or (_session(door, here.as_) if signed_in else None)
        if bearer:
            door.headers["Authorization"] = f"Bearer {bearer}"
        if here.party:
            door.headers["X-Torvet-Party"] = here.party
        yield door


def _client(here: Here, *, base_url: str, bearer: str | None) -> httpx2.Client:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    if here.party:
        headers["X-Torvet-Party"] = here.party
    return httpx2.Client(base_url=base_url, headers=headers, timeout=_TIMEOUT_S)


def _at(socket: Path) -> httpx2.Client | None:
    """Return a client to who listens at `socket`, or None where nobody does."""
    if not socket.exists():
        return None
    client = httpx2.Client(
        base_url=_NEAR, timeout=_TIMEOUT_S, transport=httpx2.HTTPTransport(uds=str(socket))
    )
    try:
        client.get("/health")
    except httpx2.TransportError:
        client.close()
        return None
    return client


@contextmanager
def _started(home: Path) -> Iterator[httpx2.Client]:
    command = [sys.executable, "-m", "torvet.cli.near", str(home)]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            client = _at(Path(process.stdout.readline().strip() or "/nowhere"))
            if client is None:
                raise ProblemSaid(
                    {
                        "title": f"The exchange in {home} could not be started.",
                        "advice": "`torvet check` tries every part and says which one fails.",
                    }
                )
            yield client
        finally:
            process.stdin.close()
            process.wait(timeout=_ENDS_WITHIN_S)


def _session(door: httpx2.Client, email: str | None) -> str:
    return str(answer_of(door.post(DOOR, json={"email": email}))["secret"])
