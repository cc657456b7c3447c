"""An exchange served by this process: HTTP in one thread, one worker beside it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from torvet.jobs import run_worker
from torvet.ports.parts import Parts

_WITHIN_S = 30.0


@contextmanager
def served(app: ASGIApp, **where: Any) -> Iterator[None]:
    """Serve `app` until the block ends; `where` is `uds=` or `host=` and `port=`.

    Raises OSError where the address is taken, TimeoutError where nothing answers in time.
    """
    config = uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=3,
        **where,
    )
    server = uvicorn.Server(config)
    with in_thread(server.run, lambda: setattr(server, "should_exit", True)) as thread:
        _wait_until_started(server, thread)
        yield


@contextmanager
def working(parts: Parts) -> Iterator[None]:
    """Do background work until the block ends."""
    stop = threading.Event()
    with in_thread(lambda: run_worker(parts, stop=stop), stop.set):
        yield


@contextmanager
def in_thread(run: Callable[[], object], stop: Callable[[], object]) -> Iterator[threading.Thread]:
    """Run `run` in a thread until the block ends, then `stop` it and wait."""
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        stop()
        thread.join(timeout=_WITHIN_S)


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    pause = threading.Event()
    for _ in range(int(_WITHIN_S * 100)):
        if server.started:
            return
        if not thread.is_alive():
            raise OSError("the address is taken, or may not be listened on")
        pause.wait(0.01)
    raise TimeoutError(f"the exchange did not start within {_WITHIN_S:.0f} s")
