"""Where the story is played: a running exchange, one signed-in client for each person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

import httpx2

from .cast import person
from .clock import StoryClock

_TIMEOUT_S = 60.0
DATA = Path(str(files("torvet.demo"))) / "data"
DESCRIPTIONS = Path(str(files("torvet.demo"))) / "descriptions"


class StoryBroken(Exception):
    """The exchange did not do what the story says that it does."""


def expect(met: object, otherwise: str) -> None:
    """Raise StoryBroken with the words `otherwise` unless `met`."""
    if not met:
        raise StoryBroken(otherwise)


def _nothing(*_: object) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What happens on the exchange's own machine, and not through its interfaces."""

    clock: StoryClock = field(default_factory=StoryClock)
    """The exchange's own; it stands where its parts are opened."""
    appoint: Callable[[str], object] = _nothing
    """Makes an account, by its e-mail, the operator."""
    tick: Callable[[], object] = _nothing
    """Does all that the worker does from time to time: whoever lets time pass calls it."""


@dataclass(slots=True)
class Stage:
    """One exchange, a folder for what is taken home, and what was seen so far."""

    url: str
    folder: Path
    machine: Machine = field(default_factory=Machine)
    clients: dict[str, httpx2.Client] = field(default_factory=dict)
    saw: dict[str, Any] = field(default_factory=dict)

    def client(self, key: str) -> httpx2.Client:
        """Return the client of a person, signed in with their password the first time."""
        if key not in self.clients:
            who = person(key)
            client = httpx2.Client(base_url=self.url, timeout=_TIMEOUT_S)
            answer_of(
                client.post("/api/session", json={"email": who.email, "password": who.password})
            )
            if who.organisation:
                client.headers["X-Torvet-Party"] = who.organisation.slug
            client.headers["Origin"] = self.url
            self.clients[key] = client
        return self.clients[key]

    def get(self, key: str, path: str, **params: object) -> Any:
        """Return what `path` answers to a person."""
        asked = {name: str(value) for name, value in params.items()}
        return answer_of(self.client(key).get(path, params=asked))

    def post(self, key: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return what `path` answers to `body` from a person."""
        return answer_of(self.client(key).post(path, json=body))

    def put(self, key: str, path: str, body: Mapping[str, Any]) -> Any:
        """Return what `path` answers to a person who puts `body` there."""
        return answer_of(self.client(key).put(path, json=body))

    def close(self) -> None:
        """Close every client; whoever is asked for again signs in anew."""
        for client in self.clients.values():
            client.close()
        self.clients.clear()


def answer_of(response: httpx2.Response) -> Any:
    """Return the JSON of a success; raise StoryBroken with the problem otherwise."""
    if not response.is_success:
        raise StoryBroken(
            f"{response.request.method} {response.request.url.path} answered"
            f" {response.status_code}: {response.text[:400]}"
        )
    return response.json() if response.content else None


def refusal_of(response: httpx2.Response, status: int) -> dict[str, Any]:
    """Return the problem of a refusal that the story expects."""
    expect(
        response.status_code == status,
        f"{response.request.url.path} should be refused with {status},"
        f" but answered {response.status_code}: {response.text[:300]}",
    )
    problem = response.json()
    return dict(problem)


Deed: TypeAlias = Callable[[Stage], str]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the story: its chapter, what happens, and the deed that makes it happen."""

    chapter: str
    says: str
    deed: Deed
