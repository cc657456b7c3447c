"""The worker: takes jobs one by one, tries failed ones again, takes over from killed workers."""

import asyncio
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import procrastinate
import psycopg
import structlog
from procrastinate import exceptions, types, utils
from procrastinate.jobs import Job as QueuedJob
from procrastinate.jobs import Status
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.worker import Worker
from sqlalchemy.exc import DBAPIError

from torvet.kit.errors import ExchangeError, Kind
from torvet.ports.parts import Parts

from .registry import Job, Periodic, known, periodic

CONCURRENCY = 3  # a long publication leaves room for the short jobs
HEARTBEAT_S = 2.0
STALLED_S = 12.0  # a worker that has been silent for this long is taken for dead
BACKOFF_S_MAX = 60
RECONNECT_S = 1.0
_LOOK_S = 0.1
_POLL_S = 2.0
_TICK_S = 0.5

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Patience(BaseRetryStrategy):
    """Try again after 1, 2, 4 … seconds; not at all where trying again cannot help."""

    retries: int

    def get_retry_decision(
        self, *, exception: BaseException, job: QueuedJob
    ) -> RetryDecision | None:
        if job.attempts >= self.retries or _is_final(exception):
            return None
        wait = min(2**job.attempts, BACKOFF_S_MAX)
        return RetryDecision(retry_in=types.TimeDeltaParams(seconds=wait))


def _is_final(error: BaseException) -> bool:
    return isinstance(error, ExchangeError) and error.kind not in {
        Kind.UNAVAILABLE,
        Kind.CONFLICT,
        Kind.TOO_MANY,
    }


def run_worker(
    parts: Parts,
    *,
    stop: threading.Event | None = None,
    once: bool = False,
    stalled_s: float = STALLED_S,
) -> None:
    """Work until `stop` is set; with `once`, until no job is due. Jobs in hand are finished.

    Where the database goes away the worker waits for it. What it had in hand is then taken up
    again by whoever finds it: work that was begun `stalled_s` after its worker's last sign of life.
    """
    # procrastinate speaks of every step; what a person needs to know is said here.
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
    stop = stop or threading.Event()
    if once:
        asyncio.run(_drain(parts, stop, stalled_s=stalled_s))
        return
    waits = False
    while not stop.is_set():
        try:
            # Asked first: a pool that is opened on nothing waits half a minute before it says so.
            with parts.db.connect():
                pass
            waits = False
            asyncio.run(_work(parts, stop, stalled_s=stalled_s))
        except (DBAPIError, psycopg.Error, exceptions.ConnectorException, OSError) as error:
            if not waits:
                _log.warning("the worker waits for the database", reason=str(error).strip())
            waits = True
        stop.wait(RECONNECT_S)


async def _drain(parts: Parts, stop: threading.Event, *, stalled_s: float) -> None:
    """Run due jobs until a whole round finds none.

    procrastinate ends a round when nothing can be fetched, though a job still in hand may hold the
    lock that others wait for, or be about to enqueue some.
    """
    begun: list[str] = []
    app = _app(parts, begun)
    async with app.open_async():
        await _take_over(app, known(), stalled_s)
        rounds = -1
        while len(begun) != rounds and not stop.is_set():
            rounds = len(begun)
            await _worker(app, stalled_s, wait=False).run()  # type: ignore[no-untyped-call]


async def _work(parts: Parts, stop: threading.Event, *, stalled_s: float) -> None:
    # A job that ends while the database is away cannot write so: it will be taken over.
    asyncio.get_running_loop().set_exception_handler(_note)
    app = _app(parts, [])
    async with app.open_async():
        await _take_over(app, known(), stalled_s)
        worker = _worker(app, stalled_s, wait=True)
        running = asyncio.create_task(worker.run())  # type: ignore[no-untyped-call]
        beside = [
            asyncio.create_task(watch)
            for watch in (_until(stop), _keep_watch(app, stalled_s), _keep_time(app, periodic()))
        ]
        # A watch that ends has failed: the worker is stopped, and started afresh outside.
        await asyncio.wait([running, *beside], return_when=asyncio.FIRST_COMPLETED)
        worker.stop()  # type: ignore[no-untyped-call]
        await asyncio.wait([running])
        results = [task.exception() for task in (running, *beside) if task.done()]
        await utils.cancel_and_capture_errors(beside)
    for result in results:
        if result is not None:
            raise result


def _note(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    _log.debug("worker", said=str(context.get("exception") or context["message"]).strip())


def _worker(app: procrastinate.App, stalled_s: float, *, wait: bool) -> Worker:
    return Worker(
        app,
        name="torvet",
        concurrency=CONCURRENCY,
        wait=wait,
        fetch_job_polling_interval=_POLL_S,
        abort_job_polling_interval=_POLL_S,
        listen_notify=wait,
        delete_jobs="successful",
        install_signal_handlers=False,
        update_heartbeat_interval=HEARTBEAT_S,
        stalled_worker_timeout=stalled_s,
    )


def _app(parts: Parts, begun: list[str]) -> procrastinate.App:
    """Return an app that knows every job, and notes in `begun` each that it begins."""
    _, address = parts.db.dialect.create_connect_args(parts.db.url)
    connector = procrastinate.PsycopgConnector(
        kwargs={**address, "connect_timeout": 3, "application_name": "torvet worker"},
        min_size=1,
        max_size=CONCURRENCY + 3,
        timeout=5.0,
    )
    app = procrastinate.App(connector=connector)
    for job in known().values():
        app.task(name=job.name, retry=_Patience(job.retries))(_bound(job, parts, begun))
    return app


def _bound(job: Job, parts: Parts, begun: list[str]) -> Any:
    def run(**arguments: Any) -> None:
        begun.append(job.name)
        arguments.pop("timestamp", None)
        started = time.monotonic()
        try:
            job.deed(parts, **arguments)
        except Exception as error:
            _log.warning("job failed", job=job.name, error=repr(error), **arguments)
            raise
        _log.debug("job done", job=job.name, seconds=round(time.monotonic() - started, 3))

    return run


async def _until(stop: threading.Event) -> None:
    # The event is another thread's, which asyncio cannot await.
    while not stop.is_set():  # noqa: ASYNC110 - a threading.Event has no awaitable
        await asyncio.sleep(_LOOK_S)


async def _keep_watch(app: procrastinate.App, stalled_s: float) -> None:
    while True:
        await asyncio.sleep(stalled_s / 2)
        await _take_over(app, known(), stalled_s)


async def _take_over(app: procrastinate.App, jobs: Mapping[str, Job], stalled_s: float) -> None:
    """Put the jobs of workers that are gone back in the queue; give up those that kill workers."""
    for stalled in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=stalled_s):
        job = jobs.get(stalled.task_name)
        if job is not None and stalled.attempts > job.retries:
            await app.job_manager.finish_job(stalled, Status.FAILED, delete_job=False)
        else:
            await app.job_manager.retry_job(stalled)


async def _keep_time(app: procrastinate.App, wanted: tuple[Periodic, ...]) -> None:
    """Enqueue each periodic job once for every slot of time, whichever worker is first."""
    last: dict[str, int] = {}
    while True:
        for one in wanted:
            slot = int(time.time() // one.seconds) * one.seconds
            if last.get(one.name) != slot:
                last[one.name] = slot
                await _tick(app, one, slot)
        await asyncio.sleep(_TICK_S)


async def _tick(app: procrastinate.App, one: Periodic, slot: int) -> None:
    waiting = app.configure_task(one.name, lock=one.name, queueing_lock=one.name).job
    try:
        await app.job_manager.defer_periodic_job(
            waiting.evolve(task_kwargs={"timestamp": slot}), one.name, slot
        )
    except exceptions.AlreadyEnqueued:
        return  # the one before has not begun yet: one run is enough for both
