from contextlib import ExitStack

import pytest

from torvet.settings import Settings

from .town import Town


@pytest.fixture(scope="module")
def settings(home, database):
    """Attackers are many requests: the rate limits have tests of their own."""
    return Settings(home=home, database=database, requests_per_minute=10**6)


@pytest.fixture(scope="module")
def town(app, parts):
    """The whole town, built once for the module."""
    with ExitStack() as doors:
        yield Town(app, parts, doors).settle()
