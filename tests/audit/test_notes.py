"""Checkpoints in the formats of C2SP, against the example of Go's own `sumdb/note`."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from torvet.audit import notes
from torvet.audit.notes import NoteInvalid, Statement, VerifierKey

# golang.org/x/mod/sumdb/note, example_test.go
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SECRET = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
SIGNING = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = VerifierKey.of("torvet.example/log", SIGNING)
STATEMENT = Statement(origin="torvet.example/log", size=7, root=bytes(range(32)))


def test_gos_own_note_opens_with_gos_own_key():
    key = VerifierKey.from_text(GO_KEY)

    assert notes.opened(GO_NOTE, key).startswith("If you think cryptography")
    assert str(key) == GO_KEY


def test_a_key_made_here_is_written_as_go_writes_it():
    private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(GO_SECRET)[1:])

    assert str(VerifierKey.of("PeterNeumann", private)) == GO_KEY


def test_a_checkpoint_is_three_lines_and_a_signature():
    note = notes.sign(STATEMENT, SIGNING)

    head, signature = note.split("\n\n")
    root = base64.b64encode(bytes(range(32))).decode()
    assert head == f"torvet.example/log\n7\n{root}"
    assert signature.startswith("— torvet.example/log ")
    assert notes.verify(note, KEY) == STATEMENT


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda note: note.replace("\n7\n", "\n8\n"), "the checkpoint was changed"),
        (lambda note: note.replace("— torvet", "— other"), "did not sign it"),
        (lambda note: note.replace("\n\n", "\n"), "no signed note"),
        (lambda note: note[:-6] + "!!\n", "no base64"),
        (lambda note: note + "x" * notes.NOTE_BYTES_MAX, "far too long"),
        (lambda _: "", "no signed note"),
    ],
)
def test_a_note_that_was_touched_is_refused_with_the_reason(change, says):
    with pytest.raises(NoteInvalid, match=says):
        notes.verify(change(notes.sign(STATEMENT, SIGNING)), KEY)


def test_another_key_of_the_same_name_is_not_taken_for_ours():
    impostor = Ed25519PrivateKey.from_private_bytes(bytes(32))

    with pytest.raises(NoteInvalid, match="did not sign it"):
        notes.verify(notes.sign(STATEMENT, impostor), KEY)


@pytest.mark.parametrize(
    "text",
    ["", "log\n", "log\n-1\n" + "A" * 43 + "=\n", "log\n07\n" + "A" * 43 + "=\n", "log\n7\nAAAA\n"],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(NoteInvalid, match="no checkpoint"):
        Statement.from_text(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not of the form"),
        ("name+00000000+AQ==", "not of the form"),
        (GO_KEY.replace("c74f20a3", "c74f20a4"), "id does not fit"),
        (GO_KEY.replace("+AR", "+BR"), "another kind"),
    ],
)
def test_what_is_no_key_is_refused(text, says):
    with pytest.raises(NoteInvalid, match=says):
        VerifierKey.from_text(text)
