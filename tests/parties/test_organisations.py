"""Organisations, their members, and who may see or change them."""

import pytest


@pytest.fixture
def members(aarhus):
    return f"/api/organisations/{aarhus['slug']}/members"


def test_whoever_registers_an_organisation_owns_it_and_acts_for_it(alma, aarhus):
    me = alma.get("/api/me").json()

    assert me["party"] == aarhus["id"]
    assert me["roles"] == ["owner", "steward", "buyer", "reader"]
    assert me["scopes"] == ["manage", "publish", "read", "trade"]


def test_registering_is_a_fact_that_the_party_can_read(alma, aarhus, facts):
    (fact,) = facts(aarhus["id"], "party-registered")

    assert fact["actor"] == alma.account
    assert fact["parties"] == [aarhus["id"]]
    assert fact["body"]["cvr"] == "55133018"


def test_anybody_sees_an_organisation(aarhus, nobody):
    assert nobody.get(f"/api/parties/{aarhus['slug']}").json() == aarhus


def test_a_citizen_is_seen_by_themselves_only(alma, bo, nobody):
    mine = alma.get(f"/api/parties/{alma.citizen}")
    theirs = bo.get(f"/api/parties/{alma.citizen}")

    assert mine.json()["kind"] == "citizen"
    assert (theirs.status_code, nobody.get(f"/api/parties/{alma.citizen}").status_code) == (
        404,
        404,
    )


def test_a_citizens_short_name_tells_nothing_of_them(alma):
    assert alma.citizen.startswith("citizen-")
    assert "alma" not in alma.citizen


def test_a_wrong_cvr_number_is_explained(alma):
    answer = alma.post(
        "/api/organisations", {"name": "Aarhus", "kind": "public", "cvr": "55133019"}
    )

    assert answer.status_code == 422
    assert "the last checks the others" in answer.json()["title"]


def test_an_organisation_is_no_citizen(alma):
    answer = alma.post("/api/organisations", {"name": "Me", "kind": "citizen", "cvr": "55133018"})

    assert answer.status_code == 422
    assert "'public', 'private' or 'research'" in answer.json()["title"]


def test_two_organisations_of_one_name_get_short_names_of_their_own(alma, bo):
    first = alma.organisation("Same Name")["slug"]
    second = bo.organisation("Same Name")["slug"]

    assert (first, second) == ("same-name", "same-name-2")


def test_a_short_name_that_is_taken_is_not_given_twice(alma, bo):
    alma.organisation("Taken", slug="taken")
    answer = bo.post(
        "/api/organisations",
        {"name": "Taken", "kind": "private", "cvr": "55133018", "slug": "taken"},
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "slug-taken")


def test_a_member_is_added_by_e_mail_and_acts_at_once(alma, bo, aarhus, members, facts):
    added = alma.post(members, {"email": bo.email.upper(), "role": "steward"})

    assert added.status_code == 201
    assert bo.get("/api/me").json()["party"] == aarhus["id"]
    assert facts(bo.account, "member-added")[0]["body"] == {
        "account": bo.account,
        "role": "steward",
    }


def test_adding_a_member_twice_is_told(alma, bo, members):
    alma.post(members, {"email": bo.email, "role": "reader"})
    again = alma.post(members, {"email": bo.email, "role": "owner"})

    assert (again.status_code, again.json()["code"]) == (409, "member-already")


def test_only_owners_add_members_and_the_refusal_names_that_role(alma, bo, carla, members):
    alma.post(members, {"email": bo.email, "role": "steward"})
    refused = bo.post(members, {"email": carla.email, "role": "reader"})

    assert refused.status_code == 403
    assert refused.json()["need"] == "owner"
    assert "'owner'" in refused.json()["title"]
    assert refused.json()["advice"]


def test_to_an_outsider_the_members_are_not_there(carla, members, nobody):
    asked = [
        carla.get(members),
        carla.post(members, {"email": carla.email, "role": "owner"}),
        carla.patch(f"{members}/{carla.account}", {"role": "owner"}),
        carla.delete(f"{members}/{carla.account}"),
        carla.post(members.replace("members", "service-accounts"), {"name": "robot"}),
    ]

    assert [answer.status_code for answer in asked] == [404] * 5
    assert nobody.get(members).status_code == 401


def test_members_see_each_other(alma, bo, members):
    alma.post(members, {"email": bo.email, "role": "reader"})
    seen = bo.get(members).json()

    assert [(m["email"], m["role"]) for m in seen["items"]] == [
        (alma.email, "owner"),
        (bo.email, "reader"),
    ]
    assert seen["invitations"] == []


def test_a_seat_is_kept_for_whoever_has_the_code(alma, members, nobody):
    invited = alma.post(members, {"email": "new@example.org", "role": "buyer"}).json()
    assert [i["email"] for i in alma.get(members).json()["invitations"]] == ["new@example.org"]

    made = nobody.post(
        "/api/accounts",
        json={
            "email": "new@example.org",
            "name": "New",
            "password": "a long sentence",
            "invitation": invited["code"],
        },
    )

    assert [m["role"] for m in made.json()["memberships"]] == ["owner", "buyer"]
    assert alma.get(members).json()["invitations"] == []


def test_an_address_alone_takes_no_seat_because_anyone_can_type_it(alma, members, nobody):
    alma.post(members, {"email": "typed@example.org", "role": "owner"})
    made = nobody.post(
        "/api/accounts",
        json={"email": "typed@example.org", "name": "Mallory", "password": "a long sentence"},
    )

    assert [m["party"]["kind"] for m in made.json()["memberships"]] == ["citizen"]


def test_a_code_is_good_for_one_seat_only(alma, bo, carla, members):
    code = alma.post(members, {"email": "somebody@example.org", "role": "reader"}).json()["code"]
    first, second = (who.post("/api/invitations", {"code": code}) for who in (bo, carla))

    assert (first.status_code, second.status_code) == (201, 404)


def test_an_invitation_that_is_withdrawn_is_good_for_nothing(alma, bo, carla, members):
    invited = alma.post(members, {"email": "withdrawn@example.org", "role": "owner"}).json()
    path = f"{members.removesuffix('members')}invitations/{invited['id']}"
    by_a_stranger, by_the_owner, again = (who.delete(path) for who in (carla, alma, alma))

    assert (by_a_stranger.status_code, by_the_owner.status_code) == (404, 204)
    assert again.status_code == 404
    assert bo.post("/api/invitations", {"code": invited["code"]}).status_code == 404


def test_an_invitation_expires(alma, bo, members, clock):
    code = alma.post(members, {"email": "late@example.org", "role": "reader"}).json()["code"]
    clock.advance(days=14)
    bo.post("/api/session", {"email": bo.email, "password": "a square with many stalls"})

    assert bo.post("/api/invitations", {"code": code}).status_code == 404


def test_a_bad_invitation_makes_no_account(nobody):
    form = {"email": "nope@example.org", "name": "Nope", "password": "a long sentence"}
    refused = nobody.post("/api/accounts", json={**form, "invitation": "tvi_made-up"})

    assert refused.status_code == 404
    assert nobody.post("/api/accounts", json=form).status_code == 201


def test_a_role_can_be_changed(alma, bo, members, aarhus):
    alma.post(members, {"email": bo.email, "role": "reader"})
    changed = alma.patch(f"{members}/{bo.account}", {"role": "owner"})

    assert changed.json()["role"] == "owner"
    assert "owner" in bo.get("/api/me").json()["roles"]


def test_the_last_owner_can_neither_leave_nor_step_down(alma, aarhus, members):
    left = alma.delete(f"{members}/{alma.account}")
    stepped_down = alma.patch(f"{members}/{alma.account}", {"role": "steward"})

    assert (left.status_code, left.json()["code"]) == (409, "last-owner")
    assert (stepped_down.status_code, stepped_down.json()["code"]) == (409, "last-owner")


def test_of_two_owners_that_leave_at_once_one_stays(alma, bo, members, at_once):
    alma.post(members, {"email": bo.email, "role": "owner"})
    left = at_once(
        lambda: alma.delete(f"{members}/{alma.account}").status_code,
        lambda: bo.delete(f"{members}/{bo.account}").status_code,
    )

    assert sorted(left) == [204, 409]


def test_a_member_leaves_by_themselves(alma, bo, members):
    alma.post(members, {"email": bo.email, "role": "reader"})

    assert bo.delete(f"{members}/{bo.account}").status_code == 204
    assert bo.get(members).status_code == 404


def test_nobody_leaves_their_own_citizen_party(alma):
    answer = alma.delete(f"/api/organisations/{alma.citizen}/members/{alma.account}")

    assert answer.status_code == 409


def test_tokens_of_a_member_end_with_the_membership(alma, bo, aarhus, members, holder):
    alma.post(members, {"email": bo.email, "role": "buyer"})
    machine = holder(bo.token("read")["secret"])
    assert machine.get("/api/me").json()["party"] == aarhus["id"]

    alma.delete(f"{members}/{bo.account}")

    assert machine.get("/api/me").status_code == 401


def test_one_account_acts_for_several_parties_one_at_a_time(alma, aarhus):
    other = alma.organisation("Randers", cvr="29189668")

    def acts_for(**more):
        return alma.get("/api/me", **more).json()["party"]

    assert acts_for() not in {aarhus["id"], other["id"]}
    assert acts_for(headers={"X-Torvet-Party": other["slug"]}) == other["id"]

    alma.patch("/api/session", {"party": aarhus["slug"]})
    assert acts_for() == aarhus["id"]


def test_acting_for_a_party_that_is_not_ones_own_is_not_found(carla, aarhus):
    slug = aarhus["slug"]

    assert carla.get("/api/me", headers={"X-Torvet-Party": slug}).status_code == 404
    assert carla.get("/api/me", headers={"X-Torvet-Party": "x" * 5000}).status_code == 404
    assert carla.patch("/api/session", {"party": slug}).status_code == 404


def test_a_service_account_holds_tokens_that_its_owner_makes(alma, aarhus, holder):
    robot = alma.post(
        f"/api/organisations/{aarhus['slug']}/service-accounts",
        {"name": "nightly delivery", "role": "steward"},
    ).json()
    machine = holder(alma.token("publish", "read", account=robot["account"])["secret"])
    me = machine.get("/api/me").json()

    assert (me["id"], me["party"], me["via"]) == (robot["account"], aarhus["id"], "token")
    assert me["scopes"] == ["publish", "read"]


def test_a_service_account_gets_no_more_than_its_role(alma, aarhus):
    robot = alma.post(
        f"/api/organisations/{aarhus['slug']}/service-accounts", {"name": "reader"}
    ).json()
    refused = alma.post(
        "/api/tokens", {"name": "t", "scopes": ["publish"], "account": robot["account"]}
    )

    assert (refused.status_code, refused.json()["scopes"]) == (403, ["publish"])


def test_a_service_account_never_owns_a_party(alma, aarhus):
    path = f"/api/organisations/{aarhus['slug']}"
    made = alma.post(f"{path}/service-accounts", {"name": "r", "role": "owner"})
    robot = alma.post(f"{path}/service-accounts", {"name": "r"}).json()
    raised = alma.patch(f"{path}/members/{robot['account']}", {"role": "owner"})

    assert (made.status_code, raised.status_code) == (422, 422)


def test_nobody_makes_tokens_for_another_person(alma, bo, members):
    alma.post(members, {"email": bo.email, "role": "reader"})
    refused = alma.post("/api/tokens", {"name": "t", "scopes": ["read"], "account": bo.account})

    assert refused.status_code == 403
