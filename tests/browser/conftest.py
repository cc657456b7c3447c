"""A real browser against a served exchange that has something on it."""

import os
import socket
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="the browser tests need playwright")
from playwright.sync_api import sync_playwright

from torvet.cli.serving import served, working
from torvet.demo import protecting, publishing, trading
from torvet.demo.stage import Machine, Stage
from torvet.exchange import open_parts
from torvet.parties import make_operator
from torvet.server import application
from torvet.settings import Settings

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser():
    # Playwright keeps an event loop running in this thread: not for longer than it is needed.
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail("CI installs Chromium before it runs the tests, and it is not there")
        pytest.skip("Debian's Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def square(stage):
    """The address of an exchange on which three organisations have published and offered."""
    return stage.url


@pytest.fixture(scope="module")
def stage(home, database, tmp_path_factory):
    """That exchange, as the story's cast meets it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    settings = Settings(home=home, database=database, url=url, port=port)
    with (
        open_parts(settings, migrate=False) as parts,
        served(application(parts), host="127.0.0.1", port=port),
        working(parts),
    ):
        machine = Machine(appoint=partial(make_operator, parts))
        stage = Stage(url=url, folder=tmp_path_factory.mktemp("taken"), machine=machine)
        publishing.register(stage)
        publishing.describe(stage)
        publishing.publish_parking(stage)
        publishing.deliver_heat(stage)
        publishing.publish_heat(stage)
        protecting.deliver_readings(stage)
        protecting.give_answers(stage)
        publishing.offer(stage)
        trading.introduce(stage)
        yield stage
        stage.close()


@pytest.fixture
def page(browser, request):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    faults = []
    opened.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.faults = faults
    yield opened
    if folder := os.environ.get("TORVET_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        opened.screenshot(
            path=f"{folder}/{request.node.name.replace('/', '_')}.png", full_page=True
        )
    context.close()
