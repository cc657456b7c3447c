"""The exchange of this home, served on a Unix socket to whoever may open its files.

`torvet serve` listens there beside its port, so that a command finds it running. Where none
runs, a command starts `python -m torvet.cli.near HOME`, which serves until its input ends.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from torvet.exchange import open_parts
from torvet.kit.errors import ExchangeError
from torvet.parties import local_session
from torvet.ports.parts import Parts
from torvet.server import application
from torvet.settings import load
from torvet.web.problems import explain

from .logs import configure
from .places import DOOR, SOCKET_PATH_MAX, socket_of
from .serving import served, working


def with_door(parts: Parts) -> Starlette:
    """Return the application with a door that signs in whoever stands at this socket.

    Nobody else reaches the socket than who may read the home folder, and with it all keys.
    """

    async def sign_in(request: Request) -> Response:
        email = json.loads(await request.body() or b"{}").get("email")
        try:
            secret = await run_in_threadpool(local_session, parts, email)
        except ExchangeError as error:
            return explain(request, error)
        return JSONResponse({"secret": secret})

    return Starlette(
        routes=[Route(DOOR, sign_in, methods=["POST"]), Mount("/", application(parts))]
    )


@contextmanager
def near(parts: Parts) -> Iterator[None]:
    """Serve commands on this machine, beside what else is served, until the block ends."""
    socket = socket_of(parts.settings.home)
    if len(str(socket)) > SOCKET_PATH_MAX:
        yield
        return
    socket.parent.mkdir(mode=0o700, exist_ok=True)
    with suppress(FileNotFoundError):
        socket.unlink()
    try:
        with served(with_door(parts), uds=str(socket)):
            yield
    finally:
        with suppress(FileNotFoundError):
            socket.unlink()


def main() -> None:
    """Serve the home that is named until standard input ends; say where, once it answers."""
    configure("warning")
    settings, _ = load(home=Path(sys.argv[1]))
    with TemporaryDirectory(prefix="torvet-") as folder, open_parts(settings) as parts:
        socket = f"{folder}/http"
        with served(with_door(parts), uds=socket), working(parts):
            sys.stdout.write(f"{socket}\n")
            sys.stdout.flush()
            sys.stdin.read()


if __name__ == "__main__":
    main()
    # All is closed and a command waits for the end: nothing more is taken apart.
    os._exit(0)
