"""Servers that the engine and the table store are tried against: real ones, out of wheels."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

from torvet.backends.object_store import s3_client
from torvet.settings import Settings

STARTED_WITHIN_S = 60

# A test worker has no main file, by which the Spark client believes to be in a doctest.
if not hasattr(sys.modules["__main__"], "__file__"):
    sys.modules["__main__"].__file__ = __file__


@pytest.fixture(scope="session")
def sail_url():
    """A Spark Connect server: Sail, as a process of its own."""
    port = free_port()
    serve = [str(Path(sys.executable).parent / "sail"), "spark", "server", f"--port={port}"]
    with Served(serve, port):
        yield f"sc://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def s3_endpoint():
    """An object store that speaks S3: moto's server, as a process of its own."""
    port = free_port()
    serve = [str(Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with Served(serve, port), pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "torvet")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "not a secret")
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def bucket(s3_endpoint):
    """The settings of an exchange whose tables are in a new bucket."""
    name = f"torvet-{uuid4().hex[:12]}"
    settings = Settings(tables=f"s3://{name}/exchange", s3_endpoint=s3_endpoint)
    s3_client(settings).create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": settings.s3_region}
    )
    return settings


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Served:
    def __init__(self, command, port):
        self.command, self.port = command, port

    def __enter__(self):
        assert shutil.which(self.command[0]), f"{self.command[0]} is not installed"
        self.process = subprocess.Popen(
            self.command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "RUST_LOG": "error"},
        )
        deadline = time.monotonic() + STARTED_WITHIN_S
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self.process.poll() is None, f"{self.command} ended"
                time.sleep(0.05)
            else:
                return self.process
        raise TimeoutError(f"{self.command} did not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
