from datetime import timedelta

import pytest

from torvet.contracts import Columns, Validity
from torvet.delivery.model import table_of
from torvet.jobs import run_worker


@pytest.fixture
def contract(cast):
    return cast.agree(cast.dataset_with_release())


def asked(http, cast, contract, *, by=None, **body):
    secret = cast.token(by or cast.bo, "read")
    return http.post(
        f"/api/contracts/{contract.id}/profile",
        json=body,
        headers={"Authorization": f"Bearer {secret}"},
    )


def test_a_consumer_gets_a_profile_that_opens_its_share_alone(cast, http, contract):
    other = cast.agree(cast.dataset_with_release())

    answer = asked(http, cast, contract)

    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert f"{contract.share}.share" in answer.headers["content-disposition"]
    profile = answer.json()
    assert profile["shareCredentialsVersion"] == 1
    assert profile["endpoint"] == f"{cast.parts.settings.url}/sharing"
    bearer = {"Authorization": f"Bearer {profile['bearerToken']}"}
    shares = http.get("/sharing/shares", headers=bearer).json()["items"]
    assert [share["name"] for share in shares] == [contract.share]
    assert http.get(f"/sharing/shares/{other.share}", headers=bearer).status_code == 404


def test_whoever_holds_a_profile_is_not_told_who_made_it(cast, http, contract):
    bearer = {"Authorization": f"Bearer {asked(http, cast, contract).json()['bearerToken']}"}

    answer = http.get("/api/me", headers=bearer)

    assert (answer.status_code, answer.json()["scopes"]) == (200, [f"share:{contract.id}"])
    assert (answer.json()["email"], answer.json()["memberships"]) == (None, [])
    assert cast.bo.email not in answer.text


def test_a_profile_says_that_it_ends_with_its_contract(cast, http):
    end = cast.parts.clock.now() + timedelta(days=3)
    contract = cast.agree(cast.dataset_with_release(), Validity(end=end))

    profile = asked(http, cast, contract).json()

    assert profile["expirationTime"] == "2026-06-04T12:00:00.000Z"
    cast.parts.clock.advance(timedelta(days=4))
    bearer = {"Authorization": f"Bearer {profile['bearerToken']}"}
    refused = http.get(f"/sharing/shares/{contract.share}", headers=bearer)
    assert (refused.status_code, "expired" in refused.json()["message"]) == (403, True)


def test_a_chosen_end_lies_ahead_and_not_too_far(cast, http, contract):
    now = cast.parts.clock.now()

    soon = asked(http, cast, contract, expires_at=(now + timedelta(days=1)).isoformat())
    assert soon.json()["expirationTime"] == "2026-06-02T12:00:00.000Z"
    for wrong in (now, now + timedelta(days=1_000)):
        assert asked(http, cast, contract, expires_at=wrong.isoformat()).status_code == 422
    assert asked(http, cast, contract, expires_at="2026-06-02T12:00:00").status_code == 422


def test_nobody_else_gets_a_profile(cast, http, contract):
    assert asked(http, cast, contract, by=cast.carla).status_code == 404
    assert asked(http, cast, contract, by=cast.alma).status_code == 404
    assert http.post(f"/api/contracts/{contract.id}/profile").status_code == 401


def test_a_contract_that_is_over_gives_no_profile(cast, http, contract):
    cast.revoke(contract, "moved")

    answer = asked(http, cast, contract)

    assert (answer.status_code, answer.json()["code"]) == (403, "read-refused")


def test_what_a_profile_will_show_is_made_ahead(cast, http):
    dataset = cast.dataset_with_release()
    contract = cast.agree(dataset, Columns(("id",)))
    table = table_of(dataset.id, contract.projection)
    assert cast.parts.tables.version(table) is None

    asked(http, cast, contract)
    run_worker(cast.parts, once=True)

    assert cast.parts.tables.version(table) == 1
