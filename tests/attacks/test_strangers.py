"""Everybody tries every deed on what belongs to others, with ids that are right and ids that are not.

Each deed of the interface's own description is tried, so that a new one without an entry here
fails. A stranger who names an id of somebody else's hears exactly what they would hear of an id
that was never given: even that it exists is not told.
"""

import re

import pytest

from .town import HIDDEN, STRANGERS

REASON = {"reason": "because"}
BODIES = {
    ("post", "/api/datasets/{slug}/deliveries"): {"upload": "up_0", "mode": "replace"},
    ("patch", "/api/datasets/{slug}"): {"title": {"en": "Mine now"}, "version": 1},
    ("delete", "/api/datasets/{slug}"): None,
    ("put", "/api/datasets/{slug}/privacy"): {"treatment": "as-is", "roles": {}},
    ("post", "/api/datasets/{slug}/offers"): {"title": "Terms", "clauses": []},
    ("delete", "/api/offers/{offer_id}"): None,
    ("post", "/api/offers/{offer_id}/quote"): {"rows": 1},
    ("post", "/api/offers/{offer_id}/contracts"): {"purpose": "ResearchAndDevelopment"},
    ("post", "/api/contracts/{contract_id}/approval"): None,
    ("post", "/api/contracts/{contract_id}/refusal"): REASON,
    ("post", "/api/contracts/{contract_id}/revocation"): REASON,
    ("post", "/api/contracts/{contract_id}/ending"): REASON,
    ("post", "/api/contracts/{contract_id}/explanation"): {},
    ("post", "/api/contracts/{contract_id}/profile"): {},
    ("post", "/api/contracts/{contract_id}/answers"): {"question": {"measures": ["count"]}},
    ("post", "/api/contracts/{contract_id}/answers/estimate"): {
        "question": {"measures": ["count"]}
    },
    ("post", "/api/datasets/{slug}/maintenance"): {
        "begins_at": "2026-12-01T00:00:00Z",
        "ends_at": "2026-12-01T01:00:00Z",
        "words": "Mine",
    },
    ("delete", "/api/datasets/{slug}/maintenance/{maintenance_id}"): None,
    ("post", "/api/contracts/{contract_id}/questions"): {"title": "Hm", "words": "Is it mine?"},
    ("post", "/api/contracts/{contract_id}/questions/{question_id}/messages"): {"words": "No"},
    ("post", "/api/contracts/{contract_id}/questions/{question_id}/closing"): None,
    ("post", "/api/contracts/{contract_id}/disputes"): {"about": "service", "words": "Mine"},
    ("post", "/api/contracts/{contract_id}/deposit"): None,
    ("post", "/api/disputes/{dispute_id}/messages"): {"words": "Mine"},
    ("post", "/api/disputes/{dispute_id}/withdrawal"): None,
    ("post", "/api/disputes/{dispute_id}/decision"): {"outcome": "rejected", "reason": "Mine"},
    ("post", "/api/billing/held/{hold_id}/return"): {},
    ("patch", "/api/uploads/{upload_id}"): None,
    ("delete", "/api/uploads/{upload_id}"): None,
    ("post", "/api/organisations/{slug}/members"): {"email": "m@example.org", "role": "owner"},
    ("patch", "/api/organisations/{slug}/members/{account}"): {"role": "owner"},
    ("delete", "/api/organisations/{slug}/members/{account}"): None,
    ("delete", "/api/organisations/{slug}/invitations/{invitation}"): None,
    ("post", "/api/organisations/{slug}/service-accounts"): {"name": "Robot", "role": "reader"},
    ("post", "/api/tokens/{token_id}/rotate"): {},
    ("delete", "/api/tokens/{token_id}"): None,
}
SHARED_TABLE = "/sharing/shares/{share}/schemas/{schema}/tables/{table}"
BODIES |= {
    ("post", f"{SHARED_TABLE}/query"): {},
    ("post", f"{SHARED_TABLE}/queries/{{query_id}}"): {},
}
SEEN = {"seen": "0" * 64}
BODIES |= {
    ("delete", "/api/deliveries/{delivery}"): None,
    ("put", "/api/contracts/{contract_id}/cap"): {"cap": "1 DKK"},
    ("post", "/api/contracts/{contract_id}/duties/{kind}/done"): {"words": "Done"},
    ("post", "/api/contracts/{contract_id}/duties/{kind}/reopening"): REASON,
    ("post", "/api/contracts/{contract_id}/invoices"): None,
    ("post", "/api/contracts/{contract_id}/thanks"): {"words": "Thanks"},
    ("put", "/api/contracts/{contract_id}/review"): {
        "stars": {"quality": 1, "freshness": 1, "documentation": 1, "support": 1},
        "words": "Bad",
    },
    ("delete", "/api/contracts/{contract_id}/review"): None,
    ("post", "/api/contracts/{contract_id}/uses"): {
        "title": "Mine",
        "period_start": "2026-01-01",
        "period_end": "2026-02-01",
    },
    ("delete", "/api/reuse/uses/{use_id}"): None,
    ("put", "/api/reviews/{review_id}/answer"): {"words": "No"},
    ("post", "/api/reviews/{review_id}/hiding"): REASON,
    ("delete", "/api/reviews/{review_id}/hiding"): None,
    ("post", "/api/offers/{offer_id}/negotiations"): {
        "purpose": "ResearchAndDevelopment",
        "price": "1 DKK once",
    },
    ("post", "/api/negotiations/{negotiation_id}/rounds"): {**SEEN, "price": "2 DKK once"},
    ("post", "/api/negotiations/{negotiation_id}/agreement"): SEEN,
    ("post", "/api/negotiations/{negotiation_id}/ending"): REASON,
    ("put", "/api/datasets/{slug}/shares"): {"portion": 0},
    ("post", "/api/billing/bank/lines/{key}/decision"): {"decision": {"means": "cost"}},
    ("post", "/api/billing/invoices/{invoice_id}/card-payments"): None,
    ("post", "/api/billing/invoices/{invoice_id}/refunds"): REASON,
    ("post", "/api/invoices/{invoice_id}/credit-notes"): {**REASON, "key": "mine"},
    ("post", "/api/billing/payouts/{payout}/cancellation"): REASON,
    ("post", "/api/wanted/{request_id}/withdrawal"): {},
    ("post", "/api/wanted/{request_id}/join"): {},
    ("delete", "/api/wanted/{request_id}/join"): None,
    ("post", "/api/wanted/{request_id}/pledge"): {"amount": {"minor": 100, "currency": "DKK"}},
    ("delete", "/api/wanted/{request_id}/pledge"): None,
    ("post", "/api/wanted/{request_id}/answers"): {
        "words": "Here",
        "price": {"minor": 100, "currency": "DKK"},
        "deliver_by": "2027-01-01T00:00:00Z",
    },
    ("delete", "/api/wanted/{request_id}/answers/{answer_id}"): None,
    ("post", "/api/wanted/{request_id}/answers/{answer_id}/vote"): {"vote": "yes"},
    ("post", "/api/wanted/{request_id}/delivery"): {"dataset": "aabne-pladser"},
}
OPERATORS = {
    ("post", "/api/billing/bank/statements"): {},
    ("post", "/api/billing/charges"): None,
    ("post", "/api/billing/payouts/runs"): {},
    ("post", "/api/invoices/runs"): {"month": "2026-01"},
}
BODIES |= OPERATORS
ONES_OWN = {
    "/api/accounts", "/api/session", "/api/me/password", "/api/me/sessions", "/api/invitations",
    "/api/organisations", "/api/tokens", "/api/uploads", "/api/uploads/direct", "/api/datasets",
    "/api/action/{action}", "/api/3/action/{action}",
    "/api/wanted", "/api/billing/profile", "/api/billing/card-events",
}  # fmt: skip
"""Deeds that name nothing of anybody else's."""
HEADERS = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
STRANGER = ("carla", "dora", "nobody", "strangers share token")


def test_every_deed_is_tried(town):
    deeds = {
        (method, path)
        for path, methods in town.app.openapi()["paths"].items()
        for method in methods
        if method in {"post", "put", "patch", "delete"} and path not in ONES_OWN
    }

    assert deeds == set(BODIES)


@pytest.mark.parametrize("who", STRANGER)
@pytest.mark.parametrize(("method", "path"), BODIES, ids="{0[0]} {0[1]}".format)
def test_somebody_elses_id_is_answered_as_one_that_was_never_given(town, who, method, path):
    theirs, nobodys = ids_of(town)
    answers = [_tried(town.people[who], method, path, ids) for ids in (theirs, nobodys)]

    status, heard = answers[0]
    assert status in {401, 403, 404}, heard
    assert answers[0] == answers[1]


@pytest.mark.parametrize("who", STRANGER)
@pytest.mark.parametrize("path", ["/api/contracts/{contract_id}", "/api/contracts/{contract_id}/odrl",
    "/api/contracts/{contract_id}/rows", "/api/deliveries/{delivery}",
    "/api/deliveries/{delivery}/rejected", "/api/uploads/{upload_id}", "/api/datasets/{slug}",
    "/api/datasets/{slug}/offers", "/api/datasets/{slug}/deliveries",
    "/api/datasets/{slug}/releases/1/profile", "/api/datasets/{slug}/dcat", "/datasets/{slug}.ttl",
    "/datasets/{slug}", "/contracts/{contract_id}", "/api/offers/{offer_id}",
    "/api/organisations/{slug}/members", "/sharing/shares/{share}", f"{SHARED_TABLE}/metadata",
    f"{SHARED_TABLE}/changes?startingVersion=0"])  # fmt: skip
def test_a_look_at_what_is_somebody_elses_is_a_look_at_nothing(town, who, path):
    theirs, nobodys = ids_of(town)
    answers = [_tried(town.people[who], "get", path, ids) for ids in (theirs, nobodys)]

    assert answers[0][0] in {401, 403, 404}
    assert answers[0] == answers[1]


def test_a_public_dataset_is_seen_and_no_deed_on_it_is_a_strangers(town):
    """Here the dataset may be known, so the refusal may be one; but nothing is done."""
    before = town.people["alma"].ask("GET", "/api/datasets/aabne-pladser").json()
    for who in (*STRANGER, "bo", "share token"):
        for method, path in BODIES:
            if path.startswith("/api/datasets/{slug}"):
                ids = {"slug": "aabne-pladser"}
                assert _tried(town.people[who], method, path, ids)[0] in {401, 403, 404}

    assert town.people["alma"].ask("GET", "/api/datasets/aabne-pladser").json() == before


def test_a_consumer_does_no_deed_of_the_provider(town):
    contract = town.ids["contract_id"][0]
    answers = {
        deed: town.people["bo"].ask("POST", f"/api/contracts/{contract}/{deed}", json=REASON)
        for deed in ("approval", "refusal", "revocation")
    }

    assert {deed: answer.status_code for deed, answer in answers.items()} == {
        "approval": 403, "refusal": 403, "revocation": 403,
    }  # fmt: skip
    assert _contract(town)["stage"] == "agreed"


def test_a_share_token_opens_its_own_contract_and_no_other_door(town):
    """It may know what anyone may know, its contract, and who made it."""
    holder, bo = town.people["share token"], town.people["bo"]
    own, other = town.ids["contract_id"]

    assert holder.ask("GET", f"/api/contracts/{own}/rows").status_code == 200
    assert bo.ask("GET", f"/api/contracts/{other}/rows").status_code == 200
    assert holder.ask("GET", f"/api/contracts/{other}/rows").status_code == 404
    assert holder.ask("GET", f"/api/contracts/{other}").status_code == 404
    shares = holder.ask("GET", "/sharing/shares").json()["items"]
    assert [share["id"] for share in shares] == [own]
    for method, path in BODIES:
        if path.endswith(("/explanation", "/query")):
            continue  # asking and reading, which it is for
        ids = {**ids_of(town)[0], "slug": "aabne-pladser", "contract_id": own}
        assert _tried(holder, method, path, ids)[0] in {403, 404}, path
    for path in ("/api/tokens", "/api/organisations", "/api/datasets", "/api/uploads"):
        assert _tried(holder, "post", path, {}, _anything(path))[0] == 403, path
    for path in ("/api/contracts", "/api/tokens", "/api/usage"):
        assert holder.ask("GET", path).status_code == 403, path
    assert _contract(town)["stage"] == "agreed"


def test_a_share_token_sees_no_offer_that_only_its_party_may_see(town):
    """A profile file travels; the terms that a party negotiates do not travel with it."""
    for offer in town.ids["offer_id"][1:]:
        assert town.people["share token"].ask("GET", f"/api/offers/{offer}").status_code == 404
    hers = town.people["strangers share token"]
    assert hers.ask("GET", f"/api/offers/{town.ids['offer_id'][-1]}").status_code == 404
    assert hers.ask("GET", f"/api/datasets/{STRANGERS}-1/offers").status_code == 404


def test_a_token_for_a_contract_that_is_somebody_elses_opens_nothing(town):
    hers, contract = town.people["strangers share token"], town.ids["contract_id"][0]
    share = town.ids["share"][0]

    for path in (f"/api/contracts/{contract}", f"/api/contracts/{contract}/rows",
                 f"/sharing/shares/{share}", f"/sharing/shares/{share}/all-tables"):  # fmt: skip
        assert hers.ask("GET", path).status_code == 404
    assert hers.ask("GET", "/sharing/shares").json()["items"] == []


def _contract(town):
    return town.people["bo"].ask("GET", f"/api/contracts/{town.ids['contract_id'][0]}").json()


def ids_of(town):
    """Ids of others, and ids like them that were never given."""
    theirs = {name: ids[0] for name, ids in town.ids.items()}
    theirs |= {"slug": f"{HIDDEN}-1", "schema": town.people["alma"].party, "invitation": "in_0"}
    theirs |= {"table": "aabne-pladser", "upload_id": town.ids["upload_id"][1]}
    theirs |= {"token_id": town.ids["token_id"][1], "offer_id": town.ids["offer_id"][1]}
    nobodys = {name: _unlike(value) for name, value in theirs.items()}
    return theirs, nobodys | {"schema": theirs["schema"], "table": theirs["table"]}


def _unlike(value):
    return re.sub(r"[0-9a-z]{3}(-1)?$", "zzz", value)


def _anything(path):
    return {
        "/api/tokens": {"name": "t", "scopes": ["read"]},
        "/api/organisations": {"name": "Mine", "kind": "research", "cvr": "10150817"},
        "/api/datasets": {"slug": "mine", "title": {"en": "Mine"}},
        "/api/uploads": {"file_name": "a.csv", "bytes": 3},
    }[path]


def _tried(person, method, path, ids, body=None):
    """Return the status and what was said, without the ids that were asked for."""
    wish = body if body is not None else BODIES.get((method, path))
    names = re.findall(r"{(\w+)}", path)
    asked = {name: ids.get(name, "zzz") for name in names}
    more = {"json": wish} if wish is not None else {}
    if path.startswith("/api/uploads/{"):
        more["headers"] = HEADERS
    answer = person.ask(method.upper(), path.format(**asked), **more)
    heard = re.sub(r"share:ct_\w+", "share:<its own>", answer.text)
    for name in names:
        heard = heard.replace(asked[name], f"<{name}>")
    return answer.status_code, heard
