"""What an outsider checks at home, with files and a key and without the exchange."""

import base64
import json
import socket

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from torvet.audit import log_key, merkle, newest_checkpoint, notes, record, seal, service, verifier
from torvet.audit.notes import Statement, VerifierKey
from torvet.audit.papers import consistency_json, key_json, receipt_json

from .conftest import ALMA, a_fact


@pytest.fixture(scope="module")
def grown(parts):
    """A log that was sealed at 40 facts and at 100."""
    for step in (40, 60):
        with parts.db.begin() as tx:
            for number in range(step):
                record(tx, a_fact(number))
        seal(parts)
    return parts


@pytest.fixture
def key(grown):
    return log_key(grown)


@pytest.fixture
def receipt(grown):
    return receipt_json(service.receipt(grown, 17, frozenset({ALMA})))


@pytest.fixture
def growth(grown):
    return consistency_json(service.consistency(grown, 40, 100))


@pytest.fixture
def taken(tmp_path, key, receipt, growth):
    """The files as they were taken home."""

    def path(name, content):
        file = tmp_path / name
        file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return file

    path("key.json", key_json(key))
    path("receipt.json", receipt)
    path("growth.json", growth)
    path("checkpoint.txt", growth["second"])
    return path


def as_bytes(paper):
    return json.dumps(paper).encode()


def test_files_taken_home_are_verified_without_any_connection(tmp_path, taken, monkeypatch):
    def no_network(*_args, **_kwargs):
        raise AssertionError("the verifier works offline")

    monkeypatch.setattr(socket, "socket", no_network)
    files = [tmp_path / name for name in ("receipt.json", "growth.json", "checkpoint.txt")]

    report = verifier.verify_files(files, tmp_path / "key.json")

    assert report["ok"], report
    receipt, growth, checkpoint = (file["said"] for file in report["files"])
    assert "the fact stands at position 17 of the 100 facts" in receipt
    assert "the log grew from 40 to 100 facts" in growth
    assert "signed a log of 100 facts" in checkpoint


def test_the_key_may_be_one_line(tmp_path, taken, key):
    file = taken("key.txt", f"{key}\n")

    assert verifier.verify_files([tmp_path / "receipt.json"], file)["ok"]


@pytest.mark.parametrize(
    ("change", "step", "says"),
    [
        (lambda it: it["fact"]["body"].update(number=18), "fact", "the fact was changed"),
        (lambda it: it["fact"].update(at="2026-06-02T12:00:00.000000Z"), "fact", "was changed"),
        (lambda it: it["fact"]["parties"].append("pt_eve"), "fact", "was changed"),
        (lambda it: it["fact"]["body"].update(number=1.5), "fact", "a float"),
        (lambda it: it.update(position=18), "inclusion", "another root"),
        (lambda it: it.update(position=100), "inclusion", "beyond the 100 facts"),
        (lambda it: it.update(position=-1), "inclusion", "beyond the 100 facts"),
        (lambda it: it.update(position=True), "receipt", "no whole number"),
        (lambda it: it["proof"].pop(), "inclusion", "too few steps"),
        (lambda it: it["proof"].append(it["proof"][0]), "inclusion", "too many steps"),
        (lambda it: it["proof"].reverse(), "inclusion", "another root"),
        (lambda it: it["proof"].__setitem__(0, "AAAA"), "receipt", "no hash"),
        (lambda it: it.update(proof="AAAA"), "receipt", "no list"),
        (lambda it: it.update(proof=[it["proof"][0]] * 1000), "receipt", "no list"),
        (lambda it: it.pop("checkpoint"), "receipt", "has no 'checkpoint'"),
        (
            lambda it: it.update(checkpoint=it["checkpoint"].replace("\n100\n", "\n101\n")),
            "signature",
            "the checkpoint was changed",
        ),
        (lambda it: it.update(checkpoint="trust me"), "signature", "no signed note"),
    ],
)
def test_a_receipt_that_was_touched_names_the_step_that_failed(key, receipt, change, step, says):
    change(receipt)

    report = verifier.verify_receipt(as_bytes(receipt), key)

    assert not report["ok"]
    assert report["steps"][-1]["step"] == step
    assert says in report["said"]


def test_a_fact_changed_together_with_its_stated_hash_does_not_fit_the_proof(key, receipt):
    receipt["fact"]["body"]["number"] = 18
    forged = service.Leaf.from_bytes(as_bytes(receipt["fact"])).to_bytes()
    receipt["leaf_hash"] = merkle.leaf_hash(forged).hex()

    report = verifier.verify_receipt(as_bytes(receipt), key)

    assert report["said"] == (
        "inclusion: fact and proof lead to another root than the checkpoint's"
    )


def test_a_field_named_twice_is_refused(key, receipt):
    twice = json.dumps(receipt).replace('"fact": {', '"fact": {"name": "something nicer", ')

    report = verifier.verify_receipt(twice.encode(), key)

    assert "named twice" in report["said"]


def test_a_log_signed_by_somebody_else_is_not_believed(key, receipt, grown):
    impostor = Ed25519PrivateKey.from_private_bytes(bytes(32))
    statement = notes.read(receipt["checkpoint"])
    receipt["checkpoint"] = notes.sign(statement, impostor)

    report = verifier.verify_receipt(as_bytes(receipt), key)

    assert report["said"] == f"signature: the key of {key.name} did not sign it"


@pytest.mark.parametrize(
    ("change", "step", "says"),
    [
        (lambda it: it["proof"].pop(), "consistency", "too few steps"),
        (lambda it: it["proof"].reverse(), "consistency", "does not lead to"),
        (lambda it: it.update(proof=[]), "consistency", "proof is empty"),
        (
            lambda it: it.update(first=it["second"], second=it["first"]),
            "consistency",
            "cannot have grown",
        ),
        (lambda it: it.update(first="no"), "first signature", "no signed note"),
        (lambda it: it.update(second="no"), "second signature", "no signed note"),
    ],
)
def test_a_growth_that_was_touched_names_the_step_that_failed(key, growth, change, step, says):
    change(growth)

    report = verifier.verify_consistency(as_bytes(growth), key)

    assert not report["ok"]
    assert report["steps"][-1]["step"] == step
    assert says in report["said"]


def test_a_log_that_shows_two_histories_is_found_out(tmp_path, taken, grown, key):
    forked = Statement(origin=key.name, size=100, root=bytes(32))
    taken("forked.txt", notes.sign(forked, grown.keys.signing))

    report = verifier.verify_files(
        [tmp_path / "receipt.json", tmp_path / "forked.txt"], tmp_path / "key.json"
    )

    assert not report["ok"]
    assert [file["ok"] for file in report["files"]] == [True, True, False]
    assert "different people different histories" in report["files"][-1]["said"]


def test_a_checkpoint_of_another_log_is_refused(grown, key):
    other = Statement(origin="elsewhere/log", size=1, root=bytes(32))
    note = notes.sign(other, grown.keys.signing).replace("— elsewhere/log", f"— {key.name}")

    assert "did not sign it" in verifier.verify_checkpoint(note.encode(), key)["said"]


def test_without_a_key_nothing_is_proven(tmp_path, taken):
    report = verifier.verify_files([tmp_path / "receipt.json"], None)

    assert not report["ok"]
    assert "no key is given" in report["files"][0]["said"]


def test_no_file_is_no_proof(tmp_path, taken):
    assert not verifier.verify_files([], tmp_path / "key.json")["ok"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no signed note"),
        ("{}", "no signed note"),
        ("[" * 60_000, "no signed note"),
        ('{"kind": "torvet-receipt/1", "proof": []}', "has no 'position'"),
        ("x" * (verifier.FILE_BYTES_MAX + 1), "larger than any receipt"),
    ],
)
def test_whatever_stands_in_a_file_is_reported_and_not_raised(tmp_path, taken, content, says):
    report = verifier.verify_files([taken("odd.json", content)], tmp_path / "key.json")

    assert not report["ok"]
    assert says in report["files"][0]["said"]


def test_a_missing_file_and_a_key_that_is_none_are_reported(tmp_path, taken):
    receipt = tmp_path / "receipt.json"

    missing = verifier.verify_files([tmp_path / "nowhere.json"], tmp_path / "key.json")
    no_key = verifier.verify_files([receipt], receipt)

    assert "No such file" in missing["files"][0]["said"]
    assert no_key["files"][0]["said"].startswith("key: ")


def test_the_signed_size_and_root_are_those_of_the_log(grown):
    newest = newest_checkpoint(grown)
    key = VerifierKey.of(newest.origin, grown.keys.signing)

    signed = notes.verify(newest.note, key)

    assert (signed.size, base64.b64encode(signed.root).decode()) == (
        100,
        newest.note.split("\n")[2],
    )
