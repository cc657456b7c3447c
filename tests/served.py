"""Servers out of wheels that tests run against, each a process of its own."""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx2

from torvet.backends.object_store import s3_client
from torvet.settings import Settings

STARTED_WITHIN_S = 60
SECRETS = {"AWS_ACCESS_KEY_ID": "torvet", "AWS_SECRET_ACCESS_KEY": "not a secret"}
"""What any of these object stores takes for a key."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def sail():
    """A Spark Connect server: Sail. Gives its URL."""
    port = free_port()
    with Served([_program("sail"), "spark", "server", f"--port={port}"], port):
        yield f"sc://127.0.0.1:{port}"


@contextmanager
def s3():
    """An object store that speaks S3: moto's server. Gives its endpoint."""
    port = free_port()
    with Served([_program("moto_server"), "-H", "127.0.0.1", "-p", str(port)], port):
        yield f"http://127.0.0.1:{port}"


def new_bucket(endpoint):
    """Make a bucket; return the settings of an exchange whose tables are there."""
    name = f"torvet-{uuid4().hex[:12]}"
    settings = Settings(tables=f"s3://{name}/exchange", s3_endpoint=endpoint)
    s3_client(settings).create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": settings.s3_region}
    )
    return settings


def _program(name):
    return str(Path(sys.executable).parent / name)


class Served:
    def __init__(self, command, port):
        self.command, self.port = command, port

    def __enter__(self):
        assert shutil.which(self.command[0]), f"{self.command[0]} is not installed"
        self.process = subprocess.Popen(
            self.command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **SECRETS, "RUST_LOG": "error"},
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


class Cards:
    """A card provider in a process of its own, and the payer at it."""

    KEY, WEBHOOK_SECRET = "sk_test_torvet", "whsec_torvet"

    def __init__(self, endpoint):
        self.endpoint = endpoint

    def test(self, path, **form):
        return httpx2.post(f"{self.endpoint}/test/{path}", data=form, timeout=10).json()

    def events(self, at):
        """The events so far, signed at `at`, as (body, signature)."""
        told = self.test("events", at=str(int(at.timestamp())))["events"]
        return [(each["body"].encode(), each["signature"]) for each in told]

    @property
    def settings(self):
        return {
            "card_endpoint": self.endpoint,
            "card_secret_key": self.KEY,
            "card_webhook_secret": self.WEBHOOK_SECRET,
            "card_timeout_s": 0.4,
        }


@contextmanager
def cards():
    """A card provider. Gives `Cards`."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "torvet.demo.card_provider",
        str(port),
        Cards.KEY,
        Cards.WEBHOOK_SECRET,
    ]
    with Served(command, port):
        yield Cards(f"http://127.0.0.1:{port}")
