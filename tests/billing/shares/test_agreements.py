"""A provider agrees to share; members see their own part, and nobody else sees anything."""

import pytest

from contracts.conftest import alma, bo, carla, facts, person
from torvet.billing.shares import store
from torvet.billing.shares.service import keyed

__all__ = ["alma", "bo", "carla", "facts", "person"]


@pytest.fixture
def slug(alma):
    return alma.dataset()["slug"]


def terms(*members, **more):
    return {"portion": 2_500, "way": "equal", "members": [{"party": m} for m in members], **more}


def test_an_agreement_is_made_seen_and_replaced_by_a_newer_one(alma, bo, carla, slug, facts):
    path = f"/api/datasets/{slug}/shares"
    first = alma.send("PUT", path, terms(bo.slug, carla.slug))
    second = alma.send("PUT", path, terms(bo.slug, seen=1))

    assert (first["version"], second["version"]) == (1, 2)
    assert [one["version"] for one in alma.get(path)["items"]] == [2, 1]
    assert [len(one["members"]) for one in alma.get(path)["items"]] == [1, 2]
    # Each member sees itself alone, also in what held before.
    assert [[m["party"] for m in one["members"]] for one in bo.get(path)["items"]] == [
        [bo.slug],
        [bo.slug],
    ]
    assert [one["version"] for one in carla.get(path)["items"]] == [1]
    (held,) = bo.get("/api/billing/earnings")["agreements"]
    assert (held["version"], held["portion"]) == (2, 2_500)
    assert carla.get("/api/billing/earnings")["agreements"] == []
    told = [fact for fact in facts(second["dataset"]) if fact["name"] == "shares-agreed"]
    # Who is out is told as well, each apart: nobody reads who the others are.
    assert [len(fact["parties"]) for fact in told] == [1] * 6


def test_a_change_to_what_was_changed_meanwhile_is_refused(alma, bo, slug):
    path = f"/api/datasets/{slug}/shares"
    alma.send("PUT", path, terms(bo.slug))

    alma.send("PUT", path, terms(bo.slug, seen=0), expected=409)


def test_only_the_provider_agrees_and_only_members_see(alma, bo, carla, slug):
    path = f"/api/datasets/{slug}/shares"
    bo.send("PUT", path, terms(bo.slug), expected=403)
    alma.send("PUT", path, terms(bo.slug))

    carla.get(path, expected=404)


@pytest.mark.parametrize(
    "wrong",
    [
        {"portion": 10_001},
        {"portion": -1},
        {"way": "luck"},
        {"way": "table"},
        {"way": "columns"},
        {"members": [{"party": "nobody-knows-it"}]},
    ],
)
def test_terms_that_cannot_be_divided_by_are_refused(alma, bo, slug, wrong):
    alma.send("PUT", f"/api/datasets/{slug}/shares", terms(bo.slug) | wrong, expected=422)


def test_a_provider_is_no_member_of_its_own(alma, slug):
    alma.send("PUT", f"/api/datasets/{slug}/shares", terms(alma.slug), expected=422)


def test_nobody_named_ends_the_sharing(alma, bo, slug):
    path = f"/api/datasets/{slug}/shares"
    alma.send("PUT", path, terms(bo.slug))
    alma.send("PUT", path, terms())

    assert bo.get("/api/billing/earnings")["agreements"] == []


def test_what_the_log_says_of_terms_confirms_no_guess(parts, alma, bo, slug, facts):
    path = f"/api/datasets/{slug}/shares"
    dataset = alma.send("PUT", path, terms(bo.slug))["dataset"]
    alma.send("PUT", path, terms(bo.slug))

    with parts.db.begin() as tx:
        second, first = store.versions(tx, dataset)
    told = [fact["body"] for fact in facts(dataset) if fact["name"] == "shares-agreed"]

    # The exchange can show what was agreed; who guesses right without its secret cannot.
    assert {body["terms_hmac_sha256"] for body in told} == {
        keyed(parts.keys.secret, first),
        keyed(parts.keys.secret, second),
    }
    assert keyed(b"another secret", first) != keyed(parts.keys.secret, first)
    assert first.terms == second.terms
    assert keyed(parts.keys.secret, first) != keyed(parts.keys.secret, second)
