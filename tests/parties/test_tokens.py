"""API tokens: narrow, short-lived, replaced without a gap, gone at once when revoked."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from torvet.parties import issue_token, revoke_tokens


def test_a_token_acts_for_its_party_with_its_scopes_only(alma, aarhus, holder):
    machine = holder(alma.token("read", "trade")["secret"])
    me = machine.get("/api/me").json()

    assert (me["party"], me["via"]) == (aarhus["id"], "token")
    assert me["scopes"] == ["read", "trade"]
    assert me["roles"] == ["buyer", "reader"]


def test_a_token_is_kept_as_a_digest_and_its_secret_shown_once(alma, parts):
    made = alma.token("read")
    with parts.db.begin() as tx:
        dump = str(tx.execute(text("select * from tokens")).all())
    (listed,) = [t for t in alma.get("/api/tokens").json()["items"] if t["id"] == made["id"]]

    assert made["secret"].startswith("tv_")
    assert made["secret"].removeprefix("tv_") not in dump
    assert "secret" not in listed


def test_making_a_token_is_a_fact_that_names_its_scopes(alma, facts):
    made = alma.token("read")
    (fact,) = facts(made["id"], "token-made")

    assert fact["body"]["scopes"] == ["read"]
    assert made["secret"] not in str(fact)


def test_a_token_expires(alma, holder, clock):
    machine = holder(alma.token("read", expires_at="2026-06-02T12:00:00Z")["secret"])
    clock.advance(hours=23, minutes=59)
    assert machine.get("/api/me").status_code == 200

    clock.advance(minutes=1)
    assert machine.get("/api/me").status_code == 401


@pytest.mark.parametrize(
    "until", ["2026-06-01T12:00:00Z", "2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"]
)
def test_a_token_lives_for_a_while_and_not_for_ever(alma, until):
    refused = alma.post("/api/tokens", {"name": "t", "scopes": ["read"], "expires_at": until})

    assert (refused.status_code, refused.json()["field"]) == (422, "expires_at")


def test_the_last_use_of_a_token_is_shown(alma, holder, clock):
    made = alma.token("read")
    clock.advance(hours=1)
    holder(made["secret"]).get("/api/me")
    (listed,) = [t for t in alma.get("/api/tokens").json()["items"] if t["id"] == made["id"]]

    assert made["last_used_at"] is None
    assert listed["last_used_at"] == "2026-06-01T13:00:00Z"


def test_a_member_sees_their_own_tokens_and_an_owner_all(alma, bo, aarhus):
    alma.post(f"/api/organisations/{aarhus['slug']}/members", {"email": bo.email, "role": "buyer"})
    alma.token("read")
    theirs = bo.token("read")

    assert [t["id"] for t in bo.get("/api/tokens").json()["items"]] == [theirs["id"]]
    assert len(alma.get("/api/tokens").json()["items"]) == 2


def test_a_member_makes_no_token_beyond_their_role(alma, bo, aarhus):
    alma.post(f"/api/organisations/{aarhus['slug']}/members", {"email": bo.email, "role": "reader"})
    refused = bo.post("/api/tokens", {"name": "t", "scopes": ["read", "publish", "manage"]})

    assert refused.status_code == 403
    assert refused.json()["scopes"] == ["manage", "publish"]


def test_a_token_makes_tokens_only_where_it_was_made_to_manage(alma, holder):
    reader = holder(alma.token("read")["secret"])
    refused = reader.post("/api/tokens", json={"name": "t", "scopes": ["read"]})

    assert (refused.status_code, refused.json()["need"]) == (403, "manage")
    assert reader.get("/api/tokens").status_code == 403


def test_a_managing_token_gives_no_more_than_it_has(alma, holder):
    manager = holder(alma.token("manage", "read")["secret"])

    def made(*scopes):
        return manager.post("/api/tokens", json={"name": "t", "scopes": scopes}).status_code

    assert (made("read"), made("publish")) == (201, 403)


def test_a_token_does_nothing_that_belongs_to_a_person(alma, aarhus, holder):
    manager = holder(alma.token("manage", "read", "trade", "publish")["secret"])
    refused = [
        manager.post("/api/me/password", json={"old": "x", "new": "a wholly new sentence"}),
        manager.delete("/api/me/sessions"),
        manager.post("/api/invitations", json={"code": "tvi_x"}),
    ]

    assert [answer.status_code for answer in refused] == [403] * 3
    assert manager.delete("/api/session").status_code == 401


def test_a_token_speaks_for_one_party_only(alma, aarhus, holder):
    other = alma.organisation("Randers", cvr="29189668")
    made = alma.post(
        "/api/tokens",
        {"name": "t", "scopes": ["manage", "read"]},
        headers={"X-Torvet-Party": aarhus["slug"]},
    ).json()
    machine = holder(made["secret"])

    assert machine.get(f"/api/organisations/{other['slug']}/members").status_code == 404
    assert machine.get("/api/me", headers={"X-Torvet-Party": other["slug"]}).status_code == 404
    assert machine.get("/api/me", headers={"X-Torvet-Party": aarhus["slug"]}).status_code == 200


def test_a_rotated_token_works_for_its_grace_and_then_no_more(alma, holder, clock, facts):
    old = alma.token("read")
    new = alma.post(f"/api/tokens/{old['id']}/rotate", {"grace_s": 600}).json()
    before, after = holder(old["secret"]), holder(new["secret"])

    assert (before.get("/api/me").status_code, after.get("/api/me").status_code) == (200, 200)
    assert after.get("/api/me").json()["scopes"] == ["read"]

    clock.advance(seconds=600)
    assert (before.get("/api/me").status_code, after.get("/api/me").status_code) == (401, 200)
    assert facts(old["id"], "token-rotated")[0]["body"]["successor"] == new["id"]


def test_without_grace_a_rotated_token_ends_at_once(alma, holder):
    old = alma.token("read")
    alma.post(f"/api/tokens/{old['id']}/rotate")

    assert holder(old["secret"]).get("/api/me").status_code == 401


def test_a_token_rotates_itself_but_no_other(alma, holder):
    mine, other = alma.token("read"), alma.token("read")
    machine = holder(mine["secret"])

    assert machine.post(f"/api/tokens/{other['id']}/rotate", json={}).status_code == 404
    assert machine.post(f"/api/tokens/{mine['id']}/rotate", json={}).status_code == 201


def test_of_two_rotations_at_once_one_is_told(alma, parts, at_once):
    old = alma.token("read")

    def rotate():
        return alma.post(f"/api/tokens/{old['id']}/rotate", {"grace_s": 60}).status_code

    came = at_once(rotate, rotate, rotate, rotate)

    assert sorted(came) == [201, 409, 409, 409]
    with parts.db.begin() as tx:
        family = tx.scalar(
            text("select count(*) from tokens where family = :family"), {"family": old["id"]}
        )
    assert family == 2


def test_a_revocation_bites_on_the_next_request(alma, holder, facts):
    made = alma.token("read")
    machine = holder(made["secret"])
    assert machine.get("/api/me").status_code == 200

    assert alma.delete(f"/api/tokens/{made['id']}").status_code == 204

    assert machine.get("/api/me").status_code == 401
    assert len(facts(made["id"], "token-revoked")) == 1


def test_revoking_the_new_token_ends_the_old_ones_grace_too(alma, holder):
    old = alma.token("read")
    new = alma.post(f"/api/tokens/{old['id']}/rotate", {"grace_s": 600}).json()
    alma.delete(f"/api/tokens/{new['id']}")

    assert holder(old["secret"]).get("/api/me").status_code == 401


def test_revoking_the_old_token_leaves_its_successor(alma, holder):
    old = alma.token("read")
    new = alma.post(f"/api/tokens/{old['id']}/rotate", {"grace_s": 600}).json()
    alma.delete(f"/api/tokens/{old['id']}")

    assert holder(old["secret"]).get("/api/me").status_code == 401
    assert holder(new["secret"]).get("/api/me").status_code == 200


def test_somebody_elses_token_is_not_there(alma, carla):
    made = alma.token("read")

    assert carla.delete(f"/api/tokens/{made['id']}").status_code == 404
    assert carla.post(f"/api/tokens/{made['id']}/rotate").status_code == 404


def test_a_member_does_not_touch_the_tokens_of_others(alma, bo, aarhus):
    alma.post(
        f"/api/organisations/{aarhus['slug']}/members", {"email": bo.email, "role": "steward"}
    )
    made = alma.token("read")

    assert bo.delete(f"/api/tokens/{made['id']}").status_code == 404


def test_a_revoked_token_is_not_rotated_back_to_life(alma):
    made = alma.token("read")
    alma.delete(f"/api/tokens/{made['id']}")

    assert alma.post(f"/api/tokens/{made['id']}/rotate").status_code == 409


@pytest.mark.parametrize("grace_s", [-1, 30 * 86_400 + 1])
def test_the_grace_has_a_limit(alma, grace_s):
    made = alma.token("read")

    assert alma.post(f"/api/tokens/{made['id']}/rotate", {"grace_s": grace_s}).status_code == 422


def test_a_share_token_is_good_for_its_contract_and_for_nothing_else(alma, holder):
    machine = holder(alma.token("share:ct_1")["secret"])
    me = machine.get("/api/me").json()

    assert (me["scopes"], me["roles"]) == (["share:ct_1"], [])
    assert machine.post("/api/tokens", json={"name": "t", "scopes": ["read"]}).status_code == 403


def test_the_end_of_a_contract_ends_every_token_made_for_it(alma, aarhus, parts, holder, clock):
    with parts.db.begin() as tx:
        made = [
            issue_token(
                tx,
                parts,
                party=aarhus["id"],
                account=alma.account,
                name="share",
                scopes={scope},
                expires_at=clock.now() + timedelta(days=1),
            )
            for scope in ("share:ct_7", "share:ct_7", "share:ct_70")
        ]
    with parts.db.begin() as tx:
        ended = revoke_tokens(tx, scope="share:ct_7", at=clock.now())

    assert ended == 2
    assert [holder(secret).get("/api/me").status_code for _, secret in made] == [401, 401, 200]


def test_a_rotation_that_races_with_a_revocation_leaves_no_token_alive(alma, parts, holder, clock):
    """The revocation waits for the rotation, and then ends its successor as well."""
    old = alma.token("share:ct_race")
    came = []

    def revoke():
        with parts.db.begin() as tx:
            came.append(revoke_tokens(tx, scope="share:ct_race", at=clock.now()))

    with parts.db.begin() as tx:
        tx.execute(text("select 1 from tokens where id = :id for update"), {"id": old["id"]})
        thread = threading.Thread(target=revoke)
        thread.start()
        wait_for_lock(parts)
        tx.execute(
            text(
                "insert into tokens (id, party, account, name, scopes, digest, family, generation,"
                " made_at, expires_at) select 'tk_successor', party, account, name, scopes,"
                " '\\x00', family, 2, made_at, expires_at from tokens where id = :id"
            ),
            {"id": old["id"]},
        )
    thread.join()

    assert came == [2]


def wait_for_lock(parts):
    """Wait until another transaction waits for one of ours."""
    for _ in range(1000):
        with parts.db.begin() as tx:
            if tx.scalar(text("select count(*) from pg_locks where not granted")):
                return
        threading.Event().wait(0.01)
    pytest.fail("nobody waits for a lock")
