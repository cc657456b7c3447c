"""The log over HTTP: its hashes are for everybody, its facts for those they name."""

import json

import pytest
from starlette.testclient import TestClient

from torvet.audit import api, record, seal, verifier
from torvet.web import readers
from torvet.web.frame import new_app

from .conftest import ALMA, BO, CARLA, a_fact


@pytest.fixture
def asking(parts):
    """The log as somebody of the given parties sees it."""

    def client(*parties):
        app = new_app(parts)
        app.include_router(api.router)
        readers.install(app, lambda _request: frozenset(parties))
        return TestClient(app)

    return client


@pytest.fixture(scope="module", autouse=True)
def _a_log_of_two_steps(parts):
    for step in (range(3), range(3, 8)):
        with parts.db.begin() as tx:
            for number in step:
                record(tx, a_fact(number, secret=f"price-{number}", parties=(ALMA, BO)))
            record(tx, a_fact(100, name="sign-in-failed", parties=()))
        seal(parts)


def test_everybody_gets_checkpoint_and_key_and_they_fit(asking):
    with asking() as client:
        note = client.get("/api/log/checkpoint")
        key = client.get("/api/log/key")

    assert note.headers["content-type"].startswith("text/plain")
    report = verifier.verify_checkpoint(note.content, verifier.read_key(key.content))
    assert report["ok"]
    assert "10 facts" in report["said"]


def test_a_party_reads_the_facts_that_name_it(asking):
    with asking(BO) as client:
        page = client.get("/api/log/facts", params={"after": 1, "limit": 2}).json()

    mine, nobodys = page["items"]
    assert mine["fact"]["body"] == {"number": 2, "secret": "price-2"}
    assert (mine["name"], mine["subject"], mine["actor"]) == (
        "release-published",
        "ds_2",
        "ac_alma",
    )
    assert nobodys["fact"] is None
    assert (page["size"], page["next_after"]) == (10, 3)


def test_pages_end(asking):
    with asking(BO) as client:
        assert client.get("/api/log/facts", params={"after": 7}).json()["next_after"] is None
        beyond = client.get("/api/log/facts", params={"after": 2**53 - 1}).json()

    assert (beyond["items"], beyond["next_after"]) == ([], None)


@pytest.mark.parametrize("parties", [(), (CARLA,)])
def test_a_stranger_sees_hashes_and_not_one_word_of_a_fact(asking, parties):
    with asking(*parties) as client:
        answer = client.get("/api/log/facts")

    assert len(answer.json()["items"]) == 10
    for word in ("price", "release-published", "ac_alma", ALMA, BO, "ds_", "2026"):
        assert word not in answer.text
    for item in answer.json()["items"]:
        assert {name for name, value in item.items() if value is not None} == {
            "position",
            "leaf_hash",
        }


def test_a_receipt_verifies_and_a_strangers_is_not_found(asking):
    with asking(ALMA) as client:
        receipt = client.get("/api/log/facts/6/receipt")
        key = verifier.read_key(client.get("/api/log/key").content)
    with asking(CARLA) as client:
        strangers = client.get("/api/log/facts/6/receipt")
        beyond = client.get("/api/log/facts/600/receipt")

    assert verifier.verify_receipt(receipt.content, key)["ok"]
    assert strangers.status_code == beyond.status_code == 404
    theirs, nothing = strangers.json(), beyond.json()
    assert theirs["code"] == "fact-not-found"
    assert json.dumps(theirs).replace("6", "600") == json.dumps(nothing)


def test_growth_between_two_checkpoints_verifies(asking):
    with asking() as client:
        key = verifier.read_key(client.get("/api/log/key").content)
        answers = [
            client.get("/api/log/consistency", params=asked)
            for asked in ({"first": 4}, {"first": 0}, {"first": 4, "second": 4}, {"first": 10})
        ]

    for answer in answers:
        assert answer.status_code == 200
        report = verifier.verify_consistency(answer.content, key)
        assert report["ok"], report


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"first": 5}, 404, "checkpoint-not-found"),
        ({"first": 4, "second": 11}, 404, "checkpoint-not-found"),
        ({"first": 10, "second": 4}, 422, "checkpoints-turned"),
        ({"first": -1}, 422, "request-invalid"),
        ({"first": 2**70}, 422, "request-invalid"),
        ({}, 422, "request-invalid"),
    ],
)
def test_growth_that_was_never_signed_is_explained(asking, asked, status, code):
    with asking() as client:
        answer = client.get("/api/log/consistency", params=asked)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_application_that_knows_no_callers_shows_nothing(parts):
    app = new_app(parts)
    app.include_router(api.router)
    with TestClient(app) as client:
        assert "price" not in client.get("/api/log/facts").text


def test_a_log_that_holds_nothing_yet_is_signed_as_empty():
    empty = verifier.merkle.EMPTY_ROOT

    assert verifier.merkle.root_of_leaves([]) == empty
