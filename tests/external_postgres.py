"""A PostgreSQL server elsewhere: a second one from the same wheel, on a port of its own."""

import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from torvet.backends import embedded_postgres as embedded
from torvet.backends.postgres_account import account_for, give, open_the_way

READY_WITHIN_S = 60


class ExternalPostgres:
    """Speaks TCP on the loopback; can be killed and started again."""

    def __init__(self, folder: Path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._data = folder / "external"
        self._data.mkdir(mode=0o700)
        self._account = account_for(self._data)
        give(self._account, self._data)
        open_the_way(self._account, self._data, embedded.PROGRAMS / "postgres")
        command = [
            str(embedded.PROGRAMS / "initdb"),
            f"--pgdata={self._data}",
            "--username=torvet",
            "--encoding=UTF8",
            "--locale=C",
            "--auth=trust",
            "--no-sync",
        ]
        subprocess.run(command, check=True, capture_output=True, **embedded._as(self._account))
        self._server = None
        self.start()

    @property
    def url(self):
        return f"postgresql+psycopg://torvet@127.0.0.1:{self.port}/torvet"

    def start(self):
        self._server = self._begun()
        self._wait_until_ready()

    def _begun(self):
        command = [
            str(embedded.PROGRAMS / "postgres"),
            "-D",
            str(self._data),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            f"port={self.port}",
            "-c",
            "unix_socket_directories=",
        ]
        return subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **embedded._as(self._account),
        )

    def kill(self):
        """Take it away as a power cut does."""
        self._server.send_signal(signal.SIGKILL)
        self._server.wait()

    def stop(self):
        self._server.send_signal(signal.SIGINT)
        self._server.wait(30)

    def _wait_until_ready(self):
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._answers():
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            if self._server.poll() is not None:
                # Children of a killed server hold its memory for a moment: then try again.
                time.sleep(0.2)
                self._server = self._begun()
            time.sleep(0.05)

    def _answers(self):
        address = {"host": "127.0.0.1", "port": self.port, "user": "torvet"}
        try:
            with psycopg.connect(**address, dbname="postgres", autocommit=True) as db:
                found = db.execute("SELECT 1 FROM pg_database WHERE datname = 'torvet'")
                if not found.fetchone():
                    db.execute("CREATE DATABASE torvet")
        except psycopg.OperationalError:
            return False
        return True


def external_postgres():
    """Give a server for as long as it is wanted."""
    with tempfile.TemporaryDirectory(
        prefix="torvet-external-", ignore_cleanup_errors=True
    ) as folder:
        server = ExternalPostgres(Path(folder))
        try:
            yield server
        finally:
            server.stop()
