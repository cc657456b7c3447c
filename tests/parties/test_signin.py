"""Accounts, passwords and sessions: what lets somebody in, and what keeps everybody else out."""

from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text
from starlette.testclient import TestClient

from torvet.parties import AccountUnclear, credentials, local_session, make_operator
from torvet.parties.rules import FAILURES_FREE
from torvet.server import application

PASSWORD = "a square with many stalls"


def sign_in(client, email, password=PASSWORD):
    return client.post("/api/session", json={"email": email, "password": password})


def test_an_account_comes_with_a_citizen_party_to_act_for(alma):
    me = alma.get("/api/me").json()

    assert me["email"] == alma.email
    assert [m["party"]["kind"] for m in me["memberships"]] == ["citizen"]
    assert me["party"] == me["memberships"][0]["party"]["id"]


def test_one_address_has_one_account(alma, nobody):
    form = {"email": alma.email.upper(), "name": "Mallory", "password": "another sentence"}
    answer = nobody.post("/api/accounts", json=form)

    assert (answer.status_code, answer.json()["code"]) == (409, "email-taken")
    assert answer.json()["advice"]


def test_of_two_sign_ups_at_once_with_one_address_one_is_told(app, parts, at_once):
    form = {"email": "race@example.org", "name": "Racer", "password": "a long sentence"}

    def sign_up():
        with TestClient(app) as client:
            return client.post("/api/accounts", json=form).status_code

    came = at_once(sign_up, sign_up)

    assert sorted(came) == [201, 409]
    with parts.db.begin() as tx:
        left = tx.scalar(text("select count(*) from parties where name = 'Racer'"))
    assert left == 1


@pytest.mark.parametrize(
    "form",
    [
        {"email": "alma", "name": "A", "password": "a long sentence"},
        {"email": "a@example.org", "name": "A", "password": "short"},
        {"email": "a@example.org", "name": "two\nlines", "password": "a long sentence"},
        {"email": "a@example.org", "name": "nul\0", "password": "a long sentence"},
        {"email": "a@example.org", "name": "A", "password": "a long sentence", "operator": True},
    ],
)
def test_a_sign_up_that_does_not_fit_is_explained(nobody, form):
    answer = nobody.post("/api/accounts", json=form)

    assert answer.status_code == 422
    assert answer.json()["advice"]


def test_a_password_is_kept_as_argon2_only(alma, parts):
    with parts.db.begin() as tx:
        kept = tx.scalar(text("select password from accounts where id = :id"), {"id": alma.account})

    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept


def test_a_password_costs_what_owasp_asks_for(hasher_in_earnest):
    assert hasher_in_earnest.hash("a square").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_password_kept_with_old_parameters_is_hashed_anew(alma, nobody, parts):
    old = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash(PASSWORD)
    with parts.db.begin() as tx:
        tx.execute(
            text("update accounts set password = :old where id = :id"),
            {"old": old, "id": alma.account},
        )

    assert sign_in(nobody, alma.email).status_code == 201
    with parts.db.begin() as tx:
        kept = tx.scalar(text("select password from accounts where id = :id"), {"id": alma.account})
    assert "m=16," in old
    assert not credentials.outdated(kept)
    assert sign_in(nobody, alma.email).status_code == 201


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(alma, nobody):
    wrong = sign_in(nobody, alma.email, "not the password")
    unknown = sign_in(nobody, "nobody@example.org", "not the password")

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


def test_an_unknown_address_costs_a_hash_too(nobody, monkeypatch):
    checked = []
    verify = PasswordHasher.verify
    monkeypatch.setattr(
        PasswordHasher, "verify", lambda *given: checked.append(given) or verify(*given)
    )
    sign_in(nobody, "nobody.at.all@example.org")

    assert len(checked) == 1


def test_after_a_few_failures_the_next_attempt_waits_even_with_the_right_password(
    alma, nobody, clock
):
    failed = [sign_in(nobody, alma.email, "wrong") for _ in range(FAILURES_FREE)]
    blocked = sign_in(nobody, alma.email)
    clock.advance(seconds=blocked.json()["retry_after_s"])

    assert {answer.status_code for answer in failed} == {401}
    assert blocked.status_code == 429
    assert blocked.headers["Retry-After"] == str(blocked.json()["retry_after_s"])
    assert sign_in(nobody, alma.email).status_code == 201


def test_failures_from_elsewhere_do_not_lock_the_owner_out(alma, app, nobody):
    elsewhere = TestClient(app, client=("203.0.113.9", 1))
    for _ in range(FAILURES_FREE + 1):
        blocked = sign_in(elsewhere, alma.email, "wrong")

    assert blocked.status_code == 429
    assert sign_in(nobody, alma.email).status_code == 201


def test_signing_in_and_failing_to_are_facts_without_names(alma, nobody, facts):
    sign_in(nobody, alma.email, "wrong")

    names = [fact["name"] for fact in facts(alma.account)]
    assert names == ["signed-in", "sign-in-failed"]
    assert "example.org" not in str(facts(alma.account))


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(alma, nobody):
    cookie = sign_in(nobody, alma.email).headers["set-cookie"].lower()

    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie


def test_over_https_the_cookie_never_travels_in_the_clear(alma, parts):
    secure = replace(parts, settings=parts.settings.model_copy(update={"url": "https://t.example"}))
    with TestClient(application(secure)) as client:
        cookie = sign_in(client, alma.email).headers["set-cookie"].lower()

    assert "secure" in cookie


def test_a_session_is_kept_as_a_digest_only(alma, nobody, parts):
    secret = sign_in(nobody, alma.email).json()["secret"]
    with parts.db.begin() as tx:
        dump = str(tx.execute(text("select * from sessions")).all())

    assert secret not in dump
    assert secret.removeprefix("tvs_") not in dump


def test_a_session_ends_after_a_fortnight(alma, clock):
    clock.advance(days=14)

    assert alma.get("/api/me").status_code == 401


def test_a_session_that_is_signed_out_is_over_even_for_whoever_copied_it(alma, nobody, holder):
    thief = holder(sign_in(nobody, alma.email).json()["secret"])
    assert thief.get("/api/me").status_code == 200

    assert nobody.delete("/api/session").status_code == 204

    assert thief.get("/api/me").status_code == 401
    assert nobody.get("/api/me").status_code == 401


def test_every_session_can_be_ended_at_once(alma, nobody):
    sign_in(nobody, alma.email)

    assert alma.delete("/api/me/sessions").json() == {"ended": 2}
    assert nobody.get("/api/me").status_code == 401


def test_a_new_password_ends_the_other_sessions(alma, nobody):
    sign_in(nobody, alma.email)
    changed = alma.post("/api/me/password", {"old": PASSWORD, "new": "a wholly new sentence"})

    assert changed.status_code == 201
    assert alma.get("/api/me").status_code == 200
    assert nobody.get("/api/me").status_code == 401
    assert sign_in(nobody, alma.email).status_code == 401
    assert sign_in(nobody, alma.email, "a wholly new sentence").status_code == 201


def test_a_password_is_changed_by_who_knows_the_old_one(alma):
    answer = alma.post("/api/me/password", {"old": "a guess", "new": "a wholly new sentence"})

    assert answer.status_code == 401


def test_an_expired_cookie_leaves_public_pages_open(alma, aarhus, clock):
    clock.advance(days=15)

    assert alma.get(f"/api/parties/{aarhus['slug']}").status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "Bearer nonsense",
        "Bearer tv_nonsense",
        "Bearer tvs_x",
        "Basic YTpi",
        "Bearer",
        "Bearer " + "x" * 9000,
    ],
)
def test_a_bad_bearer_is_refused_and_never_taken_for_nobody(aarhus, nobody, header):
    answer = nobody.get(f"/api/parties/{aarhus['slug']}", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://testserver"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://testserver:81"},
]


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_a_page_of_another_site_cannot_make_a_browser_act(alma, nobody, headers):
    forged = alma.post("/api/tokens", {"name": "t", "scopes": ["read"]}, headers=headers)
    entered = nobody.post("/sign-in", data={"email": alma.email}, headers=headers)

    assert (forged.status_code, forged.json()["code"]) == (403, "other-origin")
    assert entered.status_code == 403
    assert alma.get("/api/tokens").json()["items"] == []


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://testserver"}, {}]
)
def test_the_exchanges_own_pages_and_programs_may_act(alma, headers):
    made = alma.post("/api/tokens", {"name": "t", "scopes": ["read"]}, headers=headers)

    assert made.status_code == 201


def test_a_bearer_needs_no_origin_since_no_browser_sends_it_by_itself(alma, holder):
    machine = holder(alma.token("manage", "read")["secret"])
    made = machine.post(
        "/api/tokens",
        json={"name": "t", "scopes": ["read"]},
        headers={"Origin": "https://app.example"},
    )

    assert made.status_code == 201


def test_nobody_becomes_an_operator_over_http(alma):
    assert alma.get("/api/me").json()["operator"] is False
    assert alma.post("/api/tokens", {"name": "t", "scopes": ["operate"]}).status_code == 403


def test_an_operator_is_made_on_the_exchanges_own_machine(alma, parts, facts):
    make_operator(parts, alma.email)

    assert "operate" in alma.get("/api/me").json()["scopes"]
    assert facts(alma.account, "account-changed")[-1]["body"] == {"what": "operator"}

    make_operator(parts, alma.email, operator=False)
    assert "operate" not in alma.get("/api/me").json()["scopes"]


def test_the_command_line_gets_a_short_session_of_its_own(alma, parts, holder, clock):
    here = holder(local_session(parts, alma.email))
    assert here.get("/api/me").json()["email"] == alma.email

    clock.advance(minutes=15)
    assert here.get("/api/me").status_code == 401


def test_the_command_line_is_told_which_accounts_there_are(alma, bo, parts):
    with pytest.raises(AccountUnclear, match="several accounts") as unclear:
        local_session(parts)
    with pytest.raises(AccountUnclear, match=r"no account 'x@example\.org'"):
        local_session(parts, "x@example.org")

    assert unclear.value.choices
    assert "--as" in unclear.value.advice
