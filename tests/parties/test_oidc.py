"""Signing in through a real OIDC provider, which runs as a process of its own."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from torvet.parties.oidc import PROVIDERS
from torvet.server import application

pytestmark = pytest.mark.slow

HERE = "http://testserver"
PASSWORD = "a square with many stalls"


@pytest.fixture(scope="module")
def provider():
    """The provider's issuer; the process ends with the module."""
    process = subprocess.Popen(
        [
            sys.executable,
            str(Path(__file__).with_name("oidc_provider.py")),
            f"{HERE}/oidc/callback",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield json.loads(process.stdout.readline())["issuer"]
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


@pytest.fixture(scope="module")
def exchange(parts, provider):
    """The exchange's parts, with the provider set up."""
    settings = parts.settings.model_copy(
        update={
            "url": HERE,
            "oidc_issuer": provider,
            "oidc_client_id": "torvet",
            "oidc_client_secret": "an open secret",
        }
    )
    return replace(parts, settings=settings)


@pytest.fixture(scope="module")
def app(exchange):
    return application(exchange)


@pytest.fixture(autouse=True)
def _the_time_is_the_providers(clock, provider):
    clock.set(datetime.now(UTC))


@pytest.fixture
def sits_there(provider):
    """Say who sits at the provider's sign-in page: `sits_there(sub="7", email=…)`."""

    def tell(*, change=None, sign="", new_key=None, **user):
        told = {"user": user, "change": change or {}, "sign": sign, "new_key": new_key}
        httpx2.put(f"{provider}/next", json=told).raise_for_status()

    return tell


def visit(client, target="/"):
    """Go to the provider as a browser does; return the address that it sends us back to."""
    start = client.get("/oidc/start", params={"next": target}, follow_redirects=False)
    assert start.status_code == 303, start.text
    back = httpx2.get(start.headers["location"])
    assert back.status_code == 302, back.text
    return back.headers["location"]


def come_back(client, address):
    return client.get(address, follow_redirects=False)


def sign_in(client, target="/"):
    return come_back(client, visit(client, target))


def changed(address, **values):
    query = {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}
    return f"/oidc/callback?{urlencode({**query, **values})}"


def refused(answer, said):
    assert answer.status_code == 401
    assert said in answer.text
    assert "torvet_session" not in answer.headers.get("set-cookie", "")


def test_a_stranger_signs_in_and_has_an_account_with_a_citizen_party(nobody, sits_there):
    sits_there(sub="dorte", email="Dorte@Example.org", email_verified=True, name="Dorte")
    entered = sign_in(nobody, "/docs")
    me = nobody.get("/api/me").json()

    assert (entered.status_code, entered.headers.get("location")) == (303, "/docs"), entered.text
    assert (me["email"], me["name"]) == ("dorte@example.org", "Dorte")
    assert [m["party"]["kind"] for m in me["memberships"]] == ["citizen"]


def test_the_same_person_comes_back_to_the_same_account(app, sits_there):
    sits_there(sub="ester", name="Ester")
    accounts = set()
    for _ in range(2):
        with TestClient(app) as client:
            sign_in(client)
            accounts.add(client.get("/api/me").json()["id"])

    assert len(accounts) == 1


def test_the_code_is_asked_for_with_pkce_state_and_nonce(nobody, sits_there, provider):
    sits_there(sub="frode")
    sign_in(nobody)
    asked = httpx2.get(f"{provider}/asked").json()

    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert asked["state"] != asked["nonce"]
    assert min(len(asked["state"]), len(asked["nonce"])) >= 43
    assert asked["redirect_uri"] == f"{HERE}/oidc/callback"


def test_signing_in_never_leads_to_another_site(nobody, sits_there):
    sits_there(sub="gerda")

    assert sign_in(nobody, "//evil.example").headers["location"] == "/"


WRONG = {
    "a nonce of another sign-in": ({"nonce": "another"}, "", "not for this sign-in"),
    "no nonce": ({"nonce": None}, "", "not for this sign-in"),
    "another audience": ({"aud": ["somebody-else"]}, "", "not for this sign-in"),
    "several audiences and no authorised party": (
        {"aud": ["torvet", "somebody-else"]},
        "",
        "not for this sign-in",
    ),
    "another authorised party": ({"azp": "somebody-else"}, "", "not for this sign-in"),
    "another issuer": ({"iss": "https://evil.example"}, "", "not for this sign-in"),
    "expired": ({"exp": 1_700_000_000}, "", "not for this sign-in"),
    "no end": ({"exp": None}, "", "not for this sign-in"),
    "another access token": ({"at_hash": "another"}, "", "not for this sign-in"),
    "nobody": ({"sub": None}, "", "not for this sign-in"),
    "a stranger's signature": ({}, "stranger", "not signed by the provider"),
    "no signature": ({}, "none", "not signed by the provider"),
    "the public key as a secret": ({}, "public-key-as-secret", "not signed by the provider"),
}


@pytest.mark.parametrize(("change", "sign", "said"), WRONG.values(), ids=WRONG.keys())
def test_an_id_token_that_proves_nothing_lets_nobody_in(nobody, sits_there, change, sign, said):
    sits_there(sub="mallory", change=change, sign=sign)

    refused(sign_in(nobody), said)


def test_an_answer_with_another_state_is_refused(nobody, sits_there):
    sits_there(sub="mallory")

    refused(come_back(nobody, changed(visit(nobody), state="another")), "another sign-in (state)")


def test_an_answer_of_another_provider_is_refused(nobody, sits_there):
    sits_there(sub="mallory")
    answer = come_back(nobody, changed(visit(nobody), iss="https://evil.example"))

    refused(answer, "another provider (iss)")


def test_an_answer_in_another_browser_is_refused(nobody, app, sits_there):
    """Whoever sends a victim their own answer would sign the victim in as themselves."""
    sits_there(sub="mallory")
    answer = visit(nobody)
    with TestClient(app) as victim:
        refused(come_back(victim, answer), "not begun in this browser")

        visit(victim)
        refused(come_back(victim, answer), "another sign-in (state)")


def test_an_answer_counts_once(nobody, sits_there):
    sits_there(sub="hanne")
    answer = visit(nobody)
    flow = nobody.cookies["torvet_oidc"]
    assert come_back(nobody, answer).status_code == 303

    nobody.cookies.clear()
    nobody.cookies.set("torvet_oidc", flow, path="/oidc")
    refused(come_back(nobody, answer), "used already")


def test_an_answer_that_took_too_long_is_refused(nobody, sits_there, clock):
    sits_there(sub="ib")
    answer = visit(nobody)
    clock.advance(minutes=10)

    refused(come_back(nobody, answer), "took too long")


def test_a_made_up_code_is_refused_by_the_provider(nobody, sits_there):
    sits_there(sub="mallory")

    refused(come_back(nobody, changed(visit(nobody), code="made-up")), "refused the code")


def test_who_changes_their_mind_at_the_provider_is_told(nobody):
    refused(come_back(nobody, "/oidc/callback?error=access_denied&state=x"), "access_denied")


def test_an_address_that_the_provider_has_not_verified_takes_over_no_account(
    nobody, alma, sits_there
):
    sits_there(sub="mallory-2", email=alma.email, email_verified=False, name="Mallory")
    assert sign_in(nobody).status_code == 303
    me = nobody.get("/api/me").json()

    assert me["id"] != alma.account
    assert me["email"] is None


@pytest.mark.parametrize("verified", ["true", 1, None])
def test_only_a_plain_true_means_verified(app, alma, sits_there, verified):
    sits_there(sub=f"mallory-{verified}", email=alma.email, email_verified=verified)
    with TestClient(app) as client:
        sign_in(client)

        assert client.get("/api/me").json()["email"] is None


def test_a_verified_address_opens_no_account_made_with_a_password_until_its_owner_connects_them(
    nobody, alma, sits_there, app
):
    """The account's maker may not have owned the address: nobody checked it then."""
    sits_there(sub="alma", email=alma.email, email_verified=True)
    answer = sign_in(nobody)
    assert answer.status_code == 409
    assert "Sign in with the password first" in answer.text
    assert nobody.get("/api/me").status_code == 401

    assert sign_in(alma.client).status_code == 303
    with TestClient(app) as another:
        sign_in(another)
        assert another.get("/api/me").json()["id"] == alma.account


def test_an_identity_belongs_to_one_account(alma, bo, sits_there):
    sits_there(sub="one-and-only")
    assert sign_in(alma.client).status_code == 303

    refused(sign_in(bo.client), "connected to another account")


def test_an_identity_is_not_connected_to_who_was_signed_in_before(alma, bo, sits_there):
    sits_there(sub="at-a-shared-machine")
    answer = visit(alma.client)
    alma.post("/api/session", {"email": bo.email, "password": PASSWORD})

    refused(come_back(alma.client, answer), "signed in to this browser meanwhile")


def test_a_seat_kept_for_a_verified_address_is_taken_at_the_first_sign_in(
    nobody, alma, aarhus, sits_there
):
    path = f"/api/organisations/{aarhus['slug']}/members"
    alma.post(path, {"email": "ole@example.org", "role": "buyer"})
    sits_there(sub="ole", email="ole@example.org", email_verified=True)
    sign_in(nobody)

    assert [m["role"] for m in nobody.get("/api/me").json()["memberships"]] == ["owner", "buyer"]


def test_a_seat_is_not_taken_by_an_address_that_is_not_verified(nobody, alma, aarhus, sits_there):
    path = f"/api/organisations/{aarhus['slug']}/members"
    alma.post(path, {"email": "per@example.org", "role": "owner"})
    sits_there(sub="not-per", email="per@example.org", email_verified=False)
    sign_in(nobody)

    assert [m["role"] for m in nobody.get("/api/me").json()["memberships"]] == ["owner"]


def test_two_first_visits_at_once_make_one_account(app, exchange, sits_there, at_once):
    sits_there(sub="twin", name="Twin")
    with TestClient(app) as one, TestClient(app) as other:
        back = [visit(one), visit(other)]
        came = at_once(
            lambda: come_back(one, back[0]).status_code,
            lambda: come_back(other, back[1]).status_code,
        )

    assert came == [303, 303]
    with exchange.db.begin() as tx:
        assert tx.scalar(text("select count(*) from accounts where name = 'Twin'")) == 1


def test_a_new_key_of_the_provider_is_fetched_when_it_is_met(nobody, sits_there, clock):
    sits_there(sub="rie")
    sign_in(nobody)
    clock.advance(minutes=1)
    sits_there(sub="rie", new_key="second")

    assert sign_in(nobody).status_code == 303


def test_a_provider_that_calls_itself_otherwise_is_not_trusted(nobody, sits_there, clock):
    sits_there(sub="x", change={"discovered": "https://evil.example"})
    clock.advance(hours=2)
    answer = nobody.get("/oidc/start", follow_redirects=False)

    assert (answer.status_code, answer.json()["code"]) == (503, "oidc-away")


def elsewhere(exchange, issuer):
    settings = exchange.settings.model_copy(update={"oidc_issuer": issuer})
    return TestClient(application(replace(exchange, settings=settings)))


def test_a_provider_that_is_away_is_a_problem_and_no_crash(exchange):
    answer = elsewhere(exchange, "http://127.0.0.1:9").get("/oidc/start")

    assert (answer.status_code, answer.json()["code"]) == (503, "oidc-away")
    assert answer.json()["advice"]


def test_a_provider_on_another_machine_is_reached_over_https_only(exchange):
    answer = elsewhere(exchange, "http://provider.example").get("/oidc/start")

    assert answer.status_code == 503
    assert "not https" in answer.json()["title"]


def test_without_a_provider_there_is_no_such_sign_in(exchange):
    with elsewhere(exchange, "") as client:
        answer = client.get("/oidc/start")

        assert (answer.status_code, answer.json()["code"]) == (404, "oidc-absent")
        assert "/oidc/start" not in client.get("/sign-in").text


def test_what_a_provider_says_of_itself_is_kept_for_an_hour(provider, sits_there, clock):
    sits_there(sub="x")
    now = clock.now()
    first = PROVIDERS.provider(provider, now)

    assert PROVIDERS.provider(provider, now + timedelta(minutes=59)) is first
    assert PROVIDERS.provider(provider, now + timedelta(hours=1)) is not first
