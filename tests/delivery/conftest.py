import socket
import threading
import time

import pytest
import uvicorn
from starlette.testclient import TestClient

from torvet.settings import Settings

from .stage import Cast


@pytest.fixture(scope="module")
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def settings(home, database, port):
    """File URLs name the exchange's address, so the server has to be there."""
    return Settings(home=home, database=database, url=f"http://127.0.0.1:{port}")


@pytest.fixture(scope="module")
def cast(parts, tmp_path_factory):
    return Cast(parts, tmp_path_factory.mktemp("staged"))


@pytest.fixture
def http(app):
    """A client that carries no sign-in of its own."""
    with TestClient(app, raise_server_exceptions=False) as session:
        yield session


@pytest.fixture(scope="module")
def server(app, port):
    """The real server, on the port that file URLs name."""
    running = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off")
    )
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(10)


@pytest.fixture(autouse=True)
def _local_tls_bypass(monkeypatch):
    # The variable defeats the sharing client's own handling of localhost.
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
