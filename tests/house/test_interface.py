"""Whatever is sent to the interface, it answers as its own description says."""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as tried
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from torvet import parties
from torvet.settings import Settings

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("TORVET_FUZZ_EXAMPLES", "6"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def settings(home, database):
    return Settings(home=home, database=database, requests_per_minute=10**6)


@pytest.fixture(scope="module")
def bearer(app, parts):
    """A signed-in owner of an organisation, who may do most of what there is."""
    account = parties.sign_up(
        parts, email="fuzz@example.org", name="Fuzz", password="a rather long password"
    )
    del account
    return parties.local_session(parts, "fuzz@example.org")


@pytest.fixture(scope="module")
def interface(app):
    return schemathesis.openapi.from_asgi("/openapi.json", app)


schema = schemathesis.pytest.from_fixture("interface")


@schema.parametrize()
@tried(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_every_call_keeps_its_description(case, bearer):
    case.call_and_validate(headers={"Authorization": f"Bearer {bearer}"}, checks=CHECKS)


def test_the_description_is_openapi_3_1(client):
    assert client.get("/openapi.json").json()["openapi"].startswith("3.1")
