"""Whatever is sent to the interface, it answers as its own description says."""

import os

import pytest
import schemathesis
from docs.generate import openapi
from hypothesis import HealthCheck, given, seed
from hypothesis import settings as tried
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.python.asgi import get_client
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from torvet import parties
from torvet.jobs import run_worker
from torvet.settings import Settings

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("TORVET_FUZZ_EXAMPLES", "6"))
SEED = int(os.environ.get("TORVET_FUZZ_SEED", "0"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
DESCRIPTION = openapi()
CALLERS = ("provider", "consumer", "nobody")
_METHODS = {"get", "head", "post", "put", "patch", "delete"}
_ENDINGS = ("/refusal", "/revocation", "/ending")


def _ends_something(call):
    method, path = call
    return method == "delete" or path.endswith(_ENDINGS)


# What ends something comes last, so that it is there until then.
CALLS = sorted(
    (
        (method, path)
        for path, methods in DESCRIPTION["paths"].items()
        for method in methods
        if method in _METHODS
    ),
    key=_ends_something,
)


class Stage:
    """A provider with a dataset, a consumer with a contract for it: real names to ask for."""

    def __init__(self, app, parts):
        self._parts = parts
        self._client = TestClient(app)
        self.people = {
            "provider": self._owner("provider", "55133018"),
            "consumer": self._owner("consumer", "29189846"),
        }
        self.names = {}
        self._publish()
        self._agree()

    def bearer(self, name):
        """Begin a session of their own for a test: some calls end it."""
        if name not in self.people:
            return {}
        email = self.people[name]["email"]
        return {"Authorization": f"Bearer {parties.local_session(self._parts, email)}"}

    def real(self, path):
        """Return the names of real things that stand in `path`."""
        names = dict(self.names)
        if "/organisations/" in path or "/parties/" in path:
            names["slug"] = self.people["provider"]["slug"]
        return {name: value for name, value in names.items() if f"{{{name}}}" in path}

    def _owner(self, name, cvr):
        email = f"{name}@example.org"
        account = {"email": email, "name": name, "password": "a rather long password"}
        made = self._post("/api/accounts", account)
        self.people = {name: {"email": email}}
        wish = {"name": f"The {name}", "kind": "private", "cvr": cvr}
        organisation = self._post("/api/organisations", wish, name)
        return {"email": email, "account": made["id"], "slug": organisation["slug"]}

    def _publish(self):
        wish = {"slug": "parking", "title": {"en": "Parking"}, "visibility": "public"}
        self._post("/api/datasets", wish, "provider")
        sent = self._client.post(
            "/api/uploads/direct?file_name=parking.csv",
            content=b"garage,free\nBRUUNS,12\nSALLING,\nNAVITAS,many\n",
            headers={**self.bearer("provider"), "Content-Type": "application/octet-stream"},
        ).json()
        delivery = self._post(
            "/api/datasets/parking/deliveries", {"upload": sent["id"], "mode": "append"}, "provider"
        )
        run_worker(self._parts, once=True)
        waiting = self._post(
            "/api/uploads", {"file_name": "more.csv", "bytes": 1_000_000}, "provider"
        )
        self.names |= {
            "slug": "parking",
            "table": "parking",
            "schema": self.people["provider"]["slug"],
            "number": 1,
            "delivery": delivery["id"],
            "upload_id": waiting["id"],
            "account": self.people["consumer"]["account"],
        }

    def _agree(self):
        terms = {"title": "Terms", "preview_acknowledged": True, "clauses": []}
        offer = self._post("/api/datasets/parking/offers", terms, "provider")
        purpose = {"purpose": "ResearchAndDevelopment"}
        contract = self._post(f"/api/offers/{offer['id']}/contracts", purpose, "consumer")
        wish = {"name": "a machine", "scopes": ["read"]}
        self.names |= {
            "offer_id": offer["id"],
            "contract_id": contract["id"],
            "share": contract["share"],
            "token_id": self._post("/api/tokens", wish, "provider")["id"],
        }

    def _post(self, path, body, name=""):
        answer = self._client.post(path, json=body, headers=self.bearer(name) if name else {})
        assert answer.status_code in {201, 202}, answer.text
        self._client.cookies.clear()
        return answer.json()


@pytest.fixture(scope="module")
def settings(home, database):
    """So many questions come from one place; the rate limits have tests of their own."""
    return Settings(
        home=home, database=database, requests_per_minute=10**6, sign_ins_per_minute=10**6
    )


@pytest.fixture(scope="module")
def stage(app, parts):
    return Stage(app, parts)


@pytest.fixture(scope="module")
def interface(app):
    return schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.parametrize("name", CALLERS)
@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_every_call_keeps_its_description(interface, app, stage, call, name):
    method, path = call
    operation = interface[path][method]
    bearer = stage.bearer(name)

    @seed(SEED)
    @tried(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=not SEED,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=_cases(operation, stage.real(path)))
    def keeps_it(case):
        client.cookies.clear()
        case.call_and_validate(session=client, headers=bearer, checks=CHECKS)

    with get_client(app) as client:
        keeps_it()


def _cases(operation, real):
    """Generate what fits the description and what does not, for made-up and for real names."""
    fitting = operation.as_strategy(GenerationMode.POSITIVE)
    unfit = operation.as_strategy(GenerationMode.NEGATIVE)
    if not real:
        return fitting | unfit
    return st.one_of(
        operation.as_strategy(GenerationMode.POSITIVE, path_parameters=real), fitting, unfit
    )
